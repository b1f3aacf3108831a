import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, GraphQLScalarType, type OperationDefinitionNode, parse } from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import { coercionOf } from '../../src/execution/coerce.js';

const schema = buildSchema(`
  enum Colour { RED GREEN }
  scalar Even
  input Size { width: Int!, height: Int = 3, unit: String }
  input Choice @oneOf { id: ID, size: Size, colour: Colour }
  input Filter { and: [Filter!], not: Filter, name: String, colours: [Colour], size: Size, weight: Float, even: Even, choice: Choice, rows: [[Int!]!] }
  type Query { number: Int }
`);
const even = schema.getType('Even') as GraphQLScalarType;
even.parseValue = (value) => {
  if (typeof value !== 'number') throw new TypeError('no number');
  return value % 2 === 0 ? BigInt(value) : undefined;
};

const operationOf = (variables: string) =>
  parse(`query (${variables}) { number }`).definitions[0] as OperationDefinitionNode;

const types =
  'Int Int! String ID! Boolean Float Colour! Even Size Size! Choice Choice! Filter Filter! [Int] [Int!]! [[Colour]] [Filter!]'.split(
    ' ',
  );

/** What fits somewhere, and what fits nowhere. */
const leaf = fc.constantFrom<unknown>(
  null,
  undefined,
  0,
  1,
  2,
  3.5,
  -1,
  2 ** 40,
  '',
  'a',
  '7',
  'RED',
  'BLUE',
  true,
  Number.NaN,
);
const names = [
  'and',
  'not',
  'name',
  'colours',
  'size',
  'weight',
  'even',
  'choice',
  'rows',
  'width',
  'height',
  'unit',
  'id',
  'colour',
];
const values = fc.letrec<{ any: unknown; nest: unknown }>((tie) => ({
  any: fc.oneof({ depthSize: 'small', maxDepth: 4 }, leaf, tie('nest')),
  nest: fc.oneof(
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names, 'strange', 'constructor', '__proto__'), tie('any'), { maxKeys: 4 }),
    fc.record({ width: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ colours: fc.constant(['RED']), even: fc.constant(4), size: fc.constant({ width: 1 }) }),
  ),
})).any;

describe('the coercion of variables', () => {
  it('answers what graphql-js does, or leaves what is wrong to it', () => {
    let sound = 0;
    fc.assert(
      fc.property(fc.nat(types.length - 1), fc.boolean(), values, (at, isAbsent, value) => {
        const operation = operationOf(`$v: ${types[at]}, $d: Int = 4, $size: Size = { width: 7 }, $__proto__: String`);
        const inputs = JSON.parse('{ "__proto__": "own" }') as Record<string, unknown>;
        if (!isAbsent) inputs.v = value;
        const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], inputs);
        const found = coercionOf(schema, operation)(inputs);
        expect(found).toStrictEqual(coerced ?? null);
        if (found) sound += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(sound).toBeGreaterThan(500);
  });
});
