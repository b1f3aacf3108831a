import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  valueFromAST,
} from 'graphql';
import { isIterableObject } from 'graphql/jsutils/isIterableObject.js';
import { isObjectLike } from 'graphql/jsutils/isObjectLike.js';

type Coerce = (value: unknown) => unknown;
type Values = Record<string, unknown>;

/** Thrown by what cannot be coerced: what is wrong with it is for graphql-js to say. */
const UNFIT = Symbol('a value that does not fit its type');

const unfit = (): never => {
  throw UNFIT;
};

/**
 * How the variables of an operation are coerced, as the GraphQL specification says (6.1.2): made once. It answers what
 * `getVariableValues` of graphql-js would, and null where that has errors to tell.
 */
export function coercionOf(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): (inputs: Readonly<Values>) => Values | null {
  const variables = variableDefinitions.map((definition) => {
    const type = typeFromAST(schema, definition.type);
    const name = definition.variable.name.value;
    if (!type || !isInputType(type)) return { name, coerce: unfit, absent: unfit };
    const { defaultValue } = definition;
    const absent = defaultValue ? () => valueFromAST(defaultValue, type) : isNonNullType(type) ? unfit : null;
    return { name, coerce: coerceTo(type), absent };
  });
  return (inputs) => {
    try {
      const coerced: Values = {};
      for (const { name, coerce, absent } of variables) {
        if (Object.hasOwn(inputs, name)) put(coerced, name, coerce(inputs[name]));
        else if (absent) put(coerced, name, absent());
      }
      return coerced;
    } catch {
      // A scalar throws errors of its own.
      return null;
    }
  };
}

/** A variable may have any name, also the one by which objects have what they inherit. */
function put(values: Values, name: string, value: unknown): void {
  if (name !== '__proto__') values[name] = value;
  else Object.defineProperty(values, name, { value, enumerable: true, writable: true, configurable: true });
}

const known = new WeakMap<GraphQLInputType, Coerce>();

function coerceTo(type: GraphQLInputType): Coerce {
  const made = known.get(type) ?? (isNonNullType(type) ? nonNull(coerceTo(type.ofType)) : nullable(type));
  known.set(type, made);
  return made;
}

/** Nothing coerces a value to null that is none. */
const nonNull =
  (coerce: Coerce): Coerce =>
  (value) =>
    value == null ? unfit() : coerce(value);

function nullable(type: GraphQLInputType): Coerce {
  const coerce = coerceValue(type);
  return (value) => (value == null ? null : coerce(value));
}

function coerceValue(type: GraphQLInputType): Coerce {
  if (isListType(type)) {
    const coerceItem = coerceTo(type.ofType);
    return (value) => (isIterableObject(value) ? Array.from(value, coerceItem) : [coerceItem(value)]);
  }
  if (isInputObjectType(type)) return coerceObject(type);
  if (!isLeafType(type)) return unfit;
  return (value) => {
    const parsed = type.parseValue(value);
    return parsed === undefined ? unfit() : parsed;
  };
}

function coerceObject(type: GraphQLInputObjectType): Coerce {
  const fields = type.getFields();
  // An input may have fields of its own type: they are asked for when the first value comes.
  let coercions: [name: string, coerce: Coerce, absent: (() => unknown) | null][] | undefined;
  return (value) => {
    if (!isObjectLike(value) || Array.isArray(value)) return unfit();
    coercions ??= Object.values(fields).map(({ name, type, defaultValue }) => {
      if (defaultValue !== undefined) return [name, coerceTo(type), () => defaultValue];
      return [name, coerceTo(type), isNonNullType(type) ? unfit : null];
    });
    const given = value as Values;
    const coerced: Values = {};
    for (const [name, coerce, absent] of coercions) {
      if (given[name] !== undefined) coerced[name] = coerce(given[name]);
      else if (absent) coerced[name] = absent();
    }
    for (const name of Object.keys(given)) if (!fields[name]) return unfit();
    if (type.isOneOf && !isOne(coerced)) return unfit();
    return coerced;
  };
}

function isOne(coerced: Values): boolean {
  const values = Object.values(coerced);
  return values.length === 1 && values[0] !== null;
}
