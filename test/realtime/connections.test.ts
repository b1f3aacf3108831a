import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient as createStreamClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { resumable } from '../../client/resumable.mjs';
import { revokeFollow } from '../../src/domain/follows.js';
import { deactivateMember } from '../../src/domain/members.js';
import type { Project } from '../../src/entities/project.js';
import type { Task } from '../../src/entities/task.js';
import { type Caller, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

const QUEUE_LIMIT_BYTES = 65_536;
const CHANGES = `subscription ($project: ID!, $after: String) {
  taskChanged(projectId: $project, after: $after) { kind cursor taskId task { title description } } }`;
/** A few of its payloads fill all that the system keeps for a reader who does not read. */
const LARGE = `subscription ($project: ID!) {
  taskChanged(projectId: $project) { kind task { ${Array.from({ length: 20 }, (_, i) => `d${i}: description`).join(' ')} } } }`;

let cluster: Cluster;
let world: World;
let project: Project;
let task: Task;
beforeAll(async () => {
  cluster = await startCluster({
    MAX_SOCKETS_PER_VIEWER: '3',
    MAX_SUBSCRIPTIONS_PER_SOCKET: '4',
    QUEUE_LIMIT_BYTES: String(QUEUE_LIMIT_BYTES),
    SOCKET_IDLE_MS: '1500',
    HEARTBEAT_MS: '600000',
  });
  world = await World.found(cluster.parts, cluster.issuer);
  project = await world.project('EVERYONE');
  task = await world.task(project);
}, 30_000);
afterAll(() => cluster?.stop());

const rename = (title: string, fields: object = {}) =>
  get(
    cluster.first,
    world.admin.caller,
    'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { userErrors { message } } }',
    { input: { taskId: task.id, title, ...fields } },
  );

/** How many sockets the last process has closed for being slow. */
async function slowReaders(): Promise<number> {
  const text = await (await fetch(cluster.last.metricsUrl)).text();
  return Number(/^aliteo_slow_readers_total (\d+)$/m.exec(text)?.[1]);
}

/** A socket spoken to by hand. */
class Raw {
  readonly messages: { id?: string; type: string; payload?: never }[] = [];
  readonly closed: Promise<{ code: number; reason: string; at: number }>;

  private constructor(readonly ws: WebSocket) {
    ws.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.closed = once(ws, 'close').then(([code, reason]) => ({ code, reason: String(reason), at: Date.now() }));
  }

  static async open(payload: object | null, url = cluster.last.wsUrl): Promise<Raw> {
    const raw = new Raw(new WebSocket(url, 'graphql-transport-ws'));
    await once(raw.ws, 'open');
    if (!payload) return raw;
    raw.send({ type: 'connection_init', payload });
    await Promise.race([raw.next('connection_ack'), raw.closed]);
    return raw;
  }

  send(message: object): void {
    this.ws.send(JSON.stringify(message));
  }

  async next(type: string, id?: string) {
    const find = () => this.messages.find((message) => message.type === type && (!id || message.id === id));
    await until(() => find() !== undefined || this.ws.readyState === WebSocket.CLOSED, type);
    const message = find();
    if (message) this.messages.splice(this.messages.indexOf(message), 1);
    return message;
  }

  subscribe(id: string, query = CHANGES, variables: object = { project: project.id }): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }
}

