import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import { run } from '../../src/entities/statements.js';
import type { Task } from '../../src/entities/task.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { type Caller, get, type Listener, listen } from '../harness/client.js';
import { type Cluster, type Node, startCluster, startNode } from '../harness/cluster.js';
import { isEmbedded, redisUrl } from '../harness/column.js';
import { startProxy, type TcpProxy } from '../harness/tcp-proxy.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

const CHANGES = 'subscription ($project: ID!) { taskChanged(projectId: $project) { kind taskId task { title } } }';
const CHANGES_AFTER =
  'subscription ($project: ID!, $after: String) { taskChanged(projectId: $project, after: $after) { kind cursor } }';
const FOLLOWED = 'subscription { followedChanged { kind task { title } } }';
/** From the answer of the mutation that ends a way in to the closing of its sockets, on another process. */
const ENDED_WITHIN_MS = 1_000;

let cluster: Cluster;
let redis: TcpProxy | null = null;
let world: World;
let project: Project;
let task: Row<Task>;
beforeAll(async () => {
  redis = isEmbedded ? null : await startProxy(redisUrl());
  cluster = await startCluster(redis ? { REDIS_URL: redis.url } : {});
  world = await World.found(cluster.parts, cluster.issuer);
  project = await world.project();
  task = await world.task(project);
}, 30_000);
afterAll(async () => {
  await cluster?.stop();
  await redis?.close();
});

async function editor(): Promise<Person> {
  const person = await world.member();
  await world.grant(project, person, 'EDIT');
  return person;
}

async function standing(who: Caller | { follow: string }, query = CHANGES, node = cluster.last): Promise<Listener> {
  const stream = listen(node, who, query, 'follow' in who ? {} : { project: project.id });
  await stream.until(({ kind }) => kind === 'READY');
  return stream;
}

const asAdmin = (mutation: string) =>
  get(cluster.first, world.admin.caller, `mutation { ${mutation} { userErrors { message } } }`);
const deactivate = ({ member }: Person) => asAdmin(`deactivateMember(input: { memberId: "${member.id}" })`);
const revoke = (id: string) => asAdmin(`revokeFollow(input: { followId: "${id}" })`);
const permit = ({ member }: Person, level: string) =>
  asAdmin(`setProjectPermission(input: { projectId: "${project.id}", memberId: "${member.id}", level: ${level} })`);

let titles = 0;
/** Changes the task, and waits until the stream has told it. */
async function toldOn(stream: Listener): Promise<void> {
  titles += 1;
  const title = `title ${titles}`;
  await asAdmin(`updateTask(input: { taskId: "${task.id}", title: "${title}" })`);
  await stream.until((change) => change.task?.title === title, title);
}

/** Does it, and tells how the stream's socket was closed, in time. */
async function closingOf(stream: Listener, act: () => Promise<unknown>) {
  await act();
  const answeredAt = Date.now();
  const { code, reason } = await stream.closed;
  expect(Date.now() - answeredAt).toBeLessThan(ENDED_WITHIN_MS);
  return { code, reason };
}

const waysToEnd: [string, () => Promise<[Listener, () => Promise<unknown>]>][] = [
  [
    'a deactivated member',
    async () => {
      const person = await editor();
      return [await standing(person.caller), () => deactivate(person)];
    },
  ],
  [
    'a follower whose follow is revoked',
    async () => {
      const follow = await world.follow(task);
      return [await standing({ follow: follow.secret }, FOLLOWED), () => revoke(follow.id)];
    },
  ],
];

