import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { endFollower, endFollows, revokeFollow } from '../../src/domain/follows.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { createLogger } from '../../src/log.js';
import { Attendance } from '../../src/pubsub/attendance.js';
import { sealCursor } from '../../src/pubsub/cursor.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { createRedisClient } from '../../src/server/redis-client.js';
import { ask, type Caller, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { isEmbedded, redisUrl } from '../harness/column.js';
import { readMetric } from '../harness/metrics.js';
import { RawSocket } from '../harness/raw-socket.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';
import { BEHIND_PROXY } from './knocking.js';

const KEPT = 'aliteo_answers_kept_total';
const CHANGES = 'subscription { followedChanged { kind } }';
const FOLLOW = `query ($id: ID!) { node(id: $id) { ... on Follow { id hasPassword maxFollowers canComment followerCount watching lastUsedAt
  followers(first: 10) { nodes { id createdAt lastSeenAt endedAt followId } } } } }`;

let cluster: Cluster;
let world: World;
let task: Row<Task>;
beforeAll(async () => {
  cluster = await startCluster({ ...BEHIND_PROXY, ANSWER_CACHE_BYTES: '8000000' });
  world = await World.found(cluster.parts, cluster.issuer);
  task = await world.task(await world.project());
}, 60_000);
afterAll(() => cluster?.stop());

const look = async (id: string) => (await get(cluster.last, world.admin.caller, FOLLOW, { id })).node;

/** Waits until the process has followed the log up to now: what it keeps from here on nothing makes it forget. */
async function untilHeard(id: string): Promise<void> {
  const { orm, keyring } = cluster.parts;
  const seq = (await readHeads(orm, [world.companyId])).get(world.companyId) ?? 0;
  const minCursor = sealCursor(keyring, world.companyId, seq);
  const document = 'query ($id: ID!, $minCursor: String) { node(id: $id, minCursor: $minCursor) { id } }';
  const keptBefore = await readMetric(cluster.last, KEPT);
  const isKept = async () => {
    await get(cluster.last, world.admin.caller, document, { id, minCursor });
    return (await readMetric(cluster.last, KEPT)) > keptBefore;
  };
  await until(isKept, 'a kept answer');
}

async function watch(caller: Caller, node = cluster.last): Promise<RawSocket> {
  const socket = await RawSocket.open(node, caller);
  socket.subscribe('1', CHANGES, {});
  await socket.next('next', '1');
  return socket;
}

describe('an administrator sees of a follow', () => {
  it('what it asks for, and who came in by it', async () => {
    const { id: followId, secret } = await world.follow(task, {
      password: 'a password of the tests',
      maxFollowers: 7,
      canComment: true,
    });
    expect(await look(followId)).toMatchObject({ followerCount: 0, lastUsedAt: null, followers: { nodes: [] } });
    const [first, second] = [
      await world.enter(secret, 'a password of the tests'),
      await world.enter(secret, 'a password of the tests'),
    ];
    const seen = await look(followId);
    expect(seen).toMatchObject({ hasPassword: true, maxFollowers: 7, canComment: true, followerCount: 2, watching: 0 });
    expect(seen.followers.nodes.map(({ id }: { id: string }) => id).sort()).toEqual([first.id, second.id].sort());
    expect(seen.followers.nodes[0]).toMatchObject({ followId, endedAt: null });
    expect(JSON.stringify(seen)).not.toMatch(/hash|argon2/i);
  });

  it('when it was used last, also of a link that is shown as it is', async () => {
    const { id, caller } = await world.follow(task);
    expect((await look(id)).lastUsedAt).toBeNull();
    await get(cluster.first, caller, '{ followed { id } }');
    await until(async () => (await look(id)).lastUsedAt !== null, 'the time of its use');
  });

  it.each(['lastUsedAt', 'followerCount', 'watching'])(
    '%s as it is now, though no event tells when it changes',
    async (field) => {
      const follow = await world.follow(task);
      const document = `{ node(id: "${follow.id}") { ... on Follow { ${field} } } }`;
      const read = async () => (await get(cluster.last, world.admin.caller, document)).node[field];
      await untilHeard(follow.id);
      // Several times, so that it would be kept by now.
      const [before, ...others] = [await read(), await read(), await read()];
      expect(others).toEqual([before, before]);
      const { caller } = await world.enter(follow.secret);
      const socket = await watch(caller);
      await until(async () => (await read()) !== before, field);
      socket.ws.terminate();
    },
  );

  it('how many watch now, over all processes, each time they ask', async () => {
    const { follow, caller } = await world.follower(task);
    const sockets = [await watch(caller, cluster.first), await watch(caller), await watch(follow.caller)];
    const stream = await fetch(cluster.first.graphqlUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: String(caller.authorization),
      },
      body: JSON.stringify({ query: CHANGES }),
    });
    await until(async () => (await look(follow.id)).watching === 4, 'four of them');
    await stream.body?.cancel();
    for (const socket of sockets.slice(1)) socket.ws.terminate();
    await until(async () => (await look(follow.id)).watching === 1, 'one of them');
    sockets[0]?.ws.terminate();
    await until(async () => (await look(follow.id)).watching === 0, 'none of them');
  });
});

