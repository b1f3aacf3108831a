import {
  type GraphQLArgument,
  type GraphQLField,
  GraphQLID,
  type GraphQLInputField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  isUnionType,
} from 'graphql';

/** Texts that stand for a place in something: sealed, but given by the client all the same. */
const CURSORS = new Set(['after', 'before', 'cursor', 'minCursor']);

/** Every place of the schema that takes an id or a cursor: arguments, and the fields of input objects below them. */
export function idPlaces(schema: GraphQLSchema): string[] {
  return fieldsOf(schema).flatMap(({ path, field }) =>
    field.args.flatMap((arg) => placesBelow(arg, `${path}.${arg.name}`, [])),
  );
}

/** A filter holds filters: each is entered once more inside itself, so that both depths are met. */
function placesBelow(input: GraphQLArgument | GraphQLInputField, path: string, outer: string[]): string[] {
  const type = getNamedType(input.type);
  if (type === GraphQLID || CURSORS.has(input.name)) return [path];
  if (!isInputObjectType(type) || outer.filter((name) => name === type.name).length > 1) return [];
  return Object.values(type.getFields()).flatMap((field) =>
    placesBelow(field, `${path}.${field.name}`, [...outer, type.name]),
  );
}

/** Every field of an object that leads to another object with an id. Pages and payloads only carry what lists and mutations give. */
export function relations(schema: GraphQLSchema): string[] {
  return fieldsOf(schema)
    .filter(({ type, field }) => !isRoot(schema, type) && !isCarrier(type) && !isMany(field) && hasId(field))
    .map(({ path }) => path);
}

/** Every field that answers a list of objects, or a page of one. */
export function lists(schema: GraphQLSchema): string[] {
  return fieldsOf(schema)
    .filter(({ type, field }) => !isCarrier(type) && isMany(field))
    .map(({ path }) => path);
}

/** Every type that `node` answers. */
export function nodeTypes(schema: GraphQLSchema): string[] {
  return objectTypes(schema).flatMap((type) =>
    type.getInterfaces().some(({ name }) => name === 'Node') ? [type.name] : [],
  );
}

interface Place {
  path: string;
  type: GraphQLObjectType;
  field: GraphQLField<unknown, unknown>;
}

const objectTypes = (schema: GraphQLSchema) =>
  Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
  );

const fieldsOf = (schema: GraphQLSchema): Place[] =>
  objectTypes(schema).flatMap((type) =>
    Object.values(type.getFields()).map((field) => ({ path: `${type.name}.${field.name}`, type, field })),
  );

const isRoot = (schema: GraphQLSchema, type: GraphQLObjectType) =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(type);

const isConnection = (type: unknown) => isObjectType(type) && type.getFields().pageInfo !== undefined;
const isEdge = (type: GraphQLObjectType) => Boolean(type.getFields().node && type.getFields().cursor);
const isPayload = (type: GraphQLObjectType) => type.getFields().userErrors !== undefined;
const isCarrier = (type: GraphQLObjectType) => isConnection(type) || isEdge(type) || isPayload(type);

function isMany(field: GraphQLField<unknown, unknown>): boolean {
  const type = getNamedType(field.type);
  return isConnection(type) || (isListType(getNullableType(field.type)) && isCompositeType(type));
}

function hasId(field: GraphQLField<unknown, unknown>): boolean {
  const type = getNamedType(field.type);
  if (isUnionType(type)) return true;
  return (isObjectType(type) || isInterfaceType(type)) && type.getFields().id !== undefined;
}