describe('a way in that ends closes its sockets on every process within a second', () => {
  it.each(waysToEnd)('for %s', async (_who, open) => {
    const [stream, end] = await open();
    const bystander = await standing((await editor()).caller);
    expect(await closingOf(stream, end)).toEqual({ code: 4403, reason: 'ACCESS_ENDED' });
    await toldOn(bystander);
    await bystander.stop();
  });

  if (!isEmbedded) {
    it.each(waysToEnd)('for %s, also while Redis is away', async (_who, open) => {
      const [stream, end] = await open();
      const bystander = await standing((await editor()).caller);
      await redis?.cut();
      try {
        expect(await closingOf(stream, end)).toEqual({ code: 4403, reason: 'ACCESS_ENDED' });
        await toldOn(bystander);
      } finally {
        await redis?.restore();
      }
      await bystander.stop();
    });

    it('lets new ones in while Redis is away', async () => {
      const person = await editor();
      await redis?.cut();
      try {
        const stream = await standing(person.caller);
        await toldOn(stream);
        await stream.stop();
      } finally {
        await redis?.restore();
      }
    });
  }

  it('for a token that expires', async () => {
    const person = await editor();
    const exp = Math.floor(Date.now() / 1000) + 2;
    const caller = { ...person.caller, authorization: `Bearer ${await cluster.issuer.token(person.email, { exp })}` };
    const stream = await standing(caller);
    const { code, reason } = await stream.closed;
    expect({ code, reason }).toEqual({ code: 4410, reason: 'TOKEN_EXPIRED' });
    expect(Date.now() / 1000 - exp).toBeLessThan(1);
  });

  it('for a follow whose time is over', async () => {
    const expiresAt = new Date(Date.now() + 1_500);
    const granted = await get(
      cluster.first,
      world.admin.caller,
      `mutation { grantFollow(input: { taskId: "${task.id}", expiresAt: "${expiresAt.toISOString()}" }) { secret } }`,
    );
    const stream = await standing({ follow: granted.grantFollow.secret }, FOLLOWED);
    const { code, reason } = await stream.closed;
    expect({ code, reason }).toEqual({ code: 4410, reason: 'TOKEN_EXPIRED' });
    expect(Date.now() - expiresAt.getTime()).toBeLessThan(1_000);
  });
});

describe('rights that change end or renew a stream, and leave the socket', () => {
  it('a lost permission ends it with NOT_FOUND', async () => {
    const person = await editor();
    const stream = await standing(person.caller);
    await permit(person, 'null');
    expect((await stream.failed)[0]?.extensions?.code).toBe('NOT_FOUND');
    const seen = stream.seen.length;
    const witness = await standing((await editor()).caller);
    await toldOn(witness);
    expect(stream.seen).toHaveLength(seen);
    await witness.stop();
    await stream.stop();
  });

  it('another level is told by RESYNC', async () => {
    const person = await editor();
    const stream = await standing(person.caller);
    await permit(person, 'VIEW');
    await stream.until(({ kind }) => kind === 'RESYNC');
    await toldOn(stream);
    await stream.stop();
  });

  it("somebody else's permission is not told", async () => {
    const [person, other] = [await editor(), await editor()];
    const stream = await standing(person.caller);
    await toldOn(stream);
    const before = stream.seen.length;
    await permit(other, 'VIEW');
    await toldOn(stream);
    expect(stream.seen.slice(before).map(({ kind }) => kind)).not.toContain('RESYNC');
    await stream.stop();
  });
});

