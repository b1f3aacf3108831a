import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { revokeApiKey } from '../../src/domain/api-keys.js';
import { BEHIND_PROXY, newAddress } from '../follow/knocking.js';
import type { Caller } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { RawSocket } from '../harness/raw-socket.js';
import { World } from '../harness/world.js';

/** Thirty faults' worth. */
const POINTS = 300;
/** More than anything that is asked here may be asked. */
const MANY = 150;
const QUESTION = JSON.stringify({ query: '{ __typename }' });

let cluster: Cluster;
let world: World;
let other: World;
beforeAll(async () => {
  cluster = await startCluster({ ...BEHIND_PROXY, RATE_LIMIT_POINTS: String(POINTS) });
  world = await World.found(cluster.parts, cluster.issuer);
  other = await World.found(cluster.parts, cluster.issuer);
}, 60_000);
afterAll(() => cluster?.stop());

let address: string;
beforeEach(() => {
  address = newAddress();
});

interface Asked {
  caller?: Caller;
  path?: string;
  /** None for a GET. */
  body?: string;
  accept?: string;
}
async function send({ caller = {}, path = '/graphql', body, accept = 'application/json' }: Asked): Promise<Response> {
  const headers: Record<string, string> = { accept, 'content-type': 'application/json', 'x-forwarded-for': address };
  if (caller.authorization) headers.authorization = caller.authorization;
  if (caller.companyId) headers['x-company-id'] = caller.companyId;
  const method = body === undefined ? 'GET' : 'POST';
  return fetch(cluster.first.url + path, { method, headers, body: body ?? null, redirect: 'manual' });
}

/** Asks on and on. What was answered, and with how much left, until it was asked too often. */
async function sendMany(asked: Asked): Promise<{ before: number; refused: Response }> {
  const { status: before } = await send(asked);
  for (let i = 0; i < MANY; i += 1) {
    const response = await send(asked);
    if (response.status === 429) return { before, refused: response };
    expect(response.status).toBe(before);
  }
  throw new Error(`${MANY} times ${before}`);
}

const standingOf = ({ headers }: Response) =>
  ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`ratelimit-${name}`) ?? Number.NaN));
function expectStanding(response: Response, limit = POINTS): void {
  const [told, remaining, reset] = standingOf(response);
  expect(told).toBe(limit);
  expect(remaining).toBeGreaterThanOrEqual(0);
  expect(remaining).toBeLessThanOrEqual(limit);
  expect(reset).toBeGreaterThan(0);
  expect(reset).toBeLessThanOrEqual(60);
}

/** What is wrong, and how it is answered at first. */
const FAULTS: Record<string, [status: number, limit: number, asked: () => Asked | Promise<Asked>]> = {
  'what is no JSON': [400, POINTS, () => ({ body: '{ "query": ' })],
  'a company that is not theirs': [404, POINTS, () => ({ caller: foreign(), body: QUESTION })],
  'an API key that was revoked': [401, POINTS, async () => ({ caller: await revokedKey(), body: QUESTION })],
  'junk at the door of followers': [400, 120, () => ({ path: '/follow/token', body: 'junk' })],
  'a company that is not theirs at the export': [
    404,
    POINTS,
    () => ({ caller: foreign(), path: '/export/audit.ndjson' }),
  ],
};
const foreign = (): Caller => ({ ...world.admin.caller, companyId: other.companyId });
async function revokedKey(): Promise<Caller> {
  const { id, caller } = await world.key(['TASKS_READ']);
  await revokeApiKey(cluster.parts, world.admin.viewer, id);
  return caller;
}

describe('is not looked at without end, and the refusal says how much is left:', () => {
  it.each(Object.keys(FAULTS))('%s', async (what) => {
    const [status, limit, asked] = FAULTS[what] as (typeof FAULTS)[string];
    const { before, refused } = await sendMany(await asked());
    expect(before).toBe(status);
    expectStanding(refused, limit);
    expect(standingOf(refused)[1]).toBeLessThan(10);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // The neighbours are others.
    address = newAddress();
    expect((await send(await asked())).status).toBe(status);
  });

  it('signing in', async () => {
    const { before, refused } = await sendMany({ path: '/auth/login?return=/' });
    expect(before).toBe(303);
    expectStanding(refused);
  });

  it('the export, for who has the right to it', async () => {
    const response = await send({ caller: world.admin.caller, path: '/export/audit.ndjson' });
    expect(response.status).toBe(429);
    expectStanding(response);
  });
});

it('faulty documents over one socket are refused in the end', async () => {
  const raw = await RawSocket.open(cluster.last, (await world.member()).caller);
  const codes: string[] = [];
  for (let i = 0; i < MANY && codes.at(-1) !== 'LIMIT_EXCEEDED'; i += 1) {
    raw.subscribe(`${i}`, `{ nothing${i} }`, {});
    const { payload: [error] = [] } = ((await raw.next('error', `${i}`)) ?? {}) as { payload?: Fault[] };
    codes.push(error?.extensions.code ?? 'NONE');
  }
  expect([codes[0], codes.at(-1)]).toEqual(['GRAPHQL_VALIDATION_FAILED', 'LIMIT_EXCEEDED']);
  expect(codes.length).toBeGreaterThan(POINTS / 10 - 2);
  raw.ws.close();
});
interface Fault {
  extensions: { code: string };
}

describe('how much is left is said with', () => {
  it.each<[string, number, () => Asked]>([
    ['what is no JSON', 400, () => ({ body: '{' })],
    ['a credential that is none', 401, () => ({ caller: { authorization: 'Bearer x.y.z' }, body: QUESTION })],
    ['a company that is not theirs', 404, () => ({ caller: foreign(), body: QUESTION })],
  ])('%s, which costs ten', async (_what, status, asked) => {
    const [first, second] = [await send(asked()), await send(asked())];
    expect([first.status, second.status]).toEqual([status, status]);
    for (const response of [first, second]) expectStanding(response);
    expect((standingOf(first)[1] ?? 0) - (standingOf(second)[1] ?? 0)).toBe(10);
  });

  it('an event stream', async () => {
    const { caller } = await world.member();
    const response = await send({ caller, body: QUESTION, accept: 'text/event-stream' });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/event-stream'),
    ]);
    expectStanding(response);
    await response.text();
  });

  it('what the door of followers does not understand', async () => {
    const response = await send({ path: '/follow/token', body: '{}' });
    expect(response.status).toBe(400);
    expectStanding(response, 120);
  });
});
