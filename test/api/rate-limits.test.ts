import { createHash, randomUUID } from 'node:crypto';
import type { GraphQLRequestListener } from '@apollo/server';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execution, type HttpContext } from '../../src/server/apollo-execution.js';
import { BEHIND_PROXY, newAddress } from '../follow/knocking.js';
import { ask, type Caller, listen } from '../harness/client.js';
import { type Cluster, type Node, startCluster } from '../harness/cluster.js';
import { RawSocket } from '../harness/raw-socket.js';
import { World } from '../harness/world.js';

const POINTS = 1_000;
/** Of these tests alone: whoever has no account shares what their address may spend. */
const ADDRESS = newAddress();

let cluster: Cluster;
let world: World;
beforeAll(async () => {
  cluster = await startCluster({ ...BEHIND_PROXY, RATE_LIMIT_POINTS: String(POINTS), COST_LIMIT: '500' });
  world = await World.found(cluster.parts, cluster.issuer);
}, 30_000);
afterAll(() => cluster?.stop());

const members = (count: number) => `{ members(first: ${count}) { nodes { id name } } }`;

async function send(node: Node, person: { caller: Caller } | null, body: object) {
  const response = await fetch(node.graphqlUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': ADDRESS,
      ...(person?.caller.authorization && { authorization: person.caller.authorization }),
      ...(person?.caller.companyId && { 'x-company-id': person.caller.companyId }),
    },
    body: JSON.stringify(body),
  });
  const header = (name: string) => Number(response.headers.get(name));
  const answer = (await response.json()) as {
    data: unknown;
    errors?: { extensions: { code?: string } }[];
    extensions?: object;
  };
  return { status: response.status, header, ...answer };
}

describe('what an operation costs', () => {
  it('is told, and grows with the pages', async () => {
    const person = await world.member();
    const costOf = async (query: string) => (await send(cluster.first, person, { query })).extensions;
    expect(await costOf(members(3))).toEqual({ cost: { requested: 4, limit: 500 } });
    expect(await costOf(members(30))).toEqual({ cost: { requested: 31, limit: 500 } });
    expect(await costOf('{ __typename }')).toEqual({ cost: { requested: 1, limit: 500 } });
  });

  it('counts what variables say, and the pages inside of pages', async () => {
    const person = await world.member();
    const project = await world.project('INTERNAL');
    const query = `query ($n: Int!) { tasks(projectId: "${project.id}", first: $n) { nodes { comments(last: 10) { nodes { author { id } } } } } }`;
    const { extensions } = await send(cluster.first, person, { query, variables: { n: 4 } });
    // The list, and of each of four tasks itself, its comments' page, and ten comments with their authors.
    expect(extensions).toEqual({ cost: { requested: 1 + 4 * (1 + 1 + 10 * 2), limit: 500 } });
  });

  it.each(['over HTTP', 'over WebSocket'])('is refused beyond the limit, %s', async (way) => {
    const person = await world.member();
    const query = `{ ${Array.from({ length: 6 }, (_, i) => `m${i}: members(first: 100) { nodes { id } }`).join(' ')} }`;
    if (way === 'over HTTP') {
      const answer = await send(cluster.first, person, { query });
      expect(answer.status).toBe(400);
      expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_REQUEST', reason: 'TOO_COSTLY' });
    } else {
      const stream = listen(cluster.first, person.caller, query);
      const [error] = await stream.failed;
      expect(error?.extensions).toEqual({ code: 'BAD_REQUEST', reason: 'TOO_COSTLY' });
      await stream.stop();
    }
  });
});

