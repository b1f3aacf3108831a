import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import { findFollowerViewer } from '../../src/auth/follow-viewer.js';
import type { Standing } from '../../src/auth/standing.js';
import { Follow } from '../../src/entities/follow.js';
import { LastUse } from '../../src/entities/last-use.js';
import { Member } from '../../src/entities/member.js';
import { type EntityManager, forkFor } from '../../src/entities/orm.js';
import { type Project, ProjectPermission } from '../../src/entities/project.js';

import { findRows, type Row } from '../../src/entities/rows.js';
import { SsoDomain, SsoProvider } from '../../src/entities/single-sign-on.js';

import type { Task } from '../../src/entities/task.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { newId } from '../../src/schema/ids.js';
import { Admissions } from '../../src/server/admissions.js';
import { Audience } from '../harness/audience.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

/*
 * Rights that have ended are known to the database first and to a process a moment later, by the log. Here they end by
 * the rows alone, with nothing in the log: what is refused is refused because the rows were read again.
 */

let cluster: Cluster;
let audience: Audience;
let world: World;
let rows: EntityManager;
let project: Project;
let task: Row<Task>;
beforeAll(async () => {
  cluster = await startCluster();
  audience = new Audience(cluster.parts, buildGuardedSchema());
  world = await World.found(cluster.parts, cluster.issuer);
  rows = forkFor(cluster.parts.orm, world);
  project = await world.project();
  task = await world.task(project);
}, 60_000);
afterAll(async () => {
  await audience?.fanOut.close();
  await cluster?.stop();
});

async function editor(): Promise<Person> {
  const person = await world.member({ role: 'ADMIN' });
  await world.grant(project, person, 'EDIT');
  return person;
}
const endMembership = ({ member }: Person) =>
  rows.nativeUpdate(Member, { id: member.id }, { deactivatedAt: new Date() });
const endFollow = ({ id }: { id: string }) => rows.nativeUpdate(Follow, { id }, { revokedAt: new Date() });

describe('an open socket', () => {
  const sockets: WebSocket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.terminate();
  });

  /** Lets the socket in; what it then asks is answered by its first message. */
  async function open(payload: object) {
    const socket = new WebSocket(cluster.last.wsUrl, 'graphql-transport-ws');
    sockets.push(socket);
    // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever comes
    const messages: any[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    await until(() => messages.length > 0, 'connection_ack');
    let id = 0;
    return async (query: string) => {
      id += 1;
      const isMine = (message: { id?: string }) => message.id === String(id);
      socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query } }));
      await until(() => messages.some(isMine), query);
      const { type, payload: answer } = messages.find(isMine);
      const errors = type === 'error' ? answer : (answer.errors ?? []);
      return errors[0]?.extensions.reason ?? 'ok';
    };
  }

  const ofMembers = () => [
    '{ viewer { user { id } } }',
    `mutation { updateTask(input: { taskId: "${task.id}", title: "Changed" }) { userErrors { code } } }`,
    `subscription { taskChanged(projectId: "${project.id}") { kind } }`,
  ];
  const ofFollowers = () => ['{ followed { task { title } } }', 'subscription { followedChanged { kind } }'];

  it('begins nothing more for a member who has been deactivated', async () => {
    const person = await editor();
    const asks = await open(person.caller);
    for (const query of ofMembers()) expect([query, await asks(query)]).toEqual([query, 'ok']);
    await endMembership(person);
    for (const query of ofMembers()) expect([query, await asks(query)]).toEqual([query, 'ACCESS_ENDED']);
  });

  it('begins nothing more for a follower whose follow has been revoked', async () => {
    const follow = await world.follow(task);
    const asks = await open({ follow: follow.secret });
    for (const query of ofFollowers()) expect([query, await asks(query)]).toEqual([query, 'ok']);
    await endFollow(follow);
    for (const query of ofFollowers()) expect([query, await asks(query)]).toEqual([query, 'ACCESS_ENDED']);
  });

  it('begins what the role of the moment allows', async () => {
    const person = await editor();
    const asks = await open(person.caller);
    expect(await asks('{ apiKeys(first: 1) { nodes { id } } }')).toBe('ok');
    await rows.nativeUpdate(Member, { id: person.member.id }, { role: 'MEMBER' });
    expect(await asks('{ apiKeys(first: 1) { nodes { id } } }')).toBe('ROLE_REQUIRED');
  });
});