describe('a socket', () => {
  it('answers a ping, with what was in it', async () => {
    const raw = await Raw.open(world.admin.caller);
    raw.send({ type: 'ping', payload: { n: 7 } });
    expect(await raw.next('pong')).toEqual({ type: 'pong', payload: { n: 7 } });
    raw.ws.close();
  });

  it('runs a query and a mutation once, and completes them', async () => {
    const raw = await Raw.open(world.admin.caller);
    raw.subscribe('q', '{ viewer { user { email } } }', {});
    expect(await raw.next('next', 'q')).toMatchObject({
      payload: { data: { viewer: { user: { email: world.admin.email } } } },
    });
    expect(await raw.next('complete', 'q')).toBeDefined();
    raw.ws.close();
  });

  it('is told which variable is not good, and the operator of no fault of ours', async () => {
    const raw = await Raw.open(world.admin.caller);
    const ask =
      'query ($n: Int!, $day: LocalDate) { tasks(projectId: "x", first: $n, filter: { dueOn: { eq: $day } }) { nodes { id } } }';
    const wrong: [string, string, object][] = [
      ['type', ask, { n: 'many' }],
      ['scalar', ask, { n: 1, day: 'some day' }],
      ['missing', ask, {}],
      ['null', 'query ($n: Int = 1) { members(first: $n) { nodes { id } } }', { n: null }],
      ['subscription', CHANGES, { project: { id: 7 } }],
    ];
    for (const [id, query, variables] of wrong) {
      raw.subscribe(id, query, variables);
      expect(await raw.next('next', id)).toMatchObject({
        payload: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
      });
    }
    expect(cluster.last.output()).not.toContain('unexpected error');
    raw.ws.close();
  });

  it('carries messages of 1 MiB once its credential has been verified, and of 64 KiB before', async () => {
    const KIB = 1_024;
    const padded = (message: object, bytes: number) => {
      const text = JSON.stringify(message);
      return text + ' '.repeat(bytes - text.length);
    };
    const init = { type: 'connection_init', payload: world.admin.caller };
    const query = { id: 'q', type: 'subscribe', payload: { query: '{ viewer { user { email } } }' } };
    const raw = await Raw.open(null);
    raw.ws.send(padded(init, 64 * KIB));
    expect(await raw.next('connection_ack')).toBeDefined();
    raw.ws.send(padded(query, 1_024 * KIB));
    expect(await raw.next('complete', 'q')).toBeDefined();
    raw.ws.send(padded(query, 1_024 * KIB + 1));
    expect((await raw.closed).code).toBe(1009);

    const early = await Raw.open(null);
    early.ws.send(padded(init, 64 * KIB + 1));
    expect((await early.closed).code).toBe(1009);
    expect(early.messages).toEqual([]);
  });

  it('without a subprotocol is closed with 4406; with another one only, the client ends the handshake', async () => {
    const [code] = await once(new WebSocket(cluster.last.wsUrl), 'close');
    expect(code).toBe(4406);
    const [error] = await once(new WebSocket(cluster.last.wsUrl, 'graphql-ws'), 'error');
    expect(error.message).toBe('Server sent no subprotocol');
    const both = new WebSocket(cluster.last.wsUrl, ['graphql-ws', 'graphql-transport-ws']);
    await once(both, 'open');
    expect(both.protocol).toBe('graphql-transport-ws');
    both.terminate();
  });

  it('is closed for a message that is nested by the thousand', async () => {
    const raw = await Raw.open(world.admin.caller);
    raw.ws.send(
      `{"id":"deep","type":"subscribe","payload":{"query":"{ __typename }","variables":{"f":${'['.repeat(9_000)}${']'.repeat(9_000)}}}}`,
    );
    expect(await raw.closed).toMatchObject({ code: 4400 });
  });

  it.each(['a', 'an-id-of-36-characters-as-uuids-have', 'with "quotes" and ůmlauts', 'x'.repeat(200)])(
    'carries the id %j as it is',
    async (id) => {
      const raw = await Raw.open(world.admin.caller);
      raw.subscribe(id);
      expect(await raw.next('next', id)).toMatchObject({ payload: { data: { taskChanged: { kind: 'READY' } } } });
      await rename(`for ${id.slice(0, 20)}`);
      expect(await raw.next('next', id)).toMatchObject({ payload: { data: { taskChanged: { kind: 'CHANGED' } } } });
      raw.ws.close();
    },
  );

  it('is told nothing more of a subscription that it has completed', async () => {
    const raw = await Raw.open(world.admin.caller);
    raw.subscribe('gone');
    raw.subscribe('stays');
    await raw.next('next', 'gone');
    await raw.next('next', 'stays');
    raw.send({ id: 'gone', type: 'complete' });
    raw.send({ type: 'ping' });
    await raw.next('pong');
    await rename('after completion');
    await raw.next('next', 'stays');
    expect(raw.messages.filter(({ id }) => id === 'gone')).toEqual([]);
    raw.ws.close();
  });

  it('is closed when it has carried no operation for a while', async () => {
    const raw = await Raw.open(world.admin.caller);
    expect(await raw.closed).toMatchObject({ code: 4418, reason: 'IDLE' });
  });

  it('stays while it carries one', async () => {
    const stream = listen(cluster.last, world.admin.caller, CHANGES, { project: project.id });
    await stream.until(({ kind }) => kind === 'READY');
    await delay(2_500);
    await rename('still here');
    await stream.until((change) => change.task?.title === 'still here');
    await stream.stop();
  });
});