describe('what is not of the protocol closes the socket with its code', () => {
  /** Sends the messages one after another on a raw socket and tells how it was closed. */
  async function closing(...messages: (object | string)[]): Promise<{ code: number; reason: string }> {
    const socket = new WebSocket(cluster.last.wsUrl, 'graphql-transport-ws');
    await once(socket, 'open');
    for (const message of messages) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    const [code, reason] = await once(socket, 'close');
    return { code, reason: String(reason) };
  }
  const init = (payload: object) => ({ type: 'connection_init', payload });
  const subscribe = { id: '1', type: 'subscribe', payload: { query: CHANGES, variables: {} } };

  it.each<[string, number, string, () => Promise<(object | string)[]>]>([
    ['a subscription before connection_init', 4401, 'Unauthorized', async () => [subscribe]],
    [
      'a second connection_init',
      4429,
      'Too many initialisation requests',
      async () => [init(world.admin.caller), init(world.admin.caller)],
    ],
    ['no JSON', 4400, 'Invalid message received', async () => ['{']],
    ['a message of no known type', 4400, 'Invalid message received', async () => [{ type: 'open_sesame' }]],
    ['no credential', 4401, 'NO_CREDENTIAL', async () => [init({})]],
    ['a credential that is no text', 4401, 'NO_CREDENTIAL', async () => [init({ authorization: 7 })]],
    [
      'a forged token',
      4401,
      'TOKEN_INVALID',
      async () => [init({ authorization: `Bearer ${await cluster.issuer.forged(world.admin.email)}` })],
    ],
    ['an unknown scheme', 4401, 'SCHEME_UNKNOWN', async () => [init({ authorization: 'Basic YTpi' })]],
    ['a made-up follow', 4401, 'FOLLOW_INVALID', async () => [init({ follow: 'nothing' })]],
    [
      "another company's id",
      4403,
      'NOT_FOUND',
      async () => [init({ ...world.admin.caller, companyId: 'company_01m860nd42fk5asp7hx7f2mzcm' })],
    ],
    [
      'a message that is too long',
      1009,
      '',
      async () => [JSON.stringify({ type: 'ping', payload: { long: 'x'.repeat(70_000) } })],
    ],
  ])('%s: %i', async (_what, code, reason, messages) => {
    expect(await closing(...(await messages()))).toEqual({ code, reason });
  });

  it('no connection_init in time: 4408', async () => {
    expect((await closing()).code).toBe(4408);
  }, 10_000);

  it('two subscriptions with one id: 4409', async () => {
    const socket = new WebSocket(cluster.last.wsUrl, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send(JSON.stringify(init(world.admin.caller)));
    await once(socket, 'message');
    const standingOne = { ...subscribe, payload: { query: CHANGES, variables: { project: project.id } } };
    socket.send(JSON.stringify(standingOne));
    await once(socket, 'message');
    socket.send(JSON.stringify(standingOne));
    const [code] = await once(socket, 'close');
    expect(code).toBe(4409);
  });

  it('another subprotocol: 4406', async () => {
    const socket = new WebSocket(cluster.last.wsUrl);
    const [code] = await once(socket, 'close');
    expect(code).toBe(4406);
  });
});

describe('a process that is told to stop', () => {
  it('says that it is not ready, closes its sockets with 1012, and ends well', async () => {
    const drained = await startCluster({ DRAIN_MS: '600' });
    try {
      const own = await World.found(drained.parts, drained.issuer);
      const { id } = await own.project();
      const open = async (node: Node) => {
        const stream = listen(node, own.admin.caller, CHANGES, { project: id });
        await stream.until(({ kind }) => kind === 'READY');
        return stream;
      };
      const streams = [await open(drained.last), await open(drained.last), await open(drained.last)];
      const exit = drained.last.stop('SIGTERM');
      await until(async () => (await fetch(`${drained.last.url}/readyz`)).status === 503, 'not ready', 500);
      const closings = await Promise.all(streams.map((stream) => stream.closed));
      expect(closings.map(({ code }) => code)).toEqual([1012, 1012, 1012]);
      expect(await exit).toBe(0);
    } finally {
      await drained.stop();
    }
  }, 20_000);
});

describe('a process that follows a log which a failover has made shorter', () => {
  it('says so to all who listen, closes their sockets with 1012 and ends, and they come back and lose nothing', async () => {
    const failing = await startCluster({ DRAIN_MS: '1500' });
    try {
      const { orm } = failing.parts;
      const own = await World.found(failing.parts, failing.issuer);
      const shown = await own.project();
      const stream = listen(failing.last, own.admin.caller, CHANGES_AFTER, { project: shown.id });
      await stream.until(({ kind }) => kind === 'READY');
      const later = listen(failing.last, own.admin.caller, CHANGES_AFTER, { project: shown.id });
      await later.until(({ kind }) => kind === 'READY');
      const exit = once(failing.last.process, 'exit');
      const head = (await readHeads(orm, [own.companyId])).get(own.companyId) ?? 0;
      await run(orm.em, 'delete from events where company_id = ? and seq = ?', [own.companyId, head]);
      await run(orm.em, 'update log_heads set seq = ? where company_id = ?', [head - 1, own.companyId]);
      const { cursor } = await later.until(({ kind }) => kind === 'RESYNC');
      // While it drains the log passes its old end: with a number that has been there before.
      for (let i = 0; i < 3; i += 1) await own.task(shown);
      expect((await stream.closed).code).toBe(1012);
      expect((await later.closed).code).toBe(1012);
      expect([...stream.seen, ...later.seen].map(({ kind }) => kind)).toEqual(['READY', 'RESYNC', 'READY', 'RESYNC']);
      expect(await exit).toEqual([1, null]);
      expect(await failing.last.logged('has lost its end')).toMatchObject({ companyId: own.companyId, level: 50 });
      const next = await startNode(failing.database, failing.issuer);
      const again = listen(next, own.admin.caller, CHANGES_AFTER, { project: shown.id, after: cursor });
      for (let i = 0; i < 3; i += 1) await again.until(({ kind }) => kind === 'CREATED');
      expect(again.seen.map(({ kind }) => kind)).toEqual(['READY', 'CREATED', 'CREATED', 'CREATED']);
      await next.stop();
    } finally {
      await failing.stop();
    }
  }, 30_000);
});
