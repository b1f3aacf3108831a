import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import type { Project } from '../../src/entities/project.js';
import { listen } from '../harness/client.js';
import { type Cluster } from '../harness/cluster.js';
import { RawSocket } from '../harness/raw-socket.js';
import { CHANGES, Stage } from '../harness/stage.js';
import { type Person, World } from '../harness/world.js';

let stage: Stage;
let cluster: Cluster;
let world: World;
let project: Project;
beforeAll(async () => {
  stage = await Stage.open({ SOCKET_IDLE_MS: '1500' });
  ({ cluster, world, project } = stage);
}, 30_000);
afterAll(() => stage?.close());

describe('a socket', () => {
  it('answers a ping, with what was in it', async () => {
    const raw = await RawSocket.open(cluster.last, world.admin.caller);
    raw.send({ type: 'ping', payload: { n: 7 } });
    expect(await raw.next('pong')).toEqual({ type: 'pong', payload: { n: 7 } });
    raw.ws.close();
  });

  it('runs a query and a mutation once, and completes them', async () => {
    const raw = await RawSocket.open(cluster.last, world.admin.caller);
    raw.subscribe('q', '{ viewer { user { email } } }', {});
    expect(await raw.next('next', 'q')).toMatchObject({
      payload: { data: { viewer: { user: { email: world.admin.email } } } },
    });
    expect(await raw.next('complete', 'q')).toBeDefined();
    raw.ws.close();
  });

  it('is told which variable is not good, and the operator of no fault of ours', async () => {
    const raw = await RawSocket.open(cluster.last, world.admin.caller);
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
    const raw = await RawSocket.open(cluster.last, null);
    raw.ws.send(padded(init, 64 * KIB));
    expect(await raw.next('connection_ack')).toBeDefined();
    raw.ws.send(padded(query, 1_024 * KIB));
    expect(await raw.next('complete', 'q')).toBeDefined();
    raw.ws.send(padded(query, 1_024 * KIB + 1));
    expect((await raw.closed).code).toBe(1009);

    const early = await RawSocket.open(cluster.last, null);
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
    const raw = await RawSocket.open(cluster.last, world.admin.caller);
    raw.ws.send(
      `{"id":"deep","type":"subscribe","payload":{"query":"{ __typename }","variables":{"f":${'['.repeat(9_000)}${']'.repeat(9_000)}}}}`,
    );
    expect(await raw.closed).toMatchObject({ code: 4400 });
  });

  it.each(['a', 'an-id-of-36-characters-as-uuids-have', 'with "quotes" and ůmlauts', 'x'.repeat(200)])(
    'carries the id %j as it is',
    async (id) => {
      const raw = await RawSocket.open(cluster.last, world.admin.caller);
      raw.subscribe(id, CHANGES, { project: project.id });
      expect(await raw.next('next', id)).toMatchObject({ payload: { data: { taskChanged: { kind: 'READY' } } } });
      await stage.rename(`for ${id.slice(0, 20)}`);
      expect(await raw.next('next', id)).toMatchObject({ payload: { data: { taskChanged: { kind: 'CHANGED' } } } });
      raw.ws.close();
    },
  );

  it('is told nothing more of a subscription that it has completed', async () => {
    const raw = await RawSocket.open(cluster.last, world.admin.caller);
    raw.subscribe('gone', CHANGES, { project: project.id });
    raw.subscribe('stays', CHANGES, { project: project.id });
    await raw.next('next', 'gone');
    await raw.next('next', 'stays');
    raw.send({ id: 'gone', type: 'complete' });
    raw.send({ type: 'ping' });
    await raw.next('pong');
    await stage.rename('after completion');
    await raw.next('next', 'stays');
    expect(raw.messages.filter(({ id }) => id === 'gone')).toEqual([]);
    raw.ws.close();
  });

  it('is closed when it has carried no operation for a while', async () => {
    const raw = await RawSocket.open(cluster.last, world.admin.caller);
    expect(await raw.closed).toMatchObject({ code: 4418, reason: 'IDLE' });
  });

  it('stays while it carries one', async () => {
    const stream = listen(cluster.last, world.admin.caller, CHANGES, { project: project.id });
    await stream.until(({ kind }) => kind === 'READY');
    await delay(2_500);
    await stage.rename('still here');
    await stream.until((change) => change.task?.title === 'still here');
    await stream.stop();
  });
});

describe('a credential that is refreshed in-band', () => {
  const tokenFor = async (person: Person, seconds: number) =>
    `Bearer ${await cluster.issuer.token(person.email, { exp: Math.floor(Date.now() / 1000) + seconds })}`;

  it("lengthens the socket's life", async () => {
    const person = await world.member();
    const raw = await RawSocket.open(cluster.last, { ...person.caller, authorization: await tokenFor(person, 5) });
    raw.subscribe('s', CHANGES, { project: project.id });
    await raw.next('next', 's');
    raw.send({ type: 'ping', payload: { authorization: await tokenFor(person, 3600) } });
    expect(await raw.next('pong')).toMatchObject({ payload: { expiresAt: expect.stringMatching(/^20\d\d-/) } });
    await delay(5_500);
    await stage.rename('beyond the first token');
    expect(await raw.next('next', 's')).toBeDefined();
    raw.ws.close();
  });

  it("does not let another's in, nor a bad one", async () => {
    const [person, other] = [await world.member(), await world.member()];
    for (const authorization of [await tokenFor(other, 3600), `Bearer ${await cluster.issuer.forged(person.email)}`]) {
      const raw = await RawSocket.open(cluster.last, person.caller);
      raw.send({ type: 'ping', payload: { authorization } });
      expect((await raw.closed).code).toBe(4401);
    }
  });
});
