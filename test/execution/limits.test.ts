import { describe, expect, it } from '@jest/globals';
import type { GraphQLError } from 'graphql';
import { Documents } from '../../src/execution/documents.js';
import { excessOfVariables, LIMITS } from '../../src/execution/limits.js';
import type { Operation } from '../../src/execution/operation.js';
import { createLogger } from '../../src/log.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { createErrorFormat } from '../../src/server/error-format.js';

const schema = buildGuardedSchema();
const MOST_MS = 10;
/** As long a text as can be, in a document. */
const MOST = LIMITS.length - 100;

const times = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i)).join(' ');
const nested = (count: number, open: string, close: string, inner: string) =>
  `${open.repeat(count)}${inner}${close.repeat(count)}`;

/** Documents that nobody honest sends, each within a body's limit. */
const CORPUS: Record<string, string> = {
  'one field many times': `{ viewer { user { ${'id '.repeat(2_900)} } } }`,
  'fields merged at every level': `{ ${times(10, () => `viewer { ${times(10, () => `user { ${'id '.repeat(20)} }`)} }`)} }`,
  'many aliases': `{ ${times(900, (i) => `a${i}: viewer { user { id } }`)} }`,
  'many aliases of one list': `{ ${times(400, (i) => `a${i}: members(first: 100) { nodes { id } }`)} }`,
  'one alias for other arguments': `{ ${times(300, (i) => `a: members(first: ${i + 1}) { nodes { id } }`)} }`,
  'levels of selections': nested(1_400, '{ viewer ', '}', '{ user { id } }'),
  'levels of inline fragments': `{ viewer { user ${nested(700, '{ ... on User ', '}', '{ id }')} } }`,
  'fragments that double': `{ viewer { user { ...f0 } } } ${times(40, (i) => `fragment f${i} on User { ...f${i + 1} ...f${i + 1} }`)} fragment f40 on User { id }`,
  'fragments that double, with fields': `{ viewer { user { ...f0 } } } ${times(40, (i) => `fragment f${i} on User { id ...f${i + 1} a${i}: id ...f${i + 1} }`)} fragment f40 on User { id }`,
  'fragments in a circle': `{ viewer { user { ...f0 } } } ${times(40, (i) => `fragment f${i} on User { ...f${(i + 1) % 40} }`)}`,
  'fragments that nobody uses': `{ viewer { user { id } } } ${times(300, (i) => `fragment f${i} on User { id }`)}`,
  'fragments with one field each': `{ viewer { user { ${times(49, (i) => `...f${i}`)} } } } ${times(49, (i) => `fragment f${i} on User { ${'id '.repeat(20)} }`)}`,
  directives: `{ viewer { user { id ${'@skip(if: false) '.repeat(400)} } } }`,
  'unknown directives': `{ viewer { user { id ${times(900, (i) => `@d${i}`)} } } }`,
  operations: times(500, (i) => `query q${i} { viewer { user { id } } }`),
  variables: `query (${times(600, (i) => `$v${i}: Int`)}) { viewer { user { id } } }`,
  'unknown fields': `{ ${times(900, (i) => `viewr${i} { usr }`)} }`,
  'unknown fields that are nearly one': `{ ${times(1_400, (i) => `tasksProjctStats${i}`)} }`,
  'unknown arguments': `{ ${times(9, () => `members(${times(200, (i) => `frst${i}: 1`)}) { nodes { id } }`)} }`,
  'lists in lists': `{ tasks(projectId: "x", first: 1, filter: ${nested(900, '[', ']', '')}) { nodes { id } } }`,
  'objects in objects': `{ tasks(projectId: "x", first: 1, filter: ${nested(700, '{ not: ', '}', '{}')}) { nodes { id } } }`,
  'a wide object': `{ tasks(projectId: "x", first: 1, filter: { or: [${times(700, () => '{ number: { eq: 1 } },')}] }) { nodes { id } } }`,
  'an argument many times': `{ viewer(${'x: 1 '.repeat(990)}) { user { id } } }`,
  'faults behind lines': `${'\n'.repeat(LIMITS.lines - 1)}{ ${times(30, (i) => `tsk${i}(${'x: 1 '.repeat(LIMITS.arguments)})`)} }`,
  'fields of an input many times, behind lines': `${'\n'.repeat(LIMITS.lines - 1)}{ tasks(projectId: "x", first: 1, filter: { ${'number: {} '.repeat(LIMITS.objectFields)} }) { nodes { id } } }`,
  'more lines': `${'\n'.repeat(MOST)}{ ${times(30, (i) => `tsk${i}`)} }`,
  'a type': `enum A { ${times(2_900, (i) => `v${i}`)} }`,
  'a long name': `{ ${'a'.repeat(MOST)} }`,
  'a long text': `{ task(id: "${'a'.repeat(MOST)}") { id } }`,
  'an endless text': `{ task(id: "${'a'.repeat(1_000_000)}") { id } }`,
  'a block text': `{ task(id: """${' \n'.repeat(MOST / 2)}""") { id } }`,
  'white space': `{ viewer { user { id } } }${' '.repeat(1_000_000)}`,
  commas: `{ viewer ${','.repeat(MOST)} { user { id } } }`,
  comments: `${'#\n'.repeat(MOST / 2)} { viewer { user { id } } }`,
  'the schema in circles': `{ __schema { types { fields { type ${nested(300, '{ fields { type ', '} }', '{ name }')} } } } }`,
  'brackets that do not close': '{ viewer '.repeat(1_400),
  'no GraphQL': ')'.repeat(MOST),
};

