import { getDirective, MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isIntrospectionType,
} from 'graphql';
import type { Reason } from '../errors/reasons.js';
import { forbidden, unauthenticated } from '../errors.js';
import type { Entry, RequiredRole } from './directives.js';
import { hasScope, type Scope } from './scopes.js';
import { expectStorable } from './storable.js';

/** What the guards need to know about who asks; the context of every operation carries it as `viewer`. */
export interface AccessSubject {
  kind: Entry | 'NOBODY';
  role?: RequiredRole | 'MEMBER';
  /** Of an API key. */
  scopes?: readonly Scope[];
}
interface GuardedContext {
  viewer: AccessSubject;
}
/** Throws for who is not let through. */
type Guard = (viewer: AccessSubject) => unknown;
type Field = GraphQLFieldConfig<unknown, GuardedContext>;

/**
 * Puts the guards that the directives name before `resolve` and `subscribe` of every field, and before those of root
 * fields a look at the arguments.
 * Throws when a root field has no `@allow`, is open to members or followers without `@tenant`, or to API keys without
 * `@scope`.
 */
export function guardSchema(schema: GraphQLSchema): GraphQLSchema {
  const unguarded: string[] = [];
  const guarded = mapSchema(schema, {
    [MapperKind.ROOT_FIELD]: (field: Field, name, typeName) => {
      const guards = rootGuards(schema, field);
      if (!guards) unguarded.push(`${typeName}.${name}`);
      return withGuards(field, guards ?? [], expectStorable);
    },
    [MapperKind.OBJECT_FIELD]: (field: Field, name, typeName) => {
      const type = schema.getType(typeName);
      const isRoot = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(
        type as never,
      );
      if (isRoot || !type || isIntrospectionType(type)) return undefined;
      const path = `${typeName}.${name}`;
      const guards = new Map<AccessSubject['kind'], Guard>();
      const scope = getDirective(schema, type, 'scope')?.[0];
      if (!scope) guards.set('INTEGRATION', () => refuse('CLOSED_TO_KEYS', `${path} is not open to API keys.`));
      else if (scope.is) guards.set('INTEGRATION', (viewer) => expectScope(viewer, scope.is));
      if (!getDirective(schema, field, 'publicFace'))
        guards.set('FOLLOWER', () => refuse('NOT_PUBLIC', `${path} is not part of the public face.`));
      if (guards.size === 0) return undefined;
      const guarded = withGuards(field, [(viewer) => guards.get(viewer.kind)?.(viewer)]);
      const opening: Opening = { resolve: (field.resolve ?? null) as Opening['resolve'], guards };
      return { ...guarded, extensions: { ...field.extensions, opening } };
    },
  });
  if (unguarded.length > 0) {
    throw new Error(
      `Root fields need @allow, @tenant where members or followers enter, @scope where API keys do: ${unguarded.join(', ')}`,
    );
  }
  return guarded;
}

/** How a field of an object is resolved for those of whom nothing is asked, and of which kinds something is. */
interface Opening {
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | null;
  readonly guards: ReadonlyMap<AccessSubject['kind'], Guard>;
}

/**
 * How a field is resolved for viewers of one kind; null stands for the property of its name. A guard that lets all of the
 * kind pass is left out.
 */
export function resolverFor(
  { resolve, extensions }: Pick<GraphQLField<unknown, unknown>, 'resolve' | 'extensions'>,
  kind: AccessSubject['kind'],
): GraphQLFieldResolver<unknown, unknown> | null {
  const opening = extensions.opening as Opening | undefined;
  const found = opening && !opening.guards.has(kind) ? opening.resolve : resolve;
  return found && found !== defaultFieldResolver ? found : null;
}

function rootGuards(schema: GraphQLSchema, field: Field): Guard[] | null {
  const entries = getDirective(schema, field, 'allow')?.[0]?.entry as Entry[] | undefined;
  const tenant = getDirective(schema, field, 'tenant') !== undefined;
  const role = getDirective(schema, field, 'hasRole')?.[0]?.role as RequiredRole | undefined;
  const scope = getDirective(schema, field, 'scope')?.[0] as { is?: Scope } | undefined;
  if (!entries || entries.length === 0 || tenant === entries.includes('USER')) return null;
  if (entries.includes('INTEGRATION') !== Boolean(scope)) return null;
  const guards: Guard[] = [(viewer) => expectEntry(viewer, entries)];
  if (role) guards.push((viewer) => viewer.kind === 'INTEGRATION' || expectRole(viewer, role));
  const needed = scope?.is;
  if (needed) guards.push((viewer) => viewer.kind !== 'INTEGRATION' || expectScope(viewer, needed));
  return guards;
}

/** What `@allow` asks for. Throws UNAUTHENTICATED for who has shown nothing, FORBIDDEN for who came in by another way. */
export function expectEntry(viewer: AccessSubject, entries: readonly Entry[]): void {
  if (viewer.kind === 'NOBODY') throw unauthenticated('NO_CREDENTIAL');
  if (entries.includes(viewer.kind)) return;
  if (viewer.kind === 'USER' && entries.includes('MEMBER')) {
    throw forbidden('COMPANY_REQUIRED', 'Name one of your companies in the header X-Company-Id.');
  }
  throw forbidden('ENTRY_NOT_ALLOWED', 'This is not open to the way by which you came in.');
}

/** What `@hasRole` asks for. Throws FORBIDDEN. */
export function expectRole(viewer: AccessSubject, role: RequiredRole): void {
  if (viewer.role === 'ADMIN' || viewer.role === role) return;
  throw forbidden('ROLE_REQUIRED', `This asks for the role ${role}.`);
}

/** What `@scope` asks of an API key. Throws FORBIDDEN. */
function expectScope({ scopes = [] }: AccessSubject, scope: Scope): void {
  if (!hasScope(scopes, scope)) refuse('SCOPE_REQUIRED', `This asks for the scope ${scope}.`);
}

function refuse(reason: Reason<'FORBIDDEN'>, message: string): never {
  throw forbidden(reason, message);
}

function withGuards(field: Field, guards: readonly Guard[], checkArgs: (args: object) => void = () => {}): Field {
  const wrap =
    (inner: GraphQLFieldResolver<unknown, GuardedContext>): GraphQLFieldResolver<unknown, GuardedContext> =>
    (source, args, context, info) => {
      for (const guard of guards) guard(context.viewer);
      checkArgs(args);
      return inner(source, args, context, info);
    };
  return {
    ...field,
    resolve: wrap(field.resolve ?? defaultFieldResolver),
    ...(field.subscribe && { subscribe: wrap(field.subscribe) }),
  };
}
