import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../src/schema/ids.js';
import { browserAt, emailIn, PUBLIC_URL } from '../harness/browser.js';
import { ask } from '../harness/client.js';
import { closeParts, type Node, openParts, startNode } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { readMetric } from '../harness/metrics.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import { CLIENT_ID, CLIENT_SECRET, proveDomain, signInBySso } from '../harness/single-sign-on.js';
import { until } from '../harness/until.js';
import { startVault, type Vault } from '../harness/vault.js';
import { World } from '../harness/world.js';

let database: TestDatabase;
let vault: Vault;
let operators: TestIssuer;
let own: TestIssuer;
let names: NameServer;
let node: Node;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  database = await createDatabase();
  vault = await startVault(database.dataDir);
  vault.addKey('data-keys');
  [operators, own] = [await startIssuer(), await startIssuer()];
  names = await startNameServer();
  env = {
    ...vault.env,
    PUBLIC_URL,
    DNS_SERVERS: names.address,
    ENCRYPTION_KEY: 'keyvault:data-keys',
    LOG_LEVEL: 'debug',
  };
}, 60_000);
afterAll(async () => {
  await node?.stop();
  await Promise.all([vault?.stop(), operators?.stop(), own?.stop(), names?.stop()]);
  await database?.drop();
});

const SAVE = `mutation ($input: SaveSsoProviderInput!) {
  saveSsoProvider(input: $input) { provider { id } userErrors { code } } }`;

it('without the vault no secret is kept or used, and everything else goes on; with it again all is as before', async () => {
  const parts = await openParts(database);
  const world = await World.found(parts, operators);
  const domain = `${newId('domain').slice(-10)}.example`;
  const { email } = await world.member({ email: `p@${domain}` });
  node = await startNode(database, operators, env);
  try {
    const { caller } = world.admin;
    await proveDomain(node, caller, names, domain);
    const input = { issuer: own.url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };

    vault.isAway = true;
    const refused = await ask(node, caller, SAVE, { input });
    expect(refused.errors[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE', reason: 'KEYS_UNAVAILABLE' });
    expect((await ask(node, caller, '{ singleSignOn { provider { id } } }')).data.singleSignOn.provider).toBe(null);
    vault.isAway = false;
    await until(async () => (await ask(node, caller, SAVE, { input })).errors.length === 0, 'the vault');
    const { browser } = await signInBySso(node, world, own, email);
    expect(await emailIn(node, browser)).toBe(email);

    // A process that has just started knows no key.
    await node.stop();
    node = await startNode(database, operators, env);
    vault.isAway = true;
    const away = browserAt(node);
    own.nextPerson(email);
    const { response } = await away.open(`${PUBLIC_URL}/auth/login?sso=${world.companyId}`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
    expect(away.cookies.has('aliteo-session')).toBe(false);
    expect((await ask(node, caller, '{ workspaces { id } }')).errors).toEqual([]);
    vault.isAway = false;
    await until(async () => (await signInBySso(node, world, own, email)).status === 404, 'the vault');
    expect(await readMetric(node, 'aliteo_keys_unwrapped_total')).toBe(1);
    expect(await readMetric(node, 'aliteo_key_faults_total')).toBeGreaterThan(0);
    expect(node.output()).toContain('keys: the vault has not done what it was asked for');
    expect(node.output()).not.toContain(CLIENT_SECRET);
  } finally {
    await closeParts(parts);
  }
}, 60_000);
