import {
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { getMetadataStorage } from 'type-graphql';

type Resolve = GraphQLFieldResolver<unknown, unknown>;
type Method = (...params: unknown[]) => unknown;

/**
 * Takes the library out of the way of what is resolved for each object of a list. A field that is nothing but a property
 * gets no resolver, and says that it reads the column of its name; a resolver of ours that takes only the object and the
 * context is called as it is.
 */
export function withDirectFields(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const ofFields = methodsByField();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type) || roots.includes(type)) continue;
    for (const [name, field] of Object.entries(type.getFields())) {
      const method = ofFields.get(keyOf(type, name));
      if (!method) {
        field.resolve = undefined;
        field.extensions = { ...field.extensions, reads: [name] };
      } else if (method.direct) field.resolve = method.direct;
    }
  }
  return schema;
}

const keyOf = ({ name }: Pick<GraphQLObjectType, 'name'>, field: string) => `${name}.${field}`;

/** The methods that resolve fields, each with how it is called directly, if it can be. */
function methodsByField(): Map<string, { direct: Resolve | null }> {
  const { objectTypes, fieldResolvers } = getMetadataStorage();
  const nameOf = new Map<unknown, string>(objectTypes.map(({ target, name }) => [target, name]));
  return new Map(
    fieldResolvers.map(({ getObjectType, target, schemaName, methodName, params = [], kind }) => {
      const name = nameOf.get(getObjectType?.() ?? target) ?? '';
      const kinds = params.toSorted((a, b) => a.index - b.index).map((param) => param.kind);
      const isPlain = params.every((param) => !('propertyName' in param && param.propertyName));
      const Resolver = target as new () => Record<string, Method>;
      const direct = kind === 'external' && isPlain ? directly(new Resolver(), methodName, kinds.join()) : null;
      return [keyOf({ name }, schemaName), { direct }] as const;
    }),
  );
}

function directly(resolver: Record<string, Method>, name: string, kinds: string): Resolve | null {
  const method = resolver[name]?.bind(resolver) as Method;
  if (kinds === 'root') return (root) => method(root);
  if (kinds === 'root,context') return (root, _args, context) => method(root, context);
  return null;
}
