import {
  GraphQLBoolean,
  type GraphQLEnumType,
  GraphQLID,
  GraphQLInt,
  type GraphQLOutputType,
  GraphQLString,
  isEnumType,
  isNonNullType,
} from 'graphql';

type Leaf = (value: unknown) => unknown;

const OF_SCALARS = new Map<GraphQLOutputType, Leaf>([
  [GraphQLString, (value) => (typeof value === 'string' ? value : undefined)],
  [GraphQLID, (value) => (typeof value === 'string' ? value : undefined)],
  [GraphQLInt, (value) => (typeof value === 'number' && (value | 0) === value ? value : undefined)],
  [GraphQLBoolean, (value) => (typeof value === 'boolean' ? value : undefined)],
]);

/**
 * What is answered of a value that is what it has to be, as most are: a text, a number, one of an enum's. Undefined of all
 * others, for which there is `completionOf`; null for types whose values always take more.
 */
export function leafOf(type: GraphQLOutputType): Leaf | null {
  if (isNonNullType(type)) return leafOf(type.ofType);
  if (isEnumType(type)) return ofEnums.get(type) ?? leafOfEnum(type);
  return OF_SCALARS.get(type) ?? null;
}

const ofEnums = new WeakMap<GraphQLEnumType, Leaf>();

function leafOfEnum(type: GraphQLEnumType): Leaf {
  const names = new Map(type.getValues().map(({ name, value }) => [value, name]));
  // Nothing is no value of a field, whatever an enum says.
  names.delete(null);
  const leaf: Leaf = (value) => names.get(value);
  ofEnums.set(type, leaf);
  return leaf;
}
