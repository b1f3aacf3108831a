import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import type { Project } from '../../src/entities/project.js';
import { type Caller, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { RawSocket } from '../harness/raw-socket.js';
import { CHANGES, Stage } from '../harness/stage.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

/** A few of its payloads fill all that the system keeps for a reader who does not read. */
const LARGE = `subscription ($project: ID!) {
  taskChanged(projectId: $project) { kind task { ${Array.from({ length: 20 }, (_, i) => `d${i}: description`).join(' ')} } } }`;

let stage: Stage;
let cluster: Cluster;
let world: World;
let project: Project;
beforeAll(async () => {
  stage = await Stage.open({
    MAX_SOCKETS_PER_VIEWER: '3',
    MAX_SUBSCRIPTIONS_PER_SOCKET: '4',
    QUEUE_LIMIT_BYTES: '65536',
  });
  ({ cluster, world, project } = stage);
}, 30_000);
afterAll(() => stage?.close());

/** How many sockets the last process has closed for being slow. */
async function slowReaders(): Promise<number> {
  const text = await (await fetch(cluster.last.metricsUrl)).text();
  return Number(/^aliteo_slow_readers_total (\d+)$/m.exec(text)?.[1]);
}

async function expectOpen(sockets: readonly RawSocket[]): Promise<void> {
  for (const raw of sockets) {
    raw.send({ type: 'ping' });
    expect(await raw.next('pong')).toBeDefined();
  }
}

describe('limits', () => {
  it.each<[string, () => Promise<{ caller: Caller }>]>([
    ['a person', () => world.member()],
    ['a program', () => world.key(['TASKS_READ'])],
    ['the operator’s support', () => world.support()],
    ['a follower who came in at the door', () => world.follower(stage.task)],
  ])('of sockets for one viewer: %s', async (_who, someone) => {
    const [{ caller }, other] = [await someone(), await someone()];
    const open = [
      await RawSocket.open(cluster.last, caller),
      await RawSocket.open(cluster.last, caller),
      await RawSocket.open(cluster.last, caller),
    ];
    expect(await (await RawSocket.open(cluster.last, caller)).closed).toMatchObject({
      code: 4420,
      reason: 'CONNECTIONS_PER_VIEWER',
    });
    open[0]?.ws.close();
    await open[0]?.closed;
    const more = [await RawSocket.open(cluster.last, caller), await RawSocket.open(cluster.last, other.caller)];
    await expectOpen(more);
    for (const raw of [...open, ...more]) raw.ws.close();
  });

  it('but not of those who show one link as it is: it may be in many hands', async () => {
    const { caller } = await world.follow(stage.task);
    const open = [];
    for (let i = 0; i < 4; i += 1) open.push(await RawSocket.open(cluster.last, caller));
    await expectOpen(open);
    for (const raw of open) raw.ws.close();
  });

  it('of sockets for one person without a company', async () => {
    const person = await world.member();
    const elsewhere = await World.found(cluster.parts, cluster.issuer);
    await elsewhere.member({ email: person.email });
    const nowhere = { authorization: person.caller.authorization };
    const open = [];
    for (let i = 0; i < 3; i += 1) open.push(await RawSocket.open(cluster.last, nowhere));
    expect(await (await RawSocket.open(cluster.last, nowhere)).closed).toMatchObject({ code: 4420 });
    await expectOpen(open);
    for (const raw of open) raw.ws.close();
  });

  it('of operations on one socket', async () => {
    const raw = await RawSocket.open(cluster.last, world.admin.caller);
    for (let i = 1; i <= 4; i += 1) raw.subscribe(String(i), CHANGES, { project: project.id });
    for (let i = 1; i <= 4; i += 1) await raw.next('next', String(i));
    raw.subscribe('5', CHANGES, { project: project.id });
    expect(await raw.next('error', '5')).toMatchObject({
      payload: [{ extensions: { code: 'LIMIT_EXCEEDED', reason: 'OPERATIONS_PER_SOCKET' } }],
    });
    raw.send({ id: '4', type: 'complete' });
    raw.subscribe('5', CHANGES, { project: project.id });
    expect(await raw.next('next', '5')).toBeDefined();
    raw.ws.close();
  });

  it('of operations at work, also of those that are completed as soon as they are asked for', async () => {
    const raw = await RawSocket.open(cluster.last, world.admin.caller);
    const query = `query ($project: ID!) { tasks(projectId: $project, first: 90) { nodes { history(first: 100) { nodes { id } } } } }`;
    const burst = Array.from({ length: 60 }, (_, i) => `burst ${i}`);
    for (const id of burst) {
      raw.subscribe(id, query, { project: project.id });
      raw.send({ id, type: 'complete' });
    }
    const ofBurst = (wanted: string) =>
      raw.messages.filter(({ id, type }) => String(id).startsWith('burst') && type === wanted);
    // The last one may find room again: that depends on how quickly the first ones are done.
    await until(async () => ofBurst('error').length > 30, 'most of them are refused');
    expect(ofBurst('next').length).toBeLessThan(10);
    let tries = 0;
    await until(async () => {
      tries += 1;
      raw.subscribe(`again ${tries}`, '{ __typename }', {});
      return raw.messages.some(({ type, id }) => type === 'next' && String(id).startsWith('again'));
    }, 'room for another one');
    raw.ws.close();
  });

  it('of connections from one address, and of how fast they come', async () => {
    const narrow = await startCluster({ MAX_SOCKETS_PER_ADDRESS: '4', MAX_CONNECTS_PER_SECOND: '1' });
    try {
      /** Connects for a moment; answers how that was refused, or null. */
      const knock = () =>
        new Promise<unknown>((resolve) => {
          const ws = new WebSocket(narrow.last.wsUrl, 'graphql-transport-ws');
          ws.on('error', () => {});
          ws.once('open', () => ws.terminate());
          ws.once('close', () => resolve(null));
          ws.once('unexpected-response', (_request, { statusCode, headers }) =>
            resolve([statusCode, headers['retry-after']]),
          );
        });
      const open = [];
      for (let i = 0; i < 4; i += 1) open.push(await RawSocket.open(narrow.last, null));
      expect(await knock()).toEqual([429, '30']);
      const own = await World.found(narrow.parts, narrow.issuer);
      const response = await fetch(narrow.last.graphqlUrl, {
        method: 'POST',
        headers: {
          authorization: own.admin.caller.authorization ?? '',
          accept: 'text/event-stream',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ query: '{ viewer { user { id } } }' }),
      });
      const [error] = (await response.json()).errors;
      expect([response.status, error.extensions.reason]).toEqual([429, 'CONNECTIONS_PER_ADDRESS']);
      for (const raw of open) raw.ws.terminate();
      await Promise.all(open.map(({ closed }) => closed));
      // The burst is spent at some time: one a second comes back, many more are asked for.
      let refusal: unknown = null;
      for (let i = 0; i < 200 && !refusal; i += 1) refusal = await knock();
      expect(refusal).toEqual([429, '1']);
    } finally {
      await narrow.stop();
    }
  }, 30_000);
});