describe('a viewer', () => {
  it('spends what their operations cost, on all processes together, and is refused when nothing is left', async () => {
    const person = await world.member();
    let spent = 0;
    let refused: Awaited<ReturnType<typeof send>> | null = null;
    for (let i = 0; i < 40 && !refused; i += 1) {
      const node = cluster.nodes[i % cluster.nodes.length] as Node;
      const answer = await send(node, person, { query: members(99) });
      if (answer.status === 429) refused = answer;
      else spent += 100;
    }
    // A process may have taken a fiftieth that it has not given out.
    expect(spent).toBeGreaterThan(POINTS - 200);
    expect(spent).toBeLessThanOrEqual(POINTS);
    expect(refused?.errors?.[0]?.extensions).toEqual({ code: 'LIMIT_EXCEEDED', reason: 'RATE_LIMIT' });
    expect(refused?.header('retry-after')).toBeGreaterThan(0);
    expect(refused?.header('retry-after')).toBeLessThanOrEqual(60);

    const other = await world.member();
    expect((await send(cluster.first, other, { query: members(1) })).status).toBe(200);
    const stream = listen(cluster.last, person.caller, members(99));
    expect((await stream.failed)[0]?.extensions).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await stream.stop();
  });

  it('pays for requests that are none as well', async () => {
    const person = await world.member();
    const before = (await send(cluster.first, person, { query: '{ __typename }' })).header('ratelimit-remaining');
    for (let i = 0; i < 5; i += 1) await send(cluster.first, person, { query: `{ nothing${i} }` });
    const after = (await send(cluster.first, person, { query: '{ __typename }' })).header('ratelimit-remaining');
    expect(before - after).toBe(5 * 10 + 1);
  });

  it('pays for each fresh credential that they show over a socket, and is let go when nothing is left', async () => {
    const person = await world.member();
    const raw = await RawSocket.open(cluster.last, person.caller);
    const left = async () =>
      (await send(cluster.last, person, { query: '{ __typename }' })).header('ratelimit-remaining');
    const before = await left();
    raw.send({ type: 'ping' });
    expect(await raw.next('pong')).toBeDefined();
    for (let i = 0; i < 3; i += 1) {
      raw.send({ type: 'ping', payload: { authorization: person.caller.authorization } });
      expect(await raw.next('pong')).toMatchObject({ payload: { expiresAt: expect.any(String) } });
    }
    expect(before - (await left())).toBe(3 * 100 + 1);
    for (let i = 0; i < POINTS / 100; i += 1)
      raw.send({ type: 'ping', payload: { authorization: person.caller.authorization } });
    expect(await raw.closed).toMatchObject({ code: 4420, reason: 'RATE_LIMIT' });
  });

  it('asks what is left', async () => {
    const person = await world.member();
    const { data } = await ask(cluster.first, person.caller, '{ rateLimit { limit remaining resetAt } }');
    expect(data.rateLimit.limit).toBe(POINTS);
    expect(data.rateLimit.remaining).toBeLessThan(POINTS);
    expect(Date.parse(data.rateLimit.resetAt)).toBeGreaterThan(Date.now());
  });
});

describe('a document that is named by its hash', () => {
  // What was sent once is known for a while.
  const text = `${members(2)} # ${randomUUID()}`;
  const persistedQuery = { version: 1, sha256Hash: createHash('sha256').update(text).digest('hex') };

  it('is asked for once, and then known to every process', async () => {
    const person = await world.member();
    const unknown = await send(cluster.first, person, { extensions: { persistedQuery } });
    expect(unknown.errors?.[0]?.extensions).toEqual({ code: 'PERSISTED_QUERY_NOT_FOUND' });
    const sent = await send(cluster.first, person, { query: text, extensions: { persistedQuery } });
    expect(sent.errors).toBeUndefined();
    for (const node of cluster.nodes)
      expect((await send(node, person, { extensions: { persistedQuery } })).data).toEqual(sent.data);
  });

  it('is kept for who has an account, and costs them what it takes; for nobody else', async () => {
    const document = `{ rateLimit { remaining } } # ${randomUUID()}${'x'.repeat(5_000)}`;
    const extensions = {
      persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(document).digest('hex') },
    };
    const task = await world.task(await world.project());
    for (const { caller } of [{ caller: {} }, await world.follow(task)]) {
      await send(cluster.first, { caller }, { query: document, extensions });
      const again = await send(cluster.first, { caller }, { extensions });
      expect(again.errors?.[0]?.extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
    }
    const person = await world.member();
    const { data } = await send(cluster.first, person, { query: document, extensions });
    const { remaining } = (data as { rateLimit: { remaining: number } }).rateLimit;
    expect(POINTS - remaining).toBeGreaterThanOrEqual(500);
    expect((await send(cluster.last, person, { extensions })).errors).toBeUndefined();
  });

  it('is not run when it became known only after it was looked at whether it may be: somebody else has sent it', async () => {
    const listener = await execution({} as never).requestDidStart?.({} as never);
    const asked = { source: '{ followed { id } }', contextValue: { query: null } };
    const running = (listener as GraphQLRequestListener<HttpContext>).didResolveOperation?.(asked as never);
    await expect(running).rejects.toMatchObject({ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } });
  });

  it('is refused when its hash is that of another one', async () => {
    const person = await world.member();
    const answer = await send(cluster.first, person, { query: members(7), extensions: { persistedQuery } });
    expect([
      answer.status,
      answer.errors?.[0]?.extensions && (answer.errors[0].extensions as { code: string }).code,
    ]).toEqual([400, 'BAD_REQUEST']);
  });
});