const MOST_TRIES = 200;

const format = createErrorFormat(createLogger('silent'));
const told = (errors: readonly GraphQLError[]) => JSON.stringify(errors.map(format));

/** The shortest of some tries, of more where all were too long, so that what else the machine does is not counted. */
function costOf(act: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5 || (best >= MOST_MS && i < MOST_TRIES); i += 1) {
    const startedAt = performance.now();
    act();
    best = Math.min(best, performance.now() - startedAt);
  }
  return best;
}

describe('a hostile document costs less than ten milliseconds', () => {
  it.each(Object.entries(CORPUS))('%s', (_what, text) => {
    const cost = costOf(() => {
      const documents = new Documents(schema, false);
      documents.excessOf(text);
      const found = documents.find(text);
      if ('length' in found) told(found);
    });
    expect(cost).toBeLessThan(MOST_MS);
  });
});

describe('hostile variables cost less than ten milliseconds', () => {
  const entries = (count: number, value: unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));
  const list = (count: number, value: unknown) => new Array(count).fill(value);
  const MANY = LIMITS.variableValues - 1;

  it.each<[string, unknown]>([
    ['fields that there are not', entries(MANY, 1)],
    ['conditions without any', { or: list(Math.floor(MANY / 5) - 2, {}) }],
    ['values of another kind', { number: { in: list(MANY - 2, 'x') } }],
    ['texts', { title: { in: list(MANY - 2, 'x'.repeat(400)) } }],
    ['lists that nobody asks for', list(MANY - 2, [])],
    ['objects in one another', JSON.parse(nested(100, '{ "not": ', '}', '{}'))],
  ])('%s', (_what, filter) => {
    const text = 'query ($f: TaskFilter) { tasks(projectId: "x", first: 1, filter: $f) { nodes { id } } }';
    const operation = new Documents(schema, false).find(text) as Operation;
    const cost = costOf(() => {
      const coerced = operation.coerce({ f: filter });
      if ('errors' in coerced) expect(told(coerced.errors).length).toBeLessThan(2_000);
      else operation.cost('MEMBER', coerced.variables);
    });
    expect(cost).toBeLessThan(MOST_MS);
  });
});

describe('the limits', () => {
  const documents = new Documents(schema, true);
  const isRefused = (text: string) => documents.excessOf(text) !== null;

  it.each<[keyof typeof LIMITS, (count: number) => string]>([
    ['depth', (count) => nested(count, '{ a ', '}', '').replace(/ a (?=\})/, ' a')],
    ['operations', (count) => times(count, (i) => `query q${i} { a }`)],
    ['rootFields', (count) => `{ ${times(count, (i) => `f${i}`)} }`],
    ['aliases', (count) => `{ a { ${times(count, (i) => `a${i}: b`)} } }`],
    ['directives', (count) => `{ a ${'@d '.repeat(count)} }`],
    ['fragments', (count) => `{ a } ${times(count, (i) => `fragment f${i} on A { a }`)}`],
    ['variables', (count) => `query (${times(count, (i) => `$v${i}: Int`)}) { a }`],
    ['lines', (count) => `${'\n'.repeat(count - 1)}{ a }`],
    ['arguments', (count) => `{ a(${times(count, (i) => `b${i}: 1`)}) }`],
    ['arguments', (count) => `{ a @d(${times(count, (i) => `b${i}: 1`)}) }`],
    ['objectFields', (count) => `{ a(b: { ${times(count, (i) => `c${i}: 1`)} }) }`],
    ['values', (count) => `{ a(b: [${'1 '.repeat(count - 1)}]) }`],
    ['valueDepth', (count) => `{ a(b: ${nested(count, '[', ']', '')}) }`],
    ['sameName', (count) => `{ a { ${'b '.repeat(count)} } }`],
    ['sameName', (count) => `{ ${'... { a } '.repeat(count)} }`],
    ['sameName', (count) => `{ ${times(count, () => '...f')} } fragment f on A { a }`],
  ])('let through as many %s as they say, and no more', (limit, make) => {
    expect([isRefused(make(LIMITS[limit])), isRefused(make(LIMITS[limit] + 1))]).toEqual([false, true]);
  });

  it('let through as many values of variables as they say, and no more', () => {
    const isTooMuch = (count: number) => excessOfVariables({ a: new Array(count - 1).fill([]) }) !== null;
    expect([isTooMuch(LIMITS.variableValues), isTooMuch(LIMITS.variableValues + 1)]).toEqual([false, true]);
  });

  it('leave the names that are GraphQL’s own alone', () => {
    expect(isRefused('{ __proto__: viewer { user { id } } }')).toBe(true);
    expect(isRefused('{ __typename }')).toBe(false);
  });
});

describe('what a client is told of a schema that is not shown', () => {
  it('is no suggestion', () => {
    const told = (introspection: boolean) =>
      JSON.stringify(new Documents(schema, introspection).find('{ viewr { user { id } } }'));
    expect(told(true)).toContain('Did you mean');
    expect(told(false)).not.toContain('Did you mean');
    expect(told(false)).toContain('Cannot query field');
  });
});
