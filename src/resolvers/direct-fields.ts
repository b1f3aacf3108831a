import {
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { getMetadataStorage } from 'type-graphql';
import { validateArgument } from '../schema/validate.js';
import { inputOf } from './inputs.js';

type Resolve = GraphQLFieldResolver<unknown, unknown>;
type Params = Parameters<Resolve>;
type Method = (...params: unknown[]) => unknown;
type Storage = ReturnType<typeof getMetadataStorage>;
type Described = Storage['queries'][number] | Storage['fieldResolvers'][number];
type Param = NonNullable<Described['params']>[number];
/** What one parameter of a method is given, and whether a client has sent it. */
interface Take {
  readonly isSent: boolean;
  readonly from: (...params: Params) => unknown;
}

/**
 * Takes the library out of the way of what is resolved. A field that is nothing but a property gets no resolver, and says
 * that it reads the column of its name; a method of ours is called with what it takes. What a subscription has is the
 * library's matter: it is asked once for many.
 */
export function withDirectFields(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const ofFields = methodsByField(schema);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const [name, field] of Object.entries(type.getFields())) {
      const method = ofFields.get(keyOf(type, name));
      if (method?.direct) field.resolve = method.direct;
      else if (!method && !roots.includes(type)) {
        field.resolve = undefined;
        field.extensions = { ...field.extensions, reads: [name] };
      }
    }
  }
  return schema;
}

const keyOf = (type: Pick<GraphQLObjectType, 'name'> | null | undefined, field: string) => `${type?.name}.${field}`;

/** The methods that resolve fields, each with how it is called directly, if it can be. */
function methodsByField(schema: GraphQLSchema): Map<string, { direct: Resolve | null }> {
  const { objectTypes, fieldResolvers, queries, mutations } = getMetadataStorage();
  const nameOf = new Map<unknown, string>(objectTypes.map(({ target, name }) => [target, name]));
  const ofRoot = (type: GraphQLObjectType | null | undefined, methods: typeof queries) =>
    methods.map((method) => [keyOf(type, method.schemaName), { direct: directly(method) }] as const);
  return new Map([
    ...ofRoot(schema.getQueryType(), queries),
    ...ofRoot(schema.getMutationType(), mutations),
    ...fieldResolvers.map((method) => {
      const name = nameOf.get(method.getObjectType?.() ?? method.target) ?? '';
      const direct = method.kind === 'external' ? directly(method) : null;
      return [keyOf({ name }, method.schemaName), { direct }] as const;
    }),
  ]);
}

/** Null where the library has more to do than to call it. */
function directly({ target, methodName, params = [], middlewares = [], roles }: Described): Resolve | null {
  if (middlewares.length > 0 || roles) return null;
  const resolver = new (target as new () => Record<string, Method>)();
  const method = resolver[methodName]?.bind(resolver) as Method;
  const sorted = params.toSorted((a, b) => a.index - b.index);
  // What is asked for each object of a list takes these, and is called without a list made of them.
  const kinds = sorted.map((param) => ('propertyName' in param && param.propertyName ? '' : param.kind)).join();
  if (kinds === 'root') return (root) => method(root);
  if (kinds === 'root,context') return (root, _args, context) => method(root, context);
  const takes = sorted.map(takeOf);
  return takes.every((take) => take !== null) ? calling(method, takes) : null;
}

function takeOf(param: Param): Take | null {
  if ('propertyName' in param && param.propertyName) return null;
  if ('validateFn' in param && (param.validateFn || param.validateSettings !== undefined)) return null;
  const given = (from: Take['from']): Take => ({ isSent: false, from });
  switch (param.kind) {
    case 'root':
      return given((root) => root);
    case 'arg': {
      const { name } = param;
      const make = inputOf(param.getType());
      return { isSent: true, from: (_root, args) => make(args[name]) };
    }
    case 'args': {
      const make = inputOf(param.getType());
      return { isSent: true, from: (_root, args) => make(args) };
    }
    case 'context':
      return given((_root, _args, context) => context);
    case 'info':
      return given((_root, _args, _context, info) => info);
    default:
      return null;
  }
}

function calling(method: Method, takes: readonly Take[]): Resolve {
  return (...params) => {
    const values = takes.map(({ from }) => from(...params));
    const looks = values.flatMap((value, i) => (takes[i]?.isSent && validateArgument(value)) || []);
    return looks.length === 0 ? method(...values) : Promise.all(looks).then(() => method(...values));
  };
}
