import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ask, type Caller, get } from '../harness/client.js';
import { type Cluster, type Node, startCluster } from '../harness/cluster.js';

const FOUND =
  'mutation ($name: String!) { foundCompany(input: { name: $name }) { company { id name } userErrors { code field } } }';
const MINE = '{ companies { role kind memberId company { name } } }';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ FOUNDING: 'on' });
}, 60_000);
afterAll(() => cluster?.stop());

const person = async (name: string): Promise<Caller> => ({
  authorization: `Bearer ${await cluster.issuer.token(`${name}@example.com`)}`,
});
const found = (caller: Caller, name: string, node: Node = cluster.first) => get(node, caller, FOUND, { name });

it('a person founds a company, is its first administrator, and its log begins with that', async () => {
  const ada = await person('founder-ada');
  const { foundCompany } = await found(ada, 'Founded');
  expect(foundCompany).toEqual({ company: { id: expect.any(String), name: 'Founded' }, userErrors: [] });
  const { companies } = await get(cluster.last, ada, MINE);
  expect(companies).toMatchObject([{ role: 'ADMIN', kind: 'INTERNAL', company: { name: 'Founded' } }]);
  const inside = { ...ada, companyId: foundCompany.company.id };
  const LOG = '{ workspaces { name } auditLog(last: 2) { nodes { action entryPoint actorId address } } }';
  const { workspaces, auditLog } = await get(cluster.last, inside, LOG);
  expect(workspaces).toEqual([{ name: 'General' }]);
  const [{ memberId: actorId }] = companies;
  expect(auditLog.nodes).toEqual([
    { action: 'member.added', entryPoint: 'USER', actorId, address: '127.0.0.1' },
    { action: 'company.founded', entryPoint: 'USER', actorId, address: '127.0.0.1' },
  ]);
});

it('nobody else gets into it by that', async () => {
  const eve = await person('founder-eve');
  const { foundCompany } = await found(await person('founder-bob'), 'Closed');
  const inside = { ...eve, companyId: foundCompany.company.id };
  expect((await ask(cluster.first, inside, MINE)).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
});

it('a company has a name, and a person founds a few in a day, also at once', async () => {
  const max = await person('founder-max');
  expect((await found(max, ' ')).foundCompany.userErrors).toEqual([{ code: 'REQUIRED', field: 'name' }]);
  const names = Array.from({ length: 8 }, (_, i) => `Company ${i}`);
  const outcomes = await Promise.all(
    names.map((name, i) => found(max, name, cluster.nodes[i % cluster.nodes.length] as Node)),
  );
  const codes = outcomes.flatMap(({ foundCompany }) =>
    foundCompany.userErrors.map(({ code }: { code: string }) => code),
  );
  expect(codes).toEqual(['TOO_MANY_COMPANIES', 'TOO_MANY_COMPANIES', 'TOO_MANY_COMPANIES']);
  expect((await get(cluster.first, max, MINE)).companies).toHaveLength(5);
});
