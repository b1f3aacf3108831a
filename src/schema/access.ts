import { getDirective, MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isIntrospectionType,
} from 'graphql';
import { forbidden, unauthenticated } from '../errors.js';
import type { Entry, RequiredRole } from './directives.js';
import { expectStorable } from './storable.js';

/** What the guards need to know about who asks; the context of every operation carries it as `viewer`. */
export interface AccessSubject {
  kind: Entry | 'NOBODY';
  role?: RequiredRole | 'MEMBER';
}
interface GuardedContext {
  viewer: AccessSubject;
}
type Guard = (viewer: AccessSubject) => void;
type Field = GraphQLFieldConfig<unknown, GuardedContext>;

/**
 * Puts the guards that the directives name before `resolve` and `subscribe` of every field, and before those of root
 * fields a look at the arguments.
 * Throws when a root field has no `@allow`, or is open to members or followers without `@tenant`.
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
      if (isRoot || !type || isIntrospectionType(type) || getDirective(schema, field, 'publicFace')) return undefined;
      const guarded = withGuards(field, [(viewer) => refuseFollower(viewer, `${typeName}.${name}`)]);
      return { ...guarded, extensions: { ...field.extensions, unguarded: field.resolve ?? null } };
    },
  });
  if (unguarded.length > 0) {
    throw new Error(`Root fields need @allow, and @tenant where members or followers enter: ${unguarded.join(', ')}`);
  }
  return guarded;
}

/**
 * How a field is resolved for viewers of one kind; null stands for the property of its name. A guard that lets all of the
 * kind pass is left out.
 */
export function resolverFor(
  { resolve, extensions }: Pick<GraphQLField<unknown, unknown>, 'resolve' | 'extensions'>,
  kind: AccessSubject['kind'],
): GraphQLFieldResolver<unknown, unknown> | null {
  const isOpen = kind !== 'FOLLOWER' && 'unguarded' in extensions;
  const found = isOpen ? (extensions.unguarded as typeof resolve) : resolve;
  return found && found !== defaultFieldResolver ? found : null;
}

function rootGuards(schema: GraphQLSchema, field: Field): Guard[] | null {
  const entries = getDirective(schema, field, 'allow')?.[0]?.entry as Entry[] | undefined;
  const tenant = getDirective(schema, field, 'tenant') !== undefined;
  const role = getDirective(schema, field, 'hasRole')?.[0]?.role as RequiredRole | undefined;
  if (!entries || entries.length === 0 || tenant === entries.includes('USER')) return null;
  const guards: Guard[] = [(viewer) => expectEntry(viewer, entries)];
  if (role) guards.push((viewer) => expectRole(viewer, role));
  return guards;
}

/** What `@allow` asks for. Throws UNAUTHENTICATED for who has shown nothing, FORBIDDEN for who came in by another way. */
export function expectEntry(viewer: AccessSubject, entries: readonly Entry[]): void {
  if (viewer.kind === 'NOBODY') throw unauthenticated('NO_CREDENTIAL');
  if (entries.includes(viewer.kind)) return;
  if (viewer.kind === 'USER' && entries.includes('MEMBER')) {
    throw forbidden('COMPANY_REQUIRED', 'Name one of your companies in the header X-Company-Id.');
  }
  throw forbidden('ENTRY_NOT_ALLOWED', `This is not open to a ${viewer.kind.toLowerCase()}.`);
}

/** What `@hasRole` asks for. Throws FORBIDDEN. */
export function expectRole(viewer: AccessSubject, role: RequiredRole): void {
  if (viewer.role === 'ADMIN' || viewer.role === role) return;
  throw forbidden('ROLE_REQUIRED', `This asks for the role ${role}.`);
}

function refuseFollower(viewer: AccessSubject, field: string): void {
  if (viewer.kind === 'FOLLOWER') throw forbidden('NOT_PUBLIC', `${field} is not part of the public face.`);
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
