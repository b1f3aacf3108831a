import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rotateApiKey } from '../../src/domain/api-keys.js';
import { readAudit } from '../../src/domain/audit.js';
import { BEHIND_PROXY, newAddress } from '../follow/knocking.js';
import type { Caller } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
beforeAll(async () => {
  cluster = await startCluster(BEHIND_PROXY);
  world = await World.found(cluster.parts, cluster.issuer);
}, 60_000);
afterAll(() => cluster?.stop());

/** Comes in from an address, at every process. */
async function enter({ authorization = '', companyId }: Caller, address: string): Promise<void> {
  const headers = { authorization, 'content-type': 'application/json', 'x-forwarded-for': address };
  for (const { graphqlUrl } of cluster.nodes) {
    const named = companyId ? { ...headers, 'x-company-id': companyId } : headers;
    const body = JSON.stringify({ query: '{ rateLimit { limit } }' });
    expect((await fetch(graphqlUrl, { method: 'POST', headers: named, body })).status).toBe(200);
  }
}
/** From where somebody has come in, once so many entries are there. */
async function placesOf(actorId: string, count: number): Promise<(string | null)[]> {
  const read = async () =>
    (await readAudit(cluster.parts.orm, world.companyId, 0, 1_000)).filter(
      (entry) => entry.actorId === actorId && entry.action.endsWith('.entered'),
    );
  await until(async () => (await read()).length >= count, `${count} entries of ${actorId}`);
  return (await read()).map(({ address }) => address ?? null);
}
const withHost = (address: string, host: string) => address.replace(/::.*$/, `::${host}`);

it('an API key is told of from each network, and with each secret that it is given', async () => {
  const { id, caller } = await world.key(['TASKS_READ']);
  const [home, away] = [newAddress(), newAddress()];
  await enter(caller, home);
  await enter(caller, withHost(home, '2'));
  await enter(caller, home);
  await enter(caller, away);
  expect(await placesOf(id, 2)).toEqual([home, away]);
  const { secret } = (await rotateApiKey(cluster.parts, world.admin.viewer, id, 3_600, null)).result;
  await enter({ authorization: `Bearer ${secret}` }, home);
  await enter(caller, home);
  await enter({ authorization: `Bearer ${secret}` }, away);
  expect(await placesOf(id, 4)).toEqual([home, away, home, away]);
});

it('a token is told of from each network', async () => {
  const { member, caller } = await world.member();
  const [home, away] = [newAddress(), newAddress()];
  for (const address of [home, withHost(home, '2'), home, away, home, away]) await enter(caller, address);
  expect(await placesOf(member.id, 2)).toEqual([home, away]);
});
