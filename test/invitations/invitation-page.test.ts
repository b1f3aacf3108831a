import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../src/schema/ids.js';
import {
  ACCEPT_INVITATION,
  DECLINE_INVITATION,
  invitationDocuments,
  MY_INVITATIONS,
} from '../../src/server/invitation-documents.js';
import { INVITATION_SCRIPT } from '../../src/server/invitation-script.js';
import { browserAt, callerIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { ask, codeOf, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { lettersTo, secretIn } from '../harness/letters.js';
import { World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
beforeAll(async () => {
  // Where nobody runs a document that is not trusted, the page's own are.
  cluster = await startCluster({ PUBLIC_URL, LOG_LEVEL: 'debug' });
  world = await World.found(cluster.parts, cluster.issuer);
}, 60_000);
afterAll(() => cluster?.stop());

const pageAt = async (path: string) => {
  const response = await fetch(cluster.first.url + path);
  return { status: response.status, headers: response.headers, text: await response.text() };
};

it('is the same for everybody, runs its own script alone, and tells nobody where one came from', async () => {
  const pages = [await pageAt('/invitation/'), await pageAt('/invitation/some-secret')];
  const [one, other] = pages.map(({ text }) => text.replaceAll(/nonce="[^"]+"/g, ''));
  expect(other).toBe(one);
  for (const { status, headers, text } of pages) {
    expect(status).toBe(200);
    const policy = String(headers.get('content-security-policy'));
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1];
    expect(text).toContain(`<script nonce="${nonce}">`);
    for (const part of ["default-src 'none'", "form-action 'none'", "frame-ancestors 'none'", "connect-src 'self'"])
      expect(policy).toContain(part);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
  }
});

it('leads through the sign-in and back to itself, without the secret', async () => {
  const { text } = await pageAt('/invitation/');
  const [, href = ''] = /<a class="sign-in" href="([^"]+)"/.exec(text) ?? [];
  expect(href).toMatch(/^\/auth\/login\?issuer=[\w.-]+&amp;return=\/invitation\/$/);
  const browser = browserAt(cluster.first);
  cluster.issuer.nextPerson(world.admin.email);
  const { url, response } = await browser.open(PUBLIC_URL + href.replace('&amp;', '&'));
  expect([url.href, response.status]).toEqual([`${PUBLIC_URL}/invitation/`, 200]);
});

it('what it asks is answered to the session of the browser alone, and only to pages of ours', async () => {
  const email = `${newId('task').slice(-12)}@example.com`;
  const post = `mutation { inviteMembers(input: { emails: ["${email}"] }) { userErrors { code } } }`;
  await get(cluster.first, world.admin.caller, post);
  const [letter] = await lettersTo(cluster.database.dataDir, email);
  const secret = secretIn(letter as never);
  expect(codeOf(await ask(cluster.first, {}, MY_INVITATIONS, { secret }))).toBe('UNAUTHENTICATED');
  const caller = callerIn(await signIn(cluster.first, cluster.issuer, email));
  const { viewer, myInvitations } = await get(cluster.last, caller, MY_INVITATIONS, { secret });
  expect([viewer.user.email, myInvitations.length]).toEqual([email, 1]);
  const [{ id }] = myInvitations;
  // A browser of an age that says neither where it was sent from, nor by whom.
  const elsewhere = await ask(cluster.first, { cookie: caller.cookie as string }, ACCEPT_INVITATION, { id });
  expect(codeOf(elsewhere)).toBe('FORBIDDEN');
  const { acceptInvitation } = await get(cluster.first, { ...caller, idempotencyKey: id }, ACCEPT_INVITATION, { id });
  expect(acceptInvitation).toEqual({ membership: { memberId: expect.any(String) }, userErrors: [] });
  expect(codeOf(await ask(cluster.first, caller, DECLINE_INVITATION, { id }))).toBe('NOT_FOUND');
  const logs = cluster.nodes.map((node) => node.output()).join();
  expect(logs).not.toContain(secret);
  expect(logs).not.toContain(email);
});

it('its script takes the secret out of the address before it asks anything', () => {
  const kept = new Map<string, string>();
  const places: string[] = [];
  const element = () => ({ content: {}, style: {} });
  const page = {
    location: { hash: '#the-secret', pathname: '/invitation/' },
    history: { replaceState: (_state: null, _title: string, place: string) => places.push(place) },
    sessionStorage: {
      setItem: (key: string, value: string) => kept.set(key, value),
      getItem: (key: string) => kept.get(key) ?? null,
    },
    document: { getElementById: element, querySelectorAll: () => [] },
    window: {},
    fetch: async (path: string, { body }: { body: string }) => {
      places.push(path);
      expect(JSON.parse(body).variables).toEqual({ secret: 'the-secret' });
      return { json: async () => ({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }) };
    },
  };
  runInNewContext(INVITATION_SCRIPT, page);
  expect(places).toEqual(['/invitation/', '/graphql']);
});

it('letters that are not sent are shown in development, without a script', async () => {
  const email = `${newId('task').slice(-12)}@example.com`;
  const note = '<script>alert(1)</script>';
  const post = `mutation { inviteMembers(input: { emails: ["${email}"], note: "${note}" }) { userErrors { code } } }`;
  await get(cluster.first, world.admin.caller, post);
  await lettersTo(cluster.database.dataDir, email);
  const { status, headers, text } = await pageAt(`/dev-mail?to=${email}`);
  expect([status, text.match(/<article>/g)?.length]).toEqual([200, 1]);
  expect(text).toContain('&lt;script&gt;');
  expect(text).not.toContain('<script');
  expect(text).toMatch(new RegExp(`<a href="${PUBLIC_URL}/invitation/#[\\w-]{43}">`));
  expect(headers.get('content-security-policy')).not.toContain('script-src');
});

it('the documents are those that the page has', () => {
  for (const document of invitationDocuments) expect(INVITATION_SCRIPT).toContain(JSON.stringify(document));
});