describe('a credential that is refreshed in-band', () => {
  const tokenFor = async (person: Person, seconds: number) =>
    `Bearer ${await cluster.issuer.token(person.email, { exp: Math.floor(Date.now() / 1000) + seconds })}`;

  it("lengthens the socket's life", async () => {
    const person = await world.member();
    const raw = await Raw.open({ ...person.caller, authorization: await tokenFor(person, 2) });
    raw.subscribe('s');
    await raw.next('next', 's');
    raw.send({ type: 'ping', payload: { authorization: await tokenFor(person, 3600) } });
    expect(await raw.next('pong')).toMatchObject({ payload: { expiresAt: expect.stringMatching(/^20\d\d-/) } });
    await delay(3_000);
    await rename('beyond the first token');
    expect(await raw.next('next', 's')).toBeDefined();
    raw.ws.close();
  });

  it("does not let another's in, nor a bad one", async () => {
    const [person, other] = [await world.member(), await world.member()];
    for (const authorization of [await tokenFor(other, 3600), `Bearer ${await cluster.issuer.forged(person.email)}`]) {
      const raw = await Raw.open(person.caller);
      raw.send({ type: 'ping', payload: { authorization } });
      expect((await raw.closed).code).toBe(4401);
    }
  });
});

describe('limits', () => {
  it('of sockets for one viewer', async () => {
    const person = await world.member();
    const open = [await Raw.open(person.caller), await Raw.open(person.caller), await Raw.open(person.caller)];
    expect(await (await Raw.open(person.caller)).closed).toMatchObject({
      code: 4420,
      reason: 'CONNECTIONS_PER_VIEWER',
    });
    open[0]?.ws.close();
    await open[0]?.closed;
    const again = await Raw.open(person.caller);
    again.send({ type: 'ping' });
    expect(await again.next('pong')).toBeDefined();
    for (const raw of [...open, again]) raw.ws.close();
  });

  it('of operations on one socket', async () => {
    const raw = await Raw.open(world.admin.caller);
    for (let i = 1; i <= 4; i += 1) raw.subscribe(String(i));
    for (let i = 1; i <= 4; i += 1) await raw.next('next', String(i));
    raw.subscribe('5');
    expect(await raw.next('error', '5')).toMatchObject({
      payload: [{ extensions: { code: 'LIMIT_EXCEEDED', reason: 'OPERATIONS_PER_SOCKET' } }],
    });
    raw.send({ id: '4', type: 'complete' });
    raw.subscribe('5');
    expect(await raw.next('next', '5')).toBeDefined();
    raw.ws.close();
  });

  it('of sockets from one address, and of how fast they come', async () => {
    const narrow = await startCluster({ MAX_SOCKETS_PER_ADDRESS: '4', MAX_CONNECTS_PER_SECOND: '1' });
    try {
      const url = narrow.last.wsUrl;
      const refusal = async () => {
        const ws = new WebSocket(url, 'graphql-transport-ws');
        ws.on('error', () => {});
        const [, response] = await once(ws, 'unexpected-response');
        return [response.statusCode, response.headers['retry-after']];
      };
      const open = [];
      for (let i = 0; i < 4; i += 1) open.push(await Raw.open(null, url));
      expect(await refusal()).toEqual([429, '30']);
      for (const raw of open) raw.ws.terminate();
      await Promise.all(open.map(({ closed }) => closed));
      for (let i = 0; i < 6; i += 1) {
        const raw = await Raw.open(null, url);
        raw.ws.terminate();
        await raw.closed;
      }
      expect(await refusal()).toEqual([429, '1']);
    } finally {
      await narrow.stop();
    }
  }, 30_000);
});

