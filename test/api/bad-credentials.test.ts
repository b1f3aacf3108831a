import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { revokeApiKey } from '../../src/domain/api-keys.js';
import { revokeFollow } from '../../src/domain/follows.js';
import { networkOf } from '../../src/transport/address-ranges.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { World } from '../harness/world.js';

const MOST = 5;

let cluster: Cluster;
let world: World;
beforeAll(async () => {
  cluster = await startCluster({ TRUSTED_PROXIES: '127.0.0.1', BAD_CREDENTIALS_PER_MINUTE: String(MOST) });
  world = await World.found(cluster.parts, cluster.issuer);
}, 60_000);
afterAll(() => cluster?.stop());

/** A network of its own for each test, as a proxy tells it. */
const newNetwork = () => `2001:db8:${Math.floor(Math.random() * 65_536).toString(16)}:${process.pid.toString(16)}`;

async function ask(address: string, authorization: string, path = '/graphql') {
  const isGraphql = path === '/graphql';
  const response = await fetch(cluster.first.url + path, {
    method: isGraphql ? 'POST' : 'GET',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address, authorization },
    ...(isGraphql && { body: JSON.stringify({ query: '{ rateLimit { limit } }' }) }),
  });
  return response;
}

describe('credentials that are none', () => {
  it.each([
    ['tokens', () => 'Bearer x.y.z'],
    ['keys', () => `Bearer aliteo_key_${'0'.repeat(26)}_${'a'.repeat(43)}`],
    ['links', () => 'Follow nowhere'],
    ['support tokens', () => 'Bearer aliteo_support_x'],
  ])('are counted for a network, whatever they are: %s; then it is refused all the same', async (_what, shown) => {
    const network = newNetwork();
    for (let i = 1; i <= MOST; i += 1) expect((await ask(`${network}::${i}`, shown())).status).toBe(401);
    const refused = await ask(`${network}::99`, shown());
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(`${network}::1`, world.admin.caller.authorization ?? '')).status).toBe(429);
    // The neighbours are others.
    expect((await ask(`${newNetwork()}::1`, shown())).status).toBe(401);
  });

  it('are not those that were good once: a client that has not noticed does nobody harm', async () => {
    const network = newNetwork();
    const expired = await cluster.issuer.token(world.admin.email, { exp: Math.floor(Date.now() / 1_000) - 600 });
    const key = await world.key(['TASKS_READ']);
    await revokeApiKey(cluster.parts, world.admin.viewer, key.id);
    const link = await world.follow(await world.task(await world.project()));
    await revokeFollow(cluster.parts, world.admin.viewer, link.id);
    for (const shown of [`Bearer ${expired}`, key.caller.authorization, link.caller.authorization])
      for (let i = 0; i <= MOST; i += 1) expect((await ask(`${network}::1`, shown ?? '')).status).toBe(401);
    expect((await ask(`${network}::1`, world.admin.caller.authorization ?? '')).status).toBe(200);
  });
});

it('sessions that nobody has are counted like them', async () => {
  const network = newNetwork();
  const statuses: number[] = [];
  for (let i = 0; i <= MOST; i += 1) {
    const cookie = `aliteo-session=${'a'.repeat(43)}`;
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-for': `${network}::${i}`,
      origin: cluster.first.url,
      cookie,
    };
    const body = JSON.stringify({ query: '{ rateLimit { limit } }' });
    statuses.push((await fetch(cluster.first.graphqlUrl, { method: 'POST', headers, body })).status);
  }
  expect(statuses).toEqual([...Array<number>(MOST).fill(401), 429]);
});

it.each(['/auth/login?return=/', '/export/audit.ndjson'])('%s says how much is left', async (path) => {
  const address = `${newNetwork()}::1`;
  const headersOf = async () => {
    const { headers } = await ask(address, world.admin.caller.authorization ?? '', path);
    return ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`ratelimit-${name}`)));
  };
  const [limit = 0, remaining = 0, reset = 0] = await headersOf();
  expect(remaining).toBeLessThan(limit);
  expect(reset).toBeGreaterThan(0);
  expect((await headersOf())[1]).toBeLessThan(remaining);
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s is of the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
