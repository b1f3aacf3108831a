import { type Browser, browserAt, PUBLIC_URL } from './browser.js';
import { type Caller, get } from './client.js';
import type { Node } from './cluster.js';
import type { TestIssuer } from './issuer.js';
import type { NameServer } from './name-server.js';
import type { World } from './world.js';

/** Of the issuers of the tests. */
export const CLIENT_ID = 'test-browser';
export const CLIENT_SECRET = 'planted-client-secret-of-a-company';

/** Sends a mutation that must succeed, and answers its payload. */
export async function change(node: Node, caller: Caller, name: string, input: object, select = ''): Promise<Payload> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { it: ${name}(input: $input) { ${select} userErrors { code message } } }`;
  const { it } = await get(node, caller, document, { input });
  if (it.userErrors.length > 0) throw new Error(`${name}: ${JSON.stringify(it.userErrors)}`);
  return it;
}
// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it has selected
type Payload = any;

/** Has a company claim a domain, and prove it in DNS; answers the domain's id. */
export async function proveDomain(node: Node, caller: Caller, names: NameServer, domain: string): Promise<string> {
  const select = 'domain { id recordName challenge }';
  const { domain: claim } = await change(node, caller, 'claimDomain', { domain }, select);
  names.texts.set(claim.recordName, ['something else', claim.challenge]);
  await change(node, caller, 'verifyDomain', { domainId: claim.id });
  return claim.id;
}

/** Gives a company an issuer of its own; answers the provider's id. */
export async function giveProvider(
  node: Node,
  caller: Caller,
  { url }: TestIssuer,
  fields: object = { clientSecret: CLIENT_SECRET },
): Promise<string> {
  const input = { issuer: url, clientId: CLIENT_ID, ...fields };
  return (await change(node, caller, 'saveSsoProvider', input, 'provider { id }')).provider.id;
}

export const ssoLogin = (companyId: string): string => `${PUBLIC_URL}/auth/login?sso=${companyId}&return=/after`;

/** Signs somebody in at the company's own issuer. Whether they come in shows by the cookies and the answer. */
export async function signInBySso(
  node: Node,
  { companyId }: Pick<World, 'companyId'>,
  issuer: TestIssuer,
  email: string,
  claims: Parameters<TestIssuer['nextPerson']>[1] = {},
  browser: Browser = browserAt(node),
): Promise<{ browser: Browser; status: number; text: string }> {
  issuer.nextPerson(email, claims);
  const { response } = await browser.open(ssoLogin(companyId));
  return { browser, status: response.status, text: await response.text() };
}