describe('a reader that stops reading', () => {
  it('is told RESYNC in place of what it did not take, closed with 4413, and delays nobody', async () => {
    const person = await world.member();
    const raw = await Raw.open(person.caller);
    raw.subscribe('slow', LARGE);
    await raw.next('next', 'slow');
    const witness = listen(cluster.last, world.admin.caller, LARGE, { project: project.id });
    await witness.until(({ kind }) => kind === 'READY');
    const before = await slowReaders();
    raw.ws.pause();
    const description = 'x'.repeat(19_000);
    let writes = 0;
    while ((await slowReaders()) === before && writes < 100) {
      writes += 1;
      await rename(`large ${writes}`, { description: `${writes} ${description}` });
      await witness.until((change) => change.task?.d0.startsWith(`${writes} `));
    }
    raw.ws.resume();
    expect(await raw.closed).toMatchObject({ code: 4413, reason: 'TOO_SLOW' });
    const last = raw.messages.at(-1)?.payload as unknown as { data: { taskChanged: { kind: string } } };
    expect(last.data.taskChanged.kind).toBe('RESYNC');
    expect(raw.messages.length - 1).toBeLessThan(writes);
    await rename('small again', { description: '' });
    await witness.until((change) => change.task?.d0 === '');
    await witness.stop();
  }, 60_000);

  it('is left after five seconds when it takes not even that', async () => {
    const person = await world.member();
    const raw = await Raw.open(person.caller);
    raw.subscribe('dead', LARGE);
    await raw.next('next', 'dead');
    raw.ws.pause();
    const description = 'y'.repeat(19_000);
    const startedAt = Date.now();
    for (let i = 0; i < 60; i += 1) await rename(`dead ${i}`, { description: `${i} ${description}` });
    await delay(6_000 - Math.min(5_000, Date.now() - startedAt));
    raw.ws.resume();
    expect([1006, 4413]).toContain((await raw.closed).code);
    await rename('small again', { description: '' });
  }, 60_000);
});

