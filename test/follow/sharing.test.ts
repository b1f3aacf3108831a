import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTask, moveTask, updateTask } from '../../src/domain/tasks.js';
import { updateMember } from '../../src/domain/update-member.js';
import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { ask, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

// Whom an administrator lets share a project, what they may with the follows that they grant, and what a project shows.

let cluster: Cluster;
let world: World;
let project: Project;
let task: Row<Task>;
let sharer: Person;
let reader: Person;
beforeAll(async () => {
  cluster = await startCluster({});
  world = await World.found(cluster.parts, cluster.issuer);
  project = await world.project();
  task = await world.task(project);
  [sharer, reader] = [await world.member(), await world.member()];
  await world.grant(project, sharer, 'VIEW', { canShare: true });
  await world.grant(project, reader, 'VIEW');
}, 60_000);
afterAll(() => cluster?.stop());

const GRANT = `mutation ($input: GrantFollowInput!) { grantFollow(input: $input) {
  userErrors { field code } secret follow { id label objectKind followers(first: 1) { nodes { id } } } } }`;
const FOLLOWS = '{ follows(first: 100) { nodes { id grantedBy { id } } } }';
const SET = `mutation ($input: SetProjectPermissionInput!) { setProjectPermission(input: $input) { userErrors { field code } } }`;

const run = (person: Person, query: string, variables = {}) => ask(cluster.last, person.caller, query, variables);
/** What somebody is told of a mutation: nothing where it was done, or why not. */
async function told(person: Person, query: string, variables: object): Promise<string | null> {
  const { data, errors } = await run(person, query, variables);
  const [error] = errors ?? [];
  if (error) return String(error.extensions?.reason ?? error.extensions?.code);
  const [answered] = Object.values((data ?? {}) as Record<string, { userErrors: { code: string }[] }>);
  return answered?.userErrors[0]?.code ?? null;
}
const granting = (person: Person, input: object) => told(person, GRANT, { input });
const sharing = (person: Person, memberId: string, more: object) =>
  told(person, SET, { input: { projectId: project.id, memberId, level: 'VIEW', ...more } });

describe('the right to share', () => {
  it('is given by an administrator, to an internal', async () => {
    const [manager, fellow, external] = [await world.member(), await world.member(), await world.external()];
    await world.grant(project, manager, 'MANAGE');
    expect(await sharing(manager, fellow.member.id, { canShare: true })).toBe('ROLE_REQUIRED');
    expect(await sharing(world.admin, external.member.id, { canShare: true })).toBe('EXTERNAL_SHARES');
    expect(await granting(fellow, { projectId: project.id })).toBe('NOT_VISIBLE_OR_ABSENT');
    expect(await sharing(world.admin, fellow.member.id, { canShare: true })).toBeNull();
    expect(await granting(fellow, { projectId: project.id })).toBeNull();
  });

  it('is left as it is by a manager who gives another level, who may also take it', async () => {
    const [manager, fellow] = [await world.member(), await world.member()];
    await world.grant(project, manager, 'MANAGE');
    await world.grant(project, fellow, 'VIEW', { canShare: true });
    expect(await sharing(manager, fellow.member.id, { level: 'EDIT' })).toBeNull();
    expect(await granting(fellow, { taskId: task.id })).toBeNull();
    expect(await sharing(manager, fellow.member.id, { canShare: false })).toBeNull();
    expect(await granting(fellow, { taskId: task.id })).toBe('SHARE_REQUIRED');
    expect(await sharing(manager, fellow.member.id, { canShare: true })).toBe('ROLE_REQUIRED');
  });

  it('opens that project and its public tasks, and nothing else', async () => {
    expect(await granting(sharer, { taskId: task.id })).toBeNull();
    expect(await granting(sharer, { projectId: project.id })).toBeNull();
    const inside = await world.task(project, { privacy: 'INTERNAL' });
    expect(await granting(sharer, { taskId: inside.id })).toBe('OBJECT_NOT_PUBLIC');
    const other = await world.project('INTERNAL');
    expect(await granting(sharer, { projectId: other.id })).toBe('SHARE_REQUIRED');
    expect(await granting(sharer, { taskId: (await world.task(other)).id })).toBe('SHARE_REQUIRED');
    const unseen = await world.project();
    expect(await granting(sharer, { projectId: unseen.id })).toBe('NOT_VISIBLE_OR_ABSENT');
    expect(await granting(reader, { projectId: project.id })).toBe('SHARE_REQUIRED');
  });

  it('is of no use to who becomes an external', async () => {
    const fellow = await world.member();
    await world.grant(project, fellow, 'VIEW', { canShare: true });
    const { id } = await world.follow(project, {}, fellow);
    await updateMember(cluster.parts, world.admin.viewer, fellow.member.id, { kind: 'EXTERNAL' });
    expect(await granting(fellow, { projectId: project.id })).toBe('SHARE_REQUIRED');
    expect((await get(cluster.last, fellow.caller, FOLLOWS)).follows.nodes).toEqual([]);
    const revoke = 'mutation ($id: ID!) { revokeFollow(input: { followId: $id }) { userErrors { code } } }';
    expect(await told(fellow, revoke, { id })).toBe('NOT_VISIBLE_OR_ABSENT');
  });

  it('asks for one of the two objects', async () => {
    expect(await granting(world.admin, {})).toBe('REQUIRED');
    expect(await granting(world.admin, { projectId: project.id, taskId: task.id })).toBe('REQUIRED');
    expect(await granting(world.admin, { projectId: project.id, canComment: true })).toBe('NO_COMMENTS');
  });
});

describe('who granted a follow', () => {
  const [REVOKE, END, NODE] = [
    'mutation ($id: ID!) { revokeFollow(input: { followId: $id }) { userErrors { code } follow { revokedAt } } }',
    'mutation ($id: ID!) { endFollower(input: { followerId: $id }) { userErrors { code } } }',
    'query ($id: ID!) { node(id: $id) { id } }',
  ];

  it('sees it among their own with its followers, and ends both; of others nothing', async () => {
    const own = await world.follower(task, {}, sharer);
    const others = await world.follower(task);
    const { nodes } = (await get(cluster.last, sharer.caller, FOLLOWS)).follows;
    expect(nodes.map(({ id }: { id: string }) => id)).toContain(own.follow.id);
    expect(new Set(nodes.map(({ grantedBy }: { grantedBy: { id: string } }) => grantedBy.id))).toEqual(
      new Set([sharer.member.id]),
    );
    for (const id of [own.follow.id, own.id])
      expect((await get(cluster.last, sharer.caller, NODE, { id })).node.id).toBe(id);
    for (const id of [others.follow.id, others.id])
      expect(await told(sharer, NODE, { id })).toBe('NOT_VISIBLE_OR_ABSENT');
    expect(await told(sharer, END, { id: others.id })).toBe('NOT_VISIBLE_OR_ABSENT');
    expect(await told(sharer, REVOKE, { id: others.follow.id })).toBe('NOT_VISIBLE_OR_ABSENT');
    expect(await told(sharer, END, { id: own.id })).toBeNull();
    expect(await told(sharer, REVOKE, { id: own.follow.id })).toBeNull();
    const { nodes: all } = (await get(cluster.last, world.admin.caller, FOLLOWS)).follows;
    expect(all.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining([own.follow.id, others.follow.id]));
  });

  it('ends all those of an object that are theirs, where an administrator ends all', async () => {
    const shared = await world.task(project);
    const [own, others] = [await world.follow(shared, {}, sharer), await world.follow(shared)];
    const END_ALL =
      'mutation ($input: EndFollowsInput!) { endFollows(input: $input) { follows { id } userErrors { code } } }';
    const ended = async (person: Person) =>
      (await get(cluster.last, person.caller, END_ALL, { input: { taskId: shared.id } })).endFollows.follows.map(
        ({ id }: { id: string }) => id,
      );
    expect(await ended(sharer)).toEqual([own.id]);
    expect(await ended(reader)).toEqual([]);
    expect(await ended(world.admin)).toEqual([others.id]);
  });
});

describe('a followed project', () => {
  const FACE = 'project { key name publicStatus progressPercent }';

  it('shows its name, its status and how many of its public tasks are closed', async () => {
    const shown = await world.project();
    const { caller } = await world.follow(shown, {});
    const look = async () =>
      (await get(cluster.last, caller, `{ followed { objectKind task { title } ${FACE} } }`)).followed;
    const face = { key: shown.key, name: shown.name, publicStatus: 'OPEN' };
    expect(await look()).toEqual({ objectKind: 'PROJECT', task: null, project: { ...face, progressPercent: 0 } });
    const [closed, , cancelled, inside] = [
      await world.task(shown),
      await world.task(shown),
      await world.task(shown),
      await world.task(shown, { privacy: 'INTERNAL' }),
    ];
    for (const { id } of [closed, inside]) await moveTask(cluster.parts, world.admin.viewer, id, 'CLOSED', {});
    await moveTask(cluster.parts, world.admin.viewer, cancelled.id, 'CANCELLED', {});
    expect((await look()).project.progressPercent).toBe(50);
  });

  it('shows none of its tasks, nor what is written inside', async () => {
    const { caller } = await world.follow(project, {});
    for (const inner of ['projectId', 'description', 'manager { id }', 'tasks(first: 1) { nodes { id } }'])
      expect((await ask(cluster.last, caller, `{ followed { project { ${inner} } } }`)).errors).not.toBeUndefined();
    const refusals = [`{ project(id: "${project.id}") { name } }`, `{ task(id: "${task.id}") { title } }`];
    for (const query of refusals)
      expect((await ask(cluster.last, caller, query)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('tells live of its progress, and of nothing that does not show in it', async () => {
    const shown = await world.project();
    const moving = await world.task(shown);
    await world.task(shown);
    const { caller } = await world.follow(shown, {});
    const stream = listen(
      cluster.first,
      caller,
      `subscription { followedChanged { kind cursor task { title } ${FACE} } }`,
    );
    const { cursor } = await stream.until(({ kind }) => kind === 'READY');
    await updateTask(cluster.parts, world.admin.viewer, moving.id, { title: 'Another title' });
    const inside = { title: 'Inside', privacy: 'INTERNAL' as const };
    await createTask(cluster.parts, world.admin.viewer, shown.id, inside);
    await moveTask(cluster.parts, world.admin.viewer, moving.id, 'CLOSED', {});
    await stream.until(({ project }) => project?.progressPercent === 50);
    await stream.stop();
    const kinds = ({ seen }: typeof stream) => seen.map(({ kind }) => kind).filter((kind) => kind !== 'HEARTBEAT');
    expect(kinds(stream)).toEqual(['READY', 'CHANGED']);
    const again = listen(
      cluster.last,
      caller,
      `subscription ($after: String) { followedChanged(after: $after) { kind ${FACE} } }`,
      { after: cursor },
    );
    expect(await again.until(({ kind }) => kind === 'CHANGED')).toMatchObject({ project: { progressPercent: 50 } });
    await again.stop();
  });
});
