import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Browser } from '../harness/browser.js';
import { ask, get, listen } from '../harness/client.js';
import { freePort, type Node, startNode } from '../harness/cluster.js';
import { createDatabase, isEmbedded, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';

/** As `npm start` starts it: with demo people, who sign in at the development issuer. */
const AS_STARTED = { DEV_ISSUER: 'on', SEED_DEMO: 'on', OIDC_ISSUERS: '' };

let database: TestDatabase;
let issuer: TestIssuer;
let publicUrl: string;
const nodes: Node[] = [];
beforeAll(async () => {
  database = await createDatabase();
  issuer = await startIssuer();
  const port = await freePort();
  publicUrl = `http://127.0.0.1:${port}`;
  const env = { ...AS_STARTED, PUBLIC_URL: publicUrl };
  nodes.push(await startNode(database, issuer, { ...env, PORT: String(port) }));
  if (!isEmbedded) nodes.push(await startNode(database, issuer, env));
}, 120_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await issuer?.stop();
  await database?.drop();
});

const ME = '{ viewer { user { name } } companies { company { id name } } }';

/** Presses a button of the page that the browser is at. */
async function press(browser: Browser, { url, response }: { url: URL; response: Response }, name: string) {
  const html = await response.text();
  const [, action = url.href] = /<form[^>]* action="([^"]+)"/.exec(html) ?? [];
  const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(html) ?? [];
  const [, field = '', value = ''] =
    new RegExp(`<button[^>]*name="([^"]+)" value="([^"]+)"[^>]*>${name}`).exec(html) ?? [];
  return browser.open(new URL(action, url), { [field]: value, ...(xsrf && { xsrf }) });
}

it('who names no place to return to is told that they are signed in', async () => {
  const browser = new Browser();
  const page = await browser.open(`${publicUrl}/auth/login`);
  const [, person = ''] = /<button[^>]*>([^<]+)/.exec(await page.response.clone().text()) ?? [];
  const { url, response } = await press(browser, page, person);
  expect([url.pathname, response.status, await response.text()]).toEqual([
    '/auth/signed-in',
    200,
    'You are signed in.\n',
  ]);
});

it('a demo person signs in in a browser, works on every process, and signs out here and at the issuer', async () => {
  const [first, last = first] = nodes as [Node, Node?];
  const browser = new Browser();
  const page = await browser.open(`${publicUrl}/auth/login?return=/graphiql`);
  expect(page.url.pathname).toMatch(/^\/dev-issuer\/interaction\//);
  const [, person = ''] = /<button[^>]*>([^<]+)/.exec(await page.response.clone().text()) ?? [];
  const arrived = await press(browser, page, person);
  expect([arrived.url.pathname, arrived.response.status]).toEqual(['/graphiql', 200]);

  const caller = () => ({ cookie: browser.cookie, origin: publicUrl });
  const { viewer, companies } = await get(first, caller(), ME);
  expect(viewer.user.name).toBe(person);
  expect(await get(last, caller(), ME)).toEqual({ viewer, companies });
  const stream = listen(
    last,
    { ...caller(), companyId: companies[0].company.id },
    '{ projects(first: 1) { nodes { id } } }',
  );
  expect(await stream.until(() => true)).toMatchObject({ nodes: [{ id: expect.any(String) }] });

  const before = caller();
  const asked = await browser.open(`${publicUrl}/auth/logout`, {}, { origin: publicUrl });
  expect(asked.url.pathname).toBe('/dev-issuer/session/end');
  const out = await press(browser, asked, 'Sign out');
  expect([out.url.pathname, await out.response.text()]).toEqual(['/auth/signed-out', 'You are signed out.\n']);
  for (const each of nodes) expect((await ask(each, before, ME)).errors[0]?.extensions.reason).toBe('SESSION_ENDED');

  // There is nobody to be recognised at the issuer either.
  const again = await browser.open(`${publicUrl}/auth/login`);
  expect(again.url.pathname).toMatch(/^\/dev-issuer\/interaction\//);
}, 60_000);