describe('standard clients', () => {
  it('graphql-ws, made resumable, loses and doubles nothing over reconnects', async () => {
    const sockets: WebSocket[] = [];
    const client = resumable(
      createClient({
        url: cluster.last.wsUrl,
        webSocketImpl: WebSocket,
        connectionParams: { ...world.admin.caller },
        retryWait: () => delay(20),
        on: { opened: (socket) => sockets.push(socket as WebSocket) },
      }),
    );
    const told: string[] = [];
    client.subscribe<{ taskChanged: { kind: string; task: { title: string } | null } }>(
      { query: CHANGES, variables: { project: project.id } },
      {
        next: ({ data }) => {
          if (data?.taskChanged.kind === 'CHANGED') told.push(data.taskChanged.task?.title ?? '');
        },
        error: () => {},
        complete: () => {},
      },
    );
    await until(() => sockets.length === 1, 'the first socket');
    await delay(300);
    for (let i = 0; i < 40; i += 1) {
      await rename(`resumed ${i}`);
      if (i % 8 === 3) sockets.at(-1)?.terminate();
    }
    await until(() => told.length >= 40, 'all changes');
    await delay(100);
    await client.dispose();
    // A change is read when it is told: what was told late shows the title of then, but each is told once.
    expect(told).toHaveLength(40);
    expect(told.at(-1)).toBe('resumed 39');
    expect(sockets.length).toBeGreaterThan(3);
  }, 30_000);

  const streamClient = (caller: Caller) =>
    resumable(
      createStreamClient({
        url: cluster.last.graphqlUrl,
        headers: {
          authorization: caller.authorization ?? '',
          ...(caller.companyId && { 'x-company-id': caller.companyId }),
        },
        retryAttempts: 0,
      }),
    );

  it('graphql-sse gets the same over an event stream, until its way in is closed', async () => {
    const person = await world.member();
    const client = streamClient(person.caller);
    const stream = client.iterate<{ taskChanged: { kind: string } }>({
      query: CHANGES,
      variables: { project: project.id },
    });
    const next = async () =>
      (await stream.next()).value as { data?: { taskChanged: { kind: string } }; errors?: { extensions: object }[] };
    expect((await next()).data?.taskChanged.kind).toBe('READY');
    await rename('over a stream');
    await until(async () => JSON.stringify((await next()).data).includes('over a stream'), 'the change');
    await deactivateMember(cluster.parts, world.admin.viewer, person.member.id);
    const startedAt = Date.now();
    expect((await next()).errors?.[0]?.extensions).toMatchObject({ reason: 'ACCESS_ENDED' });
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    expect((await stream.next()).done).toBe(true);
  });

  it('graphql-sse follows without an account, runs queries, and is told of what is wrong', async () => {
    const follow = await world.follow(task);
    const client = streamClient(follow.caller);
    const stream = client.iterate({ query: 'subscription { followedChanged { kind task { title } } }' });
    expect((await stream.next()).value).toMatchObject({ data: { followedChanged: { kind: 'READY' } } });
    await rename('for the follower');
    expect((await stream.next()).value).toMatchObject({
      data: { followedChanged: { task: { title: 'for the follower' } } },
    });
    await revokeFollow(cluster.parts, world.admin.viewer, follow.id);
    expect((await stream.next()).value).toMatchObject({ errors: [{ extensions: { reason: 'ACCESS_ENDED' } }] });

    const member = streamClient(world.admin.caller);
    const viewer = member.iterate({ query: '{ viewer { user { email } } }' });
    expect((await viewer.next()).value).toMatchObject({ data: { viewer: { user: { email: world.admin.email } } } });
    const wrong = member.iterate({ query: '{ nothing }' });
    expect((await wrong.next()).value).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  it.each([
    ['without a credential', {}, 401, 'UNAUTHENTICATED'],
    ['with a company of others', { 'x-company-id': 'company_01m860nd42fk5asp7hx7f2mzcm' }, 404, 'NOT_FOUND'],
  ])('an event stream %s is refused as HTTP refuses', async (_what, headers, status, code) => {
    const response = await fetch(cluster.last.graphqlUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(Object.keys(headers).length > 0 && { authorization: world.admin.caller.authorization ?? '' }),
        ...headers,
      },
      body: JSON.stringify({ query: CHANGES, variables: { project: project.id } }),
    });
    expect(response.status).toBe(status);
    expect((await response.json()).errors[0].extensions.code).toBe(code);
  });
});

describe('the figures of a project', () => {
  it('come at once, again after a burst, and far less often than the changes', async () => {
    const counted = await world.project();
    const query =
      'subscription ($project: ID!) { projectStatsChanged(projectId: $project) { kind stats { taskCount byStatus { status count } } } }';
    const stream = listen(cluster.last, world.admin.caller, query, { project: counted.id });
    expect(await stream.until(({ kind }) => kind === 'READY')).toMatchObject({ stats: { taskCount: 0, byStatus: [] } });
    for (let i = 0; i < 30; i += 1) await world.task(counted);
    await world.task(counted, { privacy: 'PRIVATE' });
    await stream.until(({ stats }) => stats.taskCount === 30);
    expect(stream.seen.at(-1).stats.byStatus).toEqual([{ status: 'NEW', count: 30 }]);
    expect(stream.seen.length).toBeLessThan(20);
    await stream.stop();
  });

  it('of what an external may not see do not even come again', async () => {
    const counted = await world.project();
    const external = await world.external();
    await world.grant(counted, external, 'VIEW');
    const query =
      'subscription ($project: ID!) { projectStatsChanged(projectId: $project) { kind stats { taskCount } } }';
    const stream = listen(cluster.last, external.caller, query, { project: counted.id });
    await stream.until(({ kind }) => kind === 'READY');
    for (let i = 0; i < 5; i += 1) await world.task(counted, { privacy: 'INTERNAL' });
    await delay(600);
    await world.task(counted);
    expect(await stream.until(({ kind }) => kind === 'CHANGED')).toMatchObject({ stats: { taskCount: 1 } });
    expect(stream.seen.filter(({ kind }) => kind === 'CHANGED')).toHaveLength(1);
    await stream.stop();
  });
});
