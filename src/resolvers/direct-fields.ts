import { type GraphQLFieldResolver, type GraphQLSchema, isIntrospectionType, isObjectType } from 'graphql';
import { getMetadataStorage } from 'type-graphql';
import { validateArgument } from '../schema/validate.js';
import { inputOf } from './inputs.js';

type Resolve = GraphQLFieldResolver<unknown, unknown>;
type Method = (...params: unknown[]) => unknown;
type Storage = ReturnType<typeof getMetadataStorage>;
type Described = Storage['queries'][number] | Storage['fieldResolvers'][number];
type Param = NonNullable<Described['params']>[number];
/** What one parameter of a method is given. */
type Take = (...given: Parameters<Resolve>) => unknown;

/**
 * Takes the library out of the way of what is resolved. A field that is nothing but a property gets no resolver, and says
 * that it reads the column of its name; a method of ours is called with what it takes. What a subscription has is the
 * library's matter: it is asked once for many.
 */
export function withDirectFields(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const ofFields = methodsByField();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const [name, field] of Object.entries(type.getFields())) {
      const method = ofFields.get(keyOf(type.name, name));
      if (method?.direct) field.resolve = method.direct;
      else if (!method && !roots.includes(type)) {
        field.resolve = undefined;
        field.extensions = { ...field.extensions, reads: [name] };
      }
    }
  }
  return schema;
}

const keyOf = (type: string, field: string) => `${type}.${field}`;

/** The methods that resolve fields, each with how it is called directly, if it can be. */
function methodsByField(): Map<string, { direct: Resolve | null }> {
  const { objectTypes, fieldResolvers, queries, mutations } = getMetadataStorage();
  const nameOf = new Map<unknown, string>(objectTypes.map(({ target, name }) => [target, name]));
  const described = [
    ...queries.map((method) => ['Query', method] as const),
    ...mutations.map((method) => ['Mutation', method] as const),
    ...fieldResolvers.map((method) => [nameOf.get(method.getObjectType?.() ?? method.target) ?? '', method] as const),
  ];
  return new Map(
    described.map(([type, method]) => {
      const isOurs = !('kind' in method) || method.kind === 'external';
      return [keyOf(type, method.schemaName), { direct: isOurs ? directly(method) : null }] as const;
    }),
  );
}

/** Null where the library has more to do than to call it. */
function directly({ target, methodName, params = [], middlewares = [], roles }: Described): Resolve | null {
  if (middlewares.length > 0 || roles) return null;
  const resolver = new (target as new () => Record<string, Method>)();
  const method = resolver[methodName]?.bind(resolver) as Method;
  const sorted = params.toSorted((a, b) => a.index - b.index);
  const takes = sorted.map(takeOf);
  if (takes.includes(null)) return null;
  const kinds = sorted.map(({ kind }) => kind);
  // What is asked for each object of a list takes these, and is called without a list made of them.
  if (kinds.join() === 'root') return (root) => method(root);
  if (kinds.join() === 'root,context') return (root, _args, context) => method(root, context);
  const sent = kinds.flatMap((kind, i) => (kind === 'arg' || kind === 'args' ? [i] : []));
  return calling(method, takes as Take[], sent);
}

function takeOf(param: Param): Take | null {
  switch (param.kind) {
    case 'root':
      return param.propertyName ? null : (root) => root;
    case 'context':
      return param.propertyName ? null : (_root, _args, context) => context;
    case 'info':
      return (_root, _args, _context, info) => info;
    case 'arg':
    case 'args': {
      if (param.validateFn || param.validateSettings !== undefined) return null;
      const make = inputOf(param.getType());
      if (param.kind === 'args') return (_root, args) => make(args);
      const { name } = param;
      return (_root, args) => make(args[name]);
    }
    default:
      return null;
  }
}

/** `sent` are the places of what a client has sent: that is looked at before. */
function calling(method: Method, takes: readonly Take[], sent: readonly number[]): Resolve {
  return (...given) => {
    const values = takes.map((take) => take(...given));
    const looks = sent.flatMap((i) => validateArgument(values[i]) ?? []);
    return looks.length === 0 ? method(...values) : Promise.all(looks).then(() => method(...values));
  };
}