describe('who is put out', () => {
  it('loses sockets within a second on every process, and requests at once; others stay', async () => {
    const { follow, id, caller, renewal } = await world.follower(task);
    const other = await world.enter(follow.secret);
    const sockets = [await watch(caller, cluster.first), await watch(caller, cluster.last)];
    const staying = await watch(other.caller);
    const endedAt = Date.now();
    await endFollower(cluster.parts, world.admin.viewer, id);
    expect((await ask(cluster.first, caller, '{ followed { id } }')).errors[0]?.extensions.reason).toBe(
      'FOLLOW_INVALID',
    );
    for (const socket of sockets) {
      const { code, reason, at } = await socket.closed;
      expect([code, reason, at - endedAt < 1_000]).toEqual([4403, 'ACCESS_ENDED', true]);
    }
    expect(renewal).toEqual(expect.any(String));
    expect(staying.ws.readyState).toBe(1);
    await get(cluster.first, other.caller, '{ followed { id } }');
    expect(
      (await look(follow.id)).followers.nodes.filter(({ endedAt }: { endedAt: string | null }) => endedAt),
    ).toMatchObject([{ id }]);
    staying.ws.terminate();
  });

  it('is put out once', async () => {
    const { id } = await world.follower(task);
    const ends = [];
    for (let i = 0; i < 2; i += 1) ends.push((await endFollower(cluster.parts, world.admin.viewer, id)).result.endedAt);
    expect(ends[0]).toEqual(ends[1]);
  });

  it('are all who came by a follow, when that is revoked', async () => {
    const { follow, caller } = await world.follower(task);
    const another = await world.enter(follow.secret);
    const sockets = [await watch(caller, cluster.first), await watch(another.caller), await watch(follow.caller)];
    const endedAt = Date.now();
    await revokeFollow(cluster.parts, world.admin.viewer, follow.id);
    for (const socket of sockets) {
      const { code, at } = await socket.closed;
      expect([code, at - endedAt < 1_000]).toEqual([4403, true]);
    }
    for (const { authorization } of [caller, another.caller])
      expect((await ask(cluster.first, { authorization: String(authorization) }, '{ followed { id } }')).status).toBe(
        401,
      );
  });

  it('are all who follow a task by any link, when its follows are ended, and nobody else', async () => {
    const mine = await world.task(await world.project());
    const [one, two] = [await world.follower(mine), await world.follower(mine)];
    const { caller } = await world.follower(task);
    const sockets = [await watch(one.caller, cluster.first), await watch(two.caller)];
    const staying = await watch(caller);
    const { result } = await endFollows(cluster.parts, world.admin.viewer, { taskId: mine.id });
    expect(result.map(({ id }) => id).sort()).toEqual([one.follow.id, two.follow.id].sort());
    for (const socket of sockets) expect(await socket.closed).toMatchObject({ code: 4403 });
    expect(staying.ws.readyState).toBe(1);
    staying.ws.terminate();
    expect((await endFollows(cluster.parts, world.admin.viewer, { taskId: mine.id })).result).toEqual([]);
  });

  it('has no more sockets than a person', async () => {
    const { caller } = await world.follower(task);
    const node = cluster.last;
    const sockets = await Promise.all(Array.from({ length: 50 }, () => RawSocket.open(node, caller)));
    expect(await (await RawSocket.open(node, caller)).closed).toMatchObject({ code: 4420 });
    for (const { ws } of sockets) ws.terminate();
    const stream = listen(node, (await world.follower(task)).caller, CHANGES);
    await stream.until(({ kind }) => kind === 'READY');
    await stream.stop();
  });
});

// Embedded there is one process, and it knows.
(isEmbedded ? describe.skip : describe)('how many watch', () => {
  it('does not count a process that has died', async () => {
    const log = createLogger('silent');
    const client = createRedisClient(redisUrl(), log);
    const followId = `follow_${randomUUID()}`;
    const [here, there] = [new Attendance(client, log), new Attendance(client, log)];
    try {
      here.enter(followId);
      const leave = there.enter(followId);
      await until(async () => (await here.count(followId)) === 2, 'both');
      const key = `aliteo:watching:{${followId}}`;
      await client.hset(key, 'died', `5 ${Date.now() + 300}`);
      expect(await here.count(followId)).toBe(7);
      await until(async () => (await here.count(followId)) === 2, 'the living ones');
      leave();
      leave();
      await until(async () => (await here.count(followId)) === 1, 'one');
      await here.close();
      expect(await there.count(followId)).toBe(0);
      expect(await client.pttl(key)).toBeGreaterThan(0);
    } finally {
      await there.close();
      client.disconnect();
    }
  });

  it('is not known while Redis is away', async () => {
    const log = createLogger('silent');
    const client = createRedisClient('redis://127.0.0.1:1', log);
    const attendance = new Attendance(client, log);
    attendance.enter('follow_1');
    expect(await attendance.count('follow_1')).toBeNull();
    await attendance.close();
    client.disconnect();
  });
});
