import { describe, expect, it } from '@jest/globals';
import {
  type GraphQLError,
  type GraphQLInputType,
  getNamedType,
  isInputObjectType,
  isInputType,
  OperationTypeNode,
  parse,
  validate,
} from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { toldMessage } from '../../src/server/told-message.js';

const schema = buildGuardedSchema();
const MARKER = 'hunter2-and-more';
/** Wrong for one kind of type or another. */
const VALUES = [MARKER, [MARKER], { nothing: MARKER }, `" at "x.y"; ${MARKER}`, `${MARKER}\n; value: x`];
const names = Object.values(schema.getTypeMap())
  .filter((type) => isInputType(type) && !type.name.startsWith('__'))
  .map(({ name }) => name);

/** What is said of a value that is given for a variable of a type. */
function aboutVariable(type: string, value: unknown): GraphQLError[] {
  const [definition] = parse(`query ($v: ${type}) { __typename }`).definitions;
  if (definition?.kind !== 'OperationDefinition') throw new Error('That is no operation.');
  return [...(getVariableValues(schema, definition.variableDefinitions ?? [], { v: value }).errors ?? [])];
}

const fieldsOf = (type: unknown): string[] =>
  isInputObjectType(type) ? Object.values(type.getFields()).map(({ name }) => name) : [];

it.each(names)('nothing that is given for a variable of %s is told back', (name) => {
  const fields = fieldsOf(schema.getType(name));
  const given = [...VALUES, ...fields.flatMap((field) => VALUES.map((value) => ({ [field]: value })))];
  for (const value of given)
    for (const error of aboutVariable(name, value)) expect(toldMessage(error)).not.toContain(MARKER);
});

it('nothing that is written into a document is told back', () => {
  const told: string[] = [];
  for (const kind of Object.values(OperationTypeNode)) {
    for (const field of Object.values(schema.getRootType(kind)?.getFields() ?? {})) {
      for (const { name, type } of field.args) {
        for (const literal of literalsFor(type))
          told.push(...validate(schema, parse(`${kind} { ${field.name}(${name}: ${literal}) }`)).map(toldMessage));
      }
    }
  }
  expect(told.length).toBeGreaterThan(500);
  expect(told.filter((text) => text.includes(MARKER))).toEqual([]);
});

/** Wrong as they are, and in each field of an input. */
const literalsFor = (type: GraphQLInputType): string[] => [
  `"${MARKER}"`,
  `["${MARKER}"]`,
  `{ nothing: "${MARKER}" }`,
  ...fieldsOf(getNamedType(type)).map((name) => `{ ${name}: "${MARKER}" }`),
];

it.each([`{ a ("${MARKER}") }`, `{ a(b: "x") """${MARKER}""" }`, `query "${MARKER}" { a }`])(
  'nor where it is no GraphQL: %s',
  (text) => {
    const parsed = () => parse(text);
    expect(parsed).toThrow(MARKER);
    try {
      parsed();
    } catch (error) {
      expect(toldMessage(error as GraphQLError)).toMatch(/^Syntax Error: [^:]*String\.$/);
    }
  },
);

describe('what is told says what is wrong, and where', () => {
  it.each<[string, unknown, string]>([
    ['GrantFollowInput', { label: [1] }, 'an invalid value at "v.label"; String cannot represent a non string value.'],
    [
      'GrantFollowInput',
      { lable: 'x' },
      'an invalid value; Field "lable" is not defined by type "GrantFollowInput". Did you mean "label"?',
    ],
    [
      '[Scope!]',
      ['TASK_READ'],
      'an invalid value at "v[0]"; The value does not exist in "Scope" enum. Did you mean the enum value "TASKS_READ"?',
    ],
    ['FoundCompanyInput', {}, 'an invalid value; Field "name" of required type "String!" was not provided.'],
    ['DateTimeISO', MARKER, 'an invalid value; DateTime cannot represent this value.'],
  ])('of %s', (type, value, told) => {
    expect(aboutVariable(type, value).map(toldMessage)).toEqual([`Variable "$v" got ${told}`]);
  });
});
