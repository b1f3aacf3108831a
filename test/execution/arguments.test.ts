import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, type FieldNode, type OperationDefinitionNode, parse } from 'graphql';
import { getArgumentValues } from 'graphql/execution/values.js';
import { argsOf } from '../../src/execution/arguments.js';

const schema = buildSchema(`
  enum Colour { RED GREEN }
  input Size { width: Int! unit: String = "cm" inner: Size colours: [Colour!] }
  type Query {
    field(
      plain: Int
      needed: Int!
      usual: Int = 3
      sure: Int! = 4
      nothing: String = null
      size: Size
      sizes: [Size!]
      sureSize: Size! = { width: 1 }
      colour: Colour
    ): String
  }
`);
const field = schema.getQueryType()?.getFields().field;
if (!field) throw new Error('the schema has no such field');

const variable = fc.constantFrom('$a', '$b', '$none');
const number = fc.oneof(variable, fc.constantFrom('7', 'null', '"no number"'));
const size = fc.oneof(
  variable,
  fc.constantFrom('null', '{}', '{ width: 2 }', '{ width: "wide" }'),
  number.map((width) => `{ width: ${width}, inner: { width: $a, colours: [RED, $none] } }`),
);
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  plain: number,
  needed: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('5', '$a') }, { weight: 1, arbitrary: number }),
  usual: number,
  sure: number,
  nothing: fc.oneof(variable, fc.constantFrom('"text"', 'null', '4')),
  size,
  sizes: fc.oneof(
    size,
    fc.array(size, { maxLength: 2 }).map((items) => `[${items.join(' ')}]`),
  ),
  sureSize: size,
  colour: fc.oneof(variable, fc.constantFrom('RED', 'null', 'BLUE')),
};
const given = fc
  .subarray(Object.keys(VALUES))
  .chain((names) =>
    fc.tuple(...names.map((name) => (VALUES[name] as fc.Arbitrary<string>).map((value) => `${name}: ${value}`))),
  );
/** Nobody looks at coerced variables again: here they are of any type. `$none` is never given. */
const variables = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom<unknown>(8, null, 'RED', { width: 9 }));

const outcome = (work: () => unknown) => {
  try {
    return { value: work() };
  } catch (error) {
    return { error: String(error) };
  }
};

describe('the arguments of a field', () => {
  it('are what graphql-js makes of them, and wrong in its words', () => {
    let sound = 0;
    fc.assert(
      fc.property(given, fc.array(variables, { minLength: 1, maxLength: 3 }), (parts, sent) => {
        const text = `{ field${parts.length > 0 ? `(${parts.join(' ')})` : ''} }`;
        const [definition] = parse(text).definitions as [OperationDefinitionNode];
        const node = definition.selectionSet.selections[0] as FieldNode;
        const args = argsOf(field, node);
        for (const inputs of sent) {
          const found = outcome(() => args(inputs));
          expect(found).toStrictEqual(outcome(() => ({ ...getArgumentValues(field, node, inputs) })));
          if ('value' in found) sound += 1;
        }
      }),
      { numRuns: 5_000 },
    );
    expect(sound).toBeGreaterThan(500);
  });

  it.each(['needed: 1', 'needed: $a'])(
    'cannot be changed where all requests of a document share them: %s',
    (needed) => {
      const text = `{ field(${needed}, size: { width: 2, colours: [RED] }) }`;
      const [definition] = parse(text).definitions as [OperationDefinitionNode];
      const args = argsOf(field, definition.selectionSet.selections[0] as FieldNode);
      const { size } = args({ a: 1 }) as { size: { colours: string[] } };
      expect(args({ a: 2 }).size).toBe(size);
      expect(() => size.colours.push('GREEN')).toThrow(TypeError);
    },
  );
});