describe('what is asked over a connection that is open', () => {
  const lastUsesOf = async (...ids: string[]) => {
    await audience.operations.options.uses.close();
    return (await findRows(rows, LastUse, { objectId: ids })).map(({ objectId, usedAt }) => {
      expect(Date.now() - usedAt.getTime()).toBeLessThan(10_000);
      return objectId;
    });
  };
  /** Nobody has come in by the door of a process here: what is noted is noted of what was asked. */
  const ask = async (viewer: Standing['viewer'], query: string) => {
    const seat = await audience.seat(viewer, query);
    expect(seat.told[0]?.errors).toBeUndefined();
    seat.leave();
  };

  it.each([
    ['a query', () => '{ members(first: 1) { nodes { id } } }'],
    ['a subscription', () => `subscription { taskChanged(projectId: "${project.id}") { kind } }`],
  ])('is noted as the last use of a membership, and of a key: %s', async (_what, question) => {
    const [person, key] = [await editor(), await world.key(['MEMBERS_READ', 'TASKS_READ'])];
    const ids = [person.member.id, key.id].sort();
    expect(await lastUsesOf(...ids)).toEqual([]);
    for (const { viewer } of [person, key]) await ask(viewer, question());
    expect((await lastUsesOf(...ids)).sort()).toEqual(ids);
  });

  it('is noted of a follower, and of the follow', async () => {
    const { id, follow } = await world.follower(task);
    const ids = [follow.id, id].sort();
    expect(await lastUsesOf(...ids)).toEqual([]);
    const named = { companyId: world.companyId, followId: follow.id, followerId: id, expiresAt: null };
    const viewer = await findFollowerViewer(cluster.parts.orm, named);
    await ask(viewer as Standing['viewer'], '{ followed { id } }');
    expect((await lastUsesOf(...ids)).sort()).toEqual(ids);
  });
});

describe('a connection that comes in', () => {
  /** A viewer as the door has just seen them, and who has the connection. */
  async function comeIn(viewer: Standing['viewer']) {
    const connection = {
      hasEnded: false,
      review: async () => {},
      end() {
        connection.hasEnded = true;
      },
    };
    const admission = await audience.fanOut.admit(viewer.companyId, { viewer, grants: null }, connection);
    return { admission, connection };
  }

  const levelOf = (standing: Standing | undefined) => standing?.grants?.projectLevels.get(project.id) ?? null;

  it('is not let in when the membership has ended since the door', async () => {
    const person = await editor();
    const before = await comeIn(person.viewer);
    expect([before.admission !== null, before.connection.hasEnded]).toEqual([true, false]);
    before.admission?.leave();
    await endMembership(person);
    const after = await comeIn(person.viewer);
    expect([after.admission, after.connection.hasEnded]).toEqual([null, true]);
  });

  it('is not let in when the follow has been revoked since the door', async () => {
    const follow = await world.follow(task);
    const viewer: Standing['viewer'] = {
      kind: 'FOLLOWER',
      companyId: world.companyId,
      followId: follow.id,
      followerId: null,
      objectKind: 'TASK',
      objectId: task.id,
      expiresAt: null,
    };
    const before = await comeIn(viewer);
    expect([before.admission !== null, before.connection.hasEnded]).toEqual([true, false]);
    before.admission?.leave();
    await endFollow(follow);
    const after = await comeIn(viewer);
    expect([after.admission, after.connection.hasEnded]).toEqual([null, true]);
  });

  it('is judged by the rights of the moment, and so are those that are open already', async () => {
    const person = await world.member();
    await world.grant(project, person, 'EDIT');
    const first = await comeIn(person.viewer);
    expect(levelOf(first.admission?.watcher.standing)).toBe('EDIT');
    const permission = { project: { id: project.id }, member: { id: person.member.id } };
    await rows.nativeUpdate(ProjectPermission, permission, { level: 'VIEW' });
    const second = await comeIn(person.viewer);
    expect(levelOf(second.admission?.watcher.standing)).toBe('VIEW');
    expect(levelOf(first.admission?.watcher.standing)).toBe('VIEW');
    first.admission?.leave();
    second.admission?.leave();
  });

  it('is not let in by a sign-in on which the company does not rely any more since the door', async () => {
    const domain = `${newId('domain').slice(-10)}.example`;
    const person = await world.member({ email: `somebody@${domain}` });
    const admissions = new Admissions(
      audience.fanOut,
      1,
      { add: async () => () => {} } as never,
      async (viewer) => viewer,
      {} as never,
      { add: async () => () => {} } as never,
    );
    const guest = { review: async () => {}, end() {}, signOut() {}, prolong() {} };
    const comeIn = async () => (await admissions.admit(person.viewer, guest as never))?.leave();
    await comeIn();
    const proof = { domain, provenDomain: domain, challenge: 'challenge', verifiedAt: new Date() };
    rows.create(SsoDomain, { companyId: world.companyId, ...proof });
    rows.create(SsoProvider, { companyId: world.companyId, issuer: 'https://own.example', isEnforced: true });
    await rows.flush();
    await expect(comeIn()).rejects.toMatchObject({ reason: 'SSO_REQUIRED' });
    // Nor does it take a place.
    await rows.nativeUpdate(SsoProvider, { companyId: world.companyId }, { isEnforced: false });
    await comeIn();
  });

  it('ends those that are open already when the membership has ended', async () => {
    const person = await editor();
    const first = await comeIn(person.viewer);
    await endMembership(person);
    const second = await comeIn(person.viewer);
    expect([first.connection.hasEnded, second.connection.hasEnded, second.admission]).toEqual([true, true, null]);
  });
});
