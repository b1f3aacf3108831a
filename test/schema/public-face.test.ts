import { getDirective } from '@graphql-tools/utils';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isCompositeType,
  isObjectType,
  isRequiredArgument,
  type OperationTypeNode,
} from 'graphql';
import { addComment } from '../../src/domain/comments.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { ask, type Caller, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { World } from '../harness/world.js';

const real = buildGuardedSchema();
const rootFields = [real.getQueryType(), real.getMutationType(), real.getSubscriptionType()].flatMap((type) =>
  type ? Object.values(type.getFields()).map((field) => ({ type, field })) : [],
);

/** All that an anonymous follower may see. A field more is a decision to be written here. */
const PUBLIC_FACE: Record<string, string[]> = {
  AddFollowerCommentPayload: ['comment', 'cursor', 'userErrors'],
  UserError: ['code', 'field', 'message'],
  Follow: ['canComment', 'expiresAt', 'id', 'objectKind', 'project', 'task'],
  ProjectFace: ['key', 'name', 'progressPercent', 'publicStatus'],
  Task: ['comments', 'dueOn', 'id', 'number', 'priority', 'progressPercent', 'publicStatus', 'startOn', 'title'],
  Comment: ['body', 'createdAt', 'followerName', 'id', 'number'],
  CommentConnection: ['edges', 'nodes', 'pageInfo'],
  CommentEdge: ['cursor', 'node'],
  PageInfo: ['endCursor', 'hasNextPage', 'hasPreviousPage', 'startCursor'],
  RateLimit: ['limit', 'remaining', 'resetAt'],
  FollowedChange: ['cursor', 'kind', 'project', 'task'],
};

interface Reached {
  type: GraphQLObjectType;
  /** The document around a selection of the type's fields, and the keys that lead to them. */
  around: (selection: string) => string;
  operation: OperationTypeNode;
}

/** Every object type that a follower comes to from the root fields open to followers, by the fields of the public face. */
function reachableByFollowers(): Reached[] {
  const reached = new Map<string, Reached>();
  const reach = (type: GraphQLObjectType, around: Reached['around'], operation: Reached['operation']) => {
    if (reached.has(type.name)) return;
    reached.set(type.name, { type, around, operation });
    for (const field of Object.values(type.getFields())) {
      const next = getNamedType(field.type);
      if (isObjectType(next) && isPublic(field))
        reach(next, (inner) => around(`${call(field)} { ${inner} }`), operation);
    }
  };
  for (const { type, field } of rootFields) {
    const entries: string[] = getDirective(real, field, 'allow')?.[0]?.entry ?? [];
    const next = getNamedType(field.type);
    const operation = type.name.toLowerCase() as OperationTypeNode;
    if (entries.includes('FOLLOWER') && isObjectType(next))
      reach(next, (inner) => `${operation} { ${call(field)} { ${inner} } }`, operation);
  }
  return [...reached.values()];
}

const isPublic = (field: GraphQLField<unknown, unknown>) => getDirective(real, field, 'publicFace') !== undefined;

/** The field with what it must be given; of arguments, a follower meets page sizes and what they write. */
function call(field: GraphQLField<unknown, unknown>): string {
  const required = field.args.filter(isRequiredArgument).map((arg) => arg.name);
  if (field.args.some(({ name }) => name === 'first')) return `${field.name}(first: 1)`;
  if (required.length === 0) return field.name;
  // Without a text it is refused, so that there are user errors to be shown.
  if (field.name === 'addFollowerComment') return 'addFollowerComment(input: { body: " ", name: "N" })';
  throw new Error(`Tell this test how to call ${field.name}(${required.join(', ')}).`);
}

const reachable = reachableByFollowers();
const fieldsOf = (isMarked: boolean) =>
  reachable.flatMap(({ type, around, operation }) =>
    Object.values(type.getFields())
      .filter((field) => isPublic(field) === isMarked)
      .map((field) => {
        const selection = `${call(field)}${isCompositeType(getNamedType(field.type)) ? ' { __typename }' : ''}`;
        return [`${type.name}.${field.name}`, { name: field.name, document: around(selection), operation }] as const;
      }),
  );

describe('the public face', () => {
  let cluster: Cluster;
  let caller: Caller;
  /** Follows a project: a follow shows one object. */
  let ofProject: Caller;
  beforeAll(async () => {
    cluster = await startCluster();
    const world = await World.found(cluster.parts, cluster.issuer);
    const project = await world.project();
    const task = await world.task(project);
    ({ caller: ofProject } = await world.follower(project));
    await addComment(cluster.parts, world.admin.viewer, task.id, 'A public word', 'PUBLIC');
    ({ caller } = await world.follower(task, { canComment: true }));
  });
  afterAll(() => cluster?.stop());

  it('is what was decided, no field more', () => {
    const face = Object.fromEntries(
      reachable.map(({ type }) => [
        type.name,
        Object.values(type.getFields())
          .filter(isPublic)
          .map(({ name }) => name)
          .toSorted(),
      ]),
    );
    expect(face).toEqual(PUBLIC_FACE);
  });

  it.each(fieldsOf(true))('serves %s to a follower', async (_coordinate, { name, document, operation }) => {
    const value = operation === 'subscription' ? await streamed(document) : await queried(document);
    expect(findKey(value, name)).toBe(true);
  });

  it.each(fieldsOf(false))('refuses %s to a follower, by name', async (coordinate, { document, operation }) => {
    const { errors } =
      operation === 'subscription' ? { errors: await failure(document) } : await ask(cluster.first, caller, document);
    expect(errors.map(({ message, extensions }) => [extensions?.code, extensions?.reason, message])).toEqual([
      ['FORBIDDEN', 'NOT_PUBLIC', expect.stringContaining(coordinate)],
    ]);
  });

  async function queried(document: string): Promise<unknown> {
    const isOfProject = /\bproject \{/.test(document);
    const { data, errors } = await ask(cluster.first, isOfProject ? ofProject : caller, document);
    expect(errors).toEqual([]);
    return data;
  }

  async function streamed(document: string): Promise<unknown> {
    const stream = listen(cluster.first, caller, document);
    const ready = await stream.until(() => true);
    await stream.stop();
    return ready;
  }

  async function failure(document: string) {
    const stream = listen(cluster.first, caller, document);
    const errors = await stream.failed;
    await stream.stop();
    return errors;
  }
});

/** Whether the key is somewhere in the value. */
const findKey = (value: unknown, key: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Object.hasOwn(value, key) || Object.values(value).some((inner) => findKey(inner, key)));
