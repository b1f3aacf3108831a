// What a schema says of its own future: "Use `solver`; removed after 2027-01-31."
import { isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType } from 'graphql';

/** Where the schema is kept, and compared with what was there before. */
export const SCHEMA_FILE = 'src/schema/schema.graphql';

/** Every deprecated place by its path, such as `Task.solver` or `Query.tasks.first`. */
export function deprecationsOf(schema) {
  const deprecated = membersOf(schema).filter(({ member }) => member.deprecationReason != null);
  return new Map(deprecated.map(({ path, member }) => [path, readReason(member.deprecationReason)]));
}

/** The paths of all that can be deprecated. */
export const pathsOf = (schema) => new Set(membersOf(schema).map(({ path }) => path));

function readReason(reason) {
  const [, day = null] = /\bremoved after (\d{4}-\d\d-\d\d)\b/.exec(reason) ?? [];
  return {
    reason,
    /** A path, or a name that stands beside the deprecated one. */
    replacement: /\bUse `([A-Za-z]\w*(?:\.\w+)*)`/.exec(reason)?.[1] ?? null,
    /** The last day on which it is there for sure. */
    removedAfter: day !== null && isDay(day) ? day : null,
  };
}

const isDay = (day) => {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && dayOf(time) === day;
};

/** A point in time as the day that it lies in. */
export const dayOf = (time) => new Date(time).toISOString().slice(0, 10);

/** Fields, their arguments, fields of inputs and values of enums. */
function membersOf(schema) {
  const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
  return types.flatMap((type) => {
    if (isEnumType(type)) return type.getValues().map((member) => ({ path: `${type.name}.${member.name}`, member }));
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return [];
    return Object.values(type.getFields()).flatMap((member) => {
      const path = `${type.name}.${member.name}`;
      const args = (member.args ?? []).map((arg) => ({ path: `${path}.${arg.name}`, member: arg }));
      return [{ path, member }, ...args];
    });
  });
}
