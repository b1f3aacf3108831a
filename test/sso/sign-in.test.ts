import { beforeEach, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../src/domain/audit.js';
import { findProvider, saveProvider } from '../../src/domain/sso-providers.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import type { Encryption } from '../../src/encryption/encryption.js';
import { newId } from '../../src/schema/ids.js';
import { browserAt, callerIn, emailIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { ask, get } from '../harness/client.js';
import { type Cluster } from '../harness/cluster.js';
import type { TestIssuer } from '../harness/issuer.js';
import { CLIENT_ID, CLIENT_SECRET, change, giveProvider, signInBySso } from '../harness/single-sign-on.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';
import { type SsoCompany, type SsoStage, withSsoStage } from './stage.js';

const SESSION = 'aliteo-session';

let stage: SsoStage;
let cluster: Cluster;
let own: TestIssuer;
withSsoStage({ FOUNDING: 'on' }, (opened) => {
  stage = opened;
  ({ cluster, own } = stage);
});

let world: World;
let providerId: string;
let person: SsoCompany['person'];
beforeEach(async () => {
  ({ world, providerId, person } = await stage.company());
});

describe('a member signs in at the issuer of their company', () => {
  it('by the company, with a session that opens it on every process', async () => {
    const { email } = await person();
    const { browser } = await signInBySso(cluster.first, world, own, email);
    expect(browser.visited.map(({ origin, pathname }) => `${origin}${pathname}`)).toEqual([
      `${PUBLIC_URL}/auth/login`,
      `${own.url}/authorize`,
      `${PUBLIC_URL}/auth/sso/${world.companyId}/callback`,
      `${PUBLIC_URL}/after`,
    ]);
    const asked = browser.visited[1]?.searchParams;
    expect(asked?.get('client_id')).toBe(CLIENT_ID);
    expect(asked?.get('code_challenge_method')).toBe('S256');
    expect([asked?.get('state')?.length, asked?.get('nonce')?.length]).toEqual([43, 43]);
    expect([...browser.cookies.keys()]).toEqual([SESSION]);
    for (const node of cluster.nodes) expect(await emailIn(node, browser)).toBe(email);
    const { members } = await get(cluster.last, callerIn(browser), '{ members(first: 5) { nodes { email } } }');
    expect(members.nodes.length).toBeGreaterThan(1);
  });

  it('by their address, and everybody else goes where they always have', async () => {
    const { email } = await person();
    own.nextPerson(email);
    const browser = browserAt(cluster.first);
    await browser.open(`${PUBLIC_URL}/auth/login?email=${encodeURIComponent(email.toUpperCase())}`);
    expect(await emailIn(cluster.first, browser)).toBe(email);

    cluster.issuer.nextPerson('somebody@elsewhere.example');
    const other = browserAt(cluster.first);
    await other.open(`${PUBLIC_URL}/auth/login?email=somebody@elsewhere.example`);
    expect(other.visited[1]?.origin).toBe(cluster.issuer.url);
  });

  it('with the secret that the company gave, which nobody else gets to see', async () => {
    const { email } = await person();
    await signInBySso(cluster.first, world, own, email);
    const shown = Buffer.from(own.shown.at(-1)?.authorization?.split(' ')[1] ?? '', 'base64').toString();
    // As a form would have them (RFC 6749, section 2.3.1).
    expect(decodeURIComponent(shown)).toBe(`${CLIENT_ID}:${CLIENT_SECRET}`);
    const [row] = await cluster.parts.orm.em
      .getConnection()
      .execute('select * from sso_providers where company_id = ?', [world.companyId]);
    expect(row?.client_secret).toMatch(/^v1\.1\.[\w-]{40,}$/);
    expect(JSON.stringify(row)).not.toContain(CLIENT_SECRET);
    const { singleSignOn } = await get(
      cluster.first,
      world.admin.caller,
      '{ singleSignOn { callbackUrl provider { issuer clientId hasSecret isEnforced } } }',
    );
    expect(singleSignOn).toEqual({
      callbackUrl: `${PUBLIC_URL}/auth/sso/${world.companyId}/callback`,
      provider: { issuer: own.url, clientId: CLIENT_ID, hasSecret: true, isEnforced: false },
    });
    const entries = await readAudit(cluster.parts.orm, world.companyId, 0, 100);
    expect(entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining([
        'sso.domainClaimed',
        'sso.domainVerified',
        'key.created',
        'sso.providerSaved',
        'sso.linked',
      ]),
    );
    expect(JSON.stringify(entries)).not.toContain(CLIENT_SECRET);
    for (const node of cluster.nodes) expect(node.output()).not.toContain(CLIENT_SECRET);
  });

  it('which the audit log tells of', async () => {
    const { email, member } = await person();
    const { browser } = await signInBySso(cluster.first, world, own, email);
    await emailIn(cluster.first, browser);
    const entered = async () =>
      (await readAudit(cluster.parts.orm, world.companyId, 0, 100)).find(
        ({ action, actorId }) => action === 'member.entered' && actorId === member.id,
      );
    await until(async () => (await entered()) !== undefined, 'the entry');
    expect(JSON.parse((await entered())?.details ?? '')).toEqual({ by: 'SSO' });
  });

  it('whose address may change afterwards, and nobody else takes its place', async () => {
    const { email } = await person();
    expect((await signInBySso(cluster.first, world, own, email, { sub: 'subject-1' })).status).toBe(404); // the page after
    const moved = await signInBySso(cluster.first, world, own, `new-${email}`, { sub: 'subject-1' });
    expect(await emailIn(cluster.first, moved.browser)).toBe(email);
    const second = await signInBySso(cluster.first, world, own, email, { sub: 'subject-2' });
    expect([second.status, second.browser.cookies.has(SESSION)]).toEqual([403, false]);
  });
});

it('the issuer is a way into the company: listed, with when it was used last, and closed by its id', async () => {
  const { admin } = world;
  const list = async () =>
    (await get(cluster.last, admin.caller, '{ entryPoints(kind: SSO, first: 5) { nodes { id name lastUsedAt } } }'))
      .entryPoints.nodes;
  expect(await list()).toEqual([{ id: providerId, name: own.url, lastUsedAt: null }]);
  const { email } = await person();
  const { browser } = await signInBySso(cluster.first, world, own, email);
  await get(cluster.first, callerIn(browser), '{ workspaces { id } }');
  await until(async () => (await list())[0].lastUsedAt !== null, 'its last use');
  await change(cluster.first, admin.caller, 'endEntryPoint', { id: providerId }, 'entryPoint { kind name }');
  expect(await list()).toEqual([]);
  const after = await ask(cluster.last, callerIn(browser), '{ workspaces { id } }');
  expect(after.errors[0]?.extensions.reason).toBe('SESSION_ENDED');
});
it('it does not take the place of somebody else who is signed in, whoever leads the browser there', async () => {
  const present = await signIn(cluster.first, cluster.issuer, 'somebody@elsewhere.example');
  const { email } = await person();
  const { status, text } = await signInBySso(cluster.first, world, own, email, {}, present);
  expect([status, text]).toEqual([403, expect.stringContaining('sign out first')]);
  expect(await emailIn(cluster.first, present)).toBe('somebody@elsewhere.example');
  // The same person may.
  const same = await signIn(cluster.first, cluster.issuer, email);
  await signInBySso(cluster.first, world, own, email, {}, same);
  const { companies } = await get(cluster.first, callerIn(same), '{ companies { company { id } } }');
  expect(companies).toEqual([{ company: { id: world.companyId } }]);
});

it('a company without an issuer and one that does not exist are the same answer', async () => {
  const without = await World.found(cluster.parts, cluster.issuer);
  const answers = await Promise.all(
    [without.companyId, newId('company'), 'nothing', ''].map(async (companyId) => {
      const { response } = await browserAt(cluster.first).open(`${PUBLIC_URL}/auth/login?sso=${companyId}`);
      return [response.status, await response.text()];
    }),
  );
  expect(new Set(answers.map(String)).size).toBe(1);
  expect(answers[0]?.[0]).toBe(404);
});

describe('who came by an issuer is signed out of the company at once', () => {
  const enter = async () => {
    const { email } = await person();
    const { browser } = await signInBySso(cluster.first, world, own, email);
    return callerIn(browser);
  };
  const reasonOf = async (caller: object) =>
    (await ask(cluster.last, caller, '{ workspaces { id } }')).errors[0]?.extensions.reason ?? null;

  it('when it is removed', async () => {
    const caller = await enter();
    expect(await reasonOf(caller)).toBe(null);
    await change(cluster.first, world.admin.caller, 'removeSsoProvider', { providerId });
    expect(await reasonOf(caller)).toBe('SESSION_ENDED');
  });

  it('when another one takes its place; a new secret alone changes nothing', async () => {
    const caller = await enter();
    expect(await giveProvider(cluster.first, world.admin.caller, own, { clientSecret: 'another' })).toBe(providerId);
    expect(await reasonOf(caller)).toBe(null);
    await giveProvider(cluster.first, world.admin.caller, own, { clientId: 'another-client' });
    expect(await reasonOf(caller)).toBe('SESSION_ENDED');
  });

  it('when the domain is released', async () => {
    const caller = await enter();
    const { singleSignOn } = await get(cluster.first, world.admin.caller, '{ singleSignOn { domains { id } } }');
    await change(cluster.first, world.admin.caller, 'releaseDomain', { domainId: singleSignOn.domains[0].id });
    expect(await reasonOf(caller)).toBe('SESSION_ENDED');
  });
});

it('of two administrators who change it at once one is told to look at it again', async () => {
  const { parts } = cluster;
  const { viewer } = world.admin;
  const saveAs = (clientId: string, by: Parts = parts) =>
    saveProvider(by, viewer, { issuer: own.url, clientId, clientSecret: CLIENT_SECRET });
  const open: Encryption['open'] = (...sealed) => parts.encryption.open(...sealed);
  const seal: Encryption['seal'] = async (...plain) => {
    await saveAs('of-the-one');
    return parts.encryption.seal(...plain);
  };
  const late = saveAs('of-the-other', { ...parts, encryption: { open, seal } });
  await expect(late).rejects.toMatchObject({ code: 'PROVIDER_CHANGED' });
  expect((await findProvider(parts, world.companyId))?.clientId).toBe('of-the-one');
});

it('signing out leads to the way out of the issuer', async () => {
  const { email } = await person();
  const { browser } = await signInBySso(cluster.first, world, own, email);
  const { response } = await browser.open(
    `${PUBLIC_URL}/auth/logout`,
    {},
    { accept: 'application/json', origin: PUBLIC_URL },
  );
  const { location } = (await response.json()) as { location: string };
  expect(location.startsWith(`${own.url}/end?`)).toBe(true);
  expect(browser.cookies.has(SESSION)).toBe(false);
});
