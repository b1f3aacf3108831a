import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../src/schema/ids.js';
import { Browser, callerIn, emailIn, PUBLIC_URL } from '../harness/browser.js';
import { get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type CompanyProvider, startCompanyProvider } from '../harness/company-provider.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import { change, proveDomain, ssoLogin } from '../harness/single-sign-on.js';
import { World } from '../harness/world.js';

let cluster: Cluster;
let names: NameServer;
let provider: CompanyProvider;
let world: World;
const domain = `${newId('domain').slice(-10)}.example`;
beforeAll(async () => {
  names = await startNameServer();
  cluster = await startCluster({ PUBLIC_URL, DNS_SERVERS: names.address });
  world = await World.found(cluster.parts, cluster.issuer);
  const { singleSignOn } = await get(cluster.first, world.admin.caller, '{ singleSignOn { callbackUrl loginUrl } }');
  expect(singleSignOn.loginUrl).toBe(`${PUBLIC_URL}/auth/login?sso=${world.companyId}`);
  provider = await startCompanyProvider(singleSignOn.callbackUrl, `${PUBLIC_URL}/auth/signed-out`);
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await provider?.stop();
  await names?.stop();
});

it("a company's people come in by a certified provider, go, and come again as somebody else", async () => {
  const { issuer, clientId, clientSecret } = provider;
  await proveDomain(cluster.first, world.admin.caller, names, domain);
  await change(cluster.first, world.admin.caller, 'saveSsoProvider', { issuer, clientId, clientSecret });
  const people = [
    await world.member({ email: `a@${domain}`, role: 'ADMIN' }),
    await world.member({ email: `b@${domain}` }),
  ];
  for (const { email } of people) {
    provider.person = email;
    // The cookies of the provider and ours have names of their own.
    const browser = new Browser({ behind: { publicUrl: PUBLIC_URL, node: cluster.first } });
    await browser.open(ssoLogin(world.companyId));
    expect(browser.visited.at(-1)?.href).toBe(`${PUBLIC_URL}/after`);
    for (const node of cluster.nodes) expect(await emailIn(node, browser)).toBe(email);
    const { sessions } = await get(cluster.first, callerIn(browser), '{ sessions { isCurrent } }');
    expect(sessions).toEqual([{ isCurrent: true }]);
    const accept = { accept: 'application/json', origin: PUBLIC_URL };
    const { response } = await browser.open(`${PUBLIC_URL}/auth/logout`, {}, accept);
    const { location } = (await response.json()) as { location: string };
    expect(location.startsWith(`${issuer}/session/end?`)).toBe(true);
  }
  for (const node of cluster.nodes) expect(node.output()).not.toContain(clientSecret);
}, 60_000);

it('a wrong secret lets nobody in, and the log does not tell it', async () => {
  const clientSecret = 'planted-and-wrong';
  const { issuer, clientId } = provider;
  await change(cluster.first, world.admin.caller, 'saveSsoProvider', { issuer, clientId, clientSecret });
  provider.person = `a@${domain}`;
  const browser = new Browser({ behind: { publicUrl: PUBLIC_URL, node: cluster.first } });
  const { response } = await browser.open(ssoLogin(world.companyId));
  expect(response.status).toBe(400);
  expect(browser.cookies.has('aliteo-session')).toBe(false);
  expect(await cluster.first.logged('login: refused')).toMatchObject({ status: 400 });
  for (const node of cluster.nodes) expect(node.output()).not.toContain(clientSecret);
});