describe('a reader that stops reading', () => {
  it('is told RESYNC in place of what it did not take, closed with 4413, and delays nobody', async () => {
    const person = await world.member();
    const raw = await RawSocket.open(cluster.last, person.caller);
    raw.subscribe('slow', LARGE, { project: project.id });
    await raw.next('next', 'slow');
    const witness = listen(cluster.last, world.admin.caller, LARGE, { project: project.id });
    await witness.until(({ kind }) => kind === 'READY');
    const before = await slowReaders();
    raw.ws.pause();
    const description = 'x'.repeat(19_000);
    let writes = 0;
    while ((await slowReaders()) === before && writes < 100) {
      writes += 1;
      await stage.rename(`large ${writes}`, { description: `${writes} ${description}` });
      await witness.until((change) => change.task?.d0.startsWith(`${writes} `));
    }
    raw.ws.resume();
    expect(await raw.closed).toMatchObject({ code: 4413, reason: 'TOO_SLOW' });
    const last = raw.messages.at(-1)?.payload as unknown as { data: { taskChanged: { kind: string } } };
    expect(last.data.taskChanged.kind).toBe('RESYNC');
    expect(raw.messages.length - 1).toBeLessThan(writes);
    await stage.rename('small again', { description: '' });
    await witness.until((change) => change.task?.d0 === '');
    await witness.stop();
  }, 60_000);

  it('is left after five seconds when it takes not even that', async () => {
    const person = await world.member();
    const raw = await RawSocket.open(cluster.last, person.caller);
    raw.subscribe('dead', LARGE, { project: project.id });
    await raw.next('next', 'dead');
    raw.ws.pause();
    const description = 'y'.repeat(19_000);
    const startedAt = Date.now();
    for (let i = 0; i < 60; i += 1) await stage.rename(`dead ${i}`, { description: `${i} ${description}` });
    await delay(6_000 - Math.min(5_000, Date.now() - startedAt));
    raw.ws.resume();
    expect([1006, 4413]).toContain((await raw.closed).code);
    await stage.rename('small again', { description: '' });
  }, 60_000);
});
