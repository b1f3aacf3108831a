import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'graphql';
import type { Kysely } from 'kysely';
import { addComment } from '../../src/domain/comments.js';
import { savePersonalView } from '../../src/domain/personal.js';
import type { Project } from '../../src/entities/project.js';
import { operationOf } from '../../src/execution/operation.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { createContext } from '../../src/resolvers/context.js';
import { newId } from '../../src/schema/ids.js';
import { NodeDocument, NodesDocument } from '../generated/documents.js';
import { localSessions } from '../harness/audience.js';
import { ask, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
let person: Person;
let project: Project;
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member();
  project = await world.project();
  await world.grant(project, person, 'VIEW');
}, 30_000);
afterAll(() => cluster?.stop());

/** New objects of every kind that can be many, each seen by the person. */
async function many(count: number): Promise<string[][]> {
  const each = async (make: () => Promise<{ id: string }>) => {
    const ids: string[] = [];
    while (ids.length < count) ids.push((await make()).id);
    return ids;
  };
  const [task] = await each(() => world.task(project));
  return [
    await each(() => world.task(project)),
    await each(async () => (await addComment(cluster.parts, world.admin.viewer, task ?? '', 'A word')).result),
    await each(async () => (await world.member()).member),
    await each(() => world.project('EVERYONE')),
    await each(() => savePersonalView(cluster.parts, person.viewer.userId, { name: 'A view', filter: {} })),
  ];
}

const find = async (ids: string[]) => (await get(cluster.last, person.caller, NodesDocument, { ids })).nodes;

describe('nodes', () => {
  it('answers what node answers, for each id in its place, and null where that is NOT_FOUND', async () => {
    const hidden = await world.task(await world.project());
    const own = [world.companyId, person.viewer.userId, world.workspace.id];
    const none = [hidden.id, newId('task'), newId('permission'), world.admin.viewer.userId, 'x', ''];
    const ids = [...(await many(2)).flat(), ...own, ...none].sort((a, b) =>
      (a.at(-1) ?? '').localeCompare(b.at(-1) ?? ''),
    );
    const singly = ids.map((id) => ask(cluster.last, person.caller, NodeDocument, { id }));
    const answers = (await Promise.all(singly)).map(({ data, errors }) => errors[0]?.extensions.code ?? data.node);
    const nodes = await find(ids);
    expect(nodes.map((node) => node ?? 'NOT_FOUND')).toEqual(answers);
    expect(nodes.filter((node) => node === null)).toHaveLength(none.length);
  });

  it('answers an id as often as it is named', async () => {
    const { id } = await world.task(project);
    const node = { __typename: 'Task', id };
    expect(await find([id, project.id, id])).toEqual([node, { __typename: 'Project', id: project.id }, node]);
  });

  it.each([
    [0, null],
    [100, null],
    [101, 'NUMBER_OF_IDS'],
  ])('of %i ids: %s', async (count, reason) => {
    const ids = Array.from({ length: count }, () => project.id);
    const { data, errors } = await ask(cluster.last, person.caller, NodesDocument, { ids });
    expect(errors[0]?.extensions.reason ?? null).toBe(reason);
    if (reason === null) expect(data.nodes).toHaveLength(count);
  });

  it('reads all objects of a kind together', async () => {
    const { parts } = cluster;
    const operation = operationOf(buildGuardedSchema(), parse('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }'));
    const rateLimitOf = () => ({ limit: 1, remaining: 1, resetAt: new Date() });
    const settings = {
      parts,
      publicUrl: '',
      isFoundingOpen: false,
      sessions: localSessions(cluster.parts),
      refresh: async () => null,
      watchingOf: async () => 0,
      rateLimitOf,
    };
    const client = parts.orm.em.getConnection().getClient() as Kysely<unknown>;
    const statements = jest.spyOn(client, 'executeQuery');
    const countFor = async (ids: string[]) => {
      statements.mockClear();
      const answer = await operation?.run(undefined, createContext(settings, person.viewer), { ids });
      expect(answer).toEqual({ data: { nodes: ids.map((id) => ({ id })) } });
      return statements.mock.calls.length;
    };
    for (const ids of await many(7)) {
      const [one, all] = [await countFor(ids.slice(0, 1)), await countFor(ids)];
      expect(one).toBeGreaterThan(0);
      expect(all).toBe(one);
    }
    statements.mockRestore();
  });
});
