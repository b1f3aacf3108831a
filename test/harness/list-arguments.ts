import {
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
} from 'graphql';

type Field = GraphQLField<unknown, unknown>;
export type Filter = Record<string, unknown>;

/** Every field that answers with a page of a list, by `Type.field`. */
export function listFields(schema: GraphQLSchema): Map<string, Field> {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  const fields = types.flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => getNamedType(field.type).name.endsWith('Connection'))
      .map((field) => [`${type.name}.${field.name}`, field] as const),
  );
  return new Map(fields);
}

/** Every order that a list knows; null for one that has only its own. */
export function ordersOf(field: Field): (Filter | null)[] {
  const type = argumentOf(field, 'orderBy');
  if (!type) return [null];
  const values = (name: string) => {
    const part = getNamedType(type.getFields()[name]?.type);
    if (!isEnumType(part)) throw new Error(`${type.name}.${name} is no list of words.`);
    return part.getValues().map((value) => value.name);
  };
  const directions = values('direction');
  return [null, ...values('field').flatMap((name) => directions.map((direction) => ({ field: name, direction })))];
}

/** Every condition that a list's filter can put on one field: each word, with each kind of value. */
export function conditionsOf(field: Field, sampleOf: (path: string, type: string) => unknown): Filter[] {
  const type = argumentOf(field, 'filter');
  if (!type) return [];
  return Object.values(type.getFields()).flatMap((part) => {
    const words = getNamedType(part.type);
    if (words === type) return [];
    if (!isInputObjectType(words)) throw new Error(`${type.name}.${part.name} has no words.`);
    return Object.values(words.getFields()).flatMap((word) =>
      samplesOf(word.type, (name) => sampleOf(part.name, name)).map((value) => ({
        [part.name]: { [word.name]: value },
      })),
    );
  });
}

/** The same conditions denied, and each joined with the next one by the filter's own words; without such, side by side. */
export function joined(field: Field, conditions: readonly Filter[]): Filter[] {
  const hasWords = argumentOf(field, 'filter')?.getFields().and !== undefined;
  return conditions.flatMap((one, i) => {
    const next = conditions[(i + 1) % conditions.length];
    return hasWords ? [{ not: one }, { and: [one, { not: next }] }, { or: [one, next] }] : [{ ...one, ...next }];
  });
}

function argumentOf({ args }: Field, name: string): GraphQLInputObjectType | null {
  const type = getNamedType(args.find((argument) => argument.name === name)?.type);
  return isInputObjectType(type) ? type : null;
}

/** The values to try for a type; of a list, one list of all. */
function samplesOf(type: GraphQLInputType, sampleOf: (type: string) => unknown): unknown[] {
  const bare = getNullableType(type);
  if (isListType(bare)) return [samplesOf(bare.ofType, sampleOf)];
  if (isEnumType(bare))
    return bare
      .getValues()
      .map(({ name }) => name)
      .slice(0, 2);
  const { name } = getNamedType(bare);
  return name === 'Boolean' ? [true, false] : [sampleOf(name)];
}
