import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../src/domain/audit.js';
import { deactivateMember } from '../../src/domain/members.js';
import { findProvider, saveProvider } from '../../src/domain/sso-providers.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import type { Encryption } from '../../src/encryption/encryption.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import { User, UserIdentity } from '../../src/entities/user.js';
import { newId } from '../../src/schema/ids.js';
import { browserAt, callerIn, emailIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { ask, codeOf, get, listen } from '../harness/client.js';
import { type Cluster, startCluster, startNode } from '../harness/cluster.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  change,
  giveProvider,
  proveDomain,
  signInBySso,
  ssoLogin,
} from '../harness/single-sign-on.js';
import { CHANGES } from '../harness/stage.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

const SESSION = 'aliteo-session';

let cluster: Cluster;
let names: NameServer;
/** The company's own, and that of another company. */
let own: TestIssuer;
let others: TestIssuer;
beforeAll(async () => {
  names = await startNameServer();
  [own, others] = [await startIssuer(), await startIssuer()];
  cluster = await startCluster({ PUBLIC_URL, DNS_SERVERS: names.address, FOUNDING: 'on', LOG_LEVEL: 'debug' });
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await own?.stop();
  await others?.stop();
  await names?.stop();
});

let world: World;
let domain: string;
let providerId: string;
const newDomain = () => `${newId('domain').slice(-10)}.example`;
beforeEach(async () => {
  world = await World.found(cluster.parts, cluster.issuer);
  domain = newDomain();
  await proveDomain(cluster.first, world.admin.caller, names, domain);
  providerId = await giveProvider(cluster.first, world.admin.caller, own);
});

const person = (role: 'ADMIN' | 'MEMBER' = 'MEMBER') =>
  world.member({ email: `p-${newId('user').slice(-10)}@${domain}`, role });
/** Of all users, all ways in which they sign in, and all members of the company. */
const everybody = async () => {
  const { orm } = cluster.parts;
  const [em, ours] = [orm.em.fork(), forkFor(orm, { companyId: world.companyId })];
  return [await em.count(User, {}), await em.count(UserIdentity, {}), await ours.count(Member, {})];
};

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

describe('what a company says about people is worth nothing outside of it', () => {
  it('its sign-in opens no other company of the same person, and tells of none', async () => {
    const { email } = await person();
    const elsewhere = await World.found(cluster.parts, cluster.issuer);
    await elsewhere.member({ email, role: 'ADMIN' });
    const byAnother = await signIn(cluster.first, cluster.issuer, email);
    const { browser } = await signInBySso(cluster.first, world, own, email);
    const caller = callerIn(browser);
    for (const node of cluster.nodes) {
      expect(codeOf(await ask(node, { ...caller, companyId: elsewhere.companyId }, '{ workspaces { id } }'))).toBe(
        'NOT_FOUND',
      );
      const { companies, sessions } = await get(
        node,
        caller,
        '{ companies { company { id } } sessions { isCurrent } }',
      );
      expect(companies).toEqual([{ company: { id: world.companyId } }]);
      expect(sessions).toEqual([{ isCurrent: true }]);
    }
    const founded = await ask(
      cluster.first,
      caller,
      'mutation { foundCompany(input: { name: "Mine" }) { userErrors { code } } }',
    );
    expect(founded.errors[0]?.extensions.reason).toBe('ENTRY_NOT_ALLOWED');
    // What others offer to that address is not this company's to see, or to answer.
    const offering = await World.found(cluster.parts, cluster.issuer);
    const { id } = await offering.invite(email);
    for (const document of [
      '{ myInvitations { id } }',
      `mutation { acceptInvitation(input: { invitationId: "${id}" }) { userErrors { code } } }`,
      `mutation { declineInvitation(input: { invitationId: "${id}" }) { userErrors { code } } }`,
    ])
      expect((await ask(cluster.first, caller, document)).errors[0]?.extensions.reason).toBe('ENTRY_NOT_ALLOWED');
    const ended = await change(cluster.first, caller, 'endSessions', { includingThis: true }, 'sessions { id }');
    expect(ended.sessions).toHaveLength(1);
    expect(await emailIn(cluster.first, byAnother)).toBe(email);
  });

  it("what is that person's alone it neither tells nor changes", async () => {
    const { email, caller: theirs } = await person();
    const SAVE = 'mutation { savePersonalView(input: { name: "Mine", filter: {} }) { view { id } } }';
    const { view } = (await get(cluster.first, theirs, SAVE)).savePersonalView;
    const { browser } = await signInBySso(cluster.first, world, own, email);
    for (const document of [
      '{ viewer { views { name } } }',
      '{ viewer { preferences { locale } } }',
      SAVE,
      'mutation { updatePreferences(input: { locale: "cs" }) { preferences { locale } } }',
    ]) {
      const { data, errors } = await ask(cluster.first, callerIn(browser), document);
      expect([data?.viewer ?? null, errors[0]?.extensions.reason]).toEqual([null, 'ENTRY_NOT_ALLOWED']);
    }
    const NODE = 'query ($id: ID!) { node(id: $id) { id } }';
    expect(codeOf(await ask(cluster.first, callerIn(browser), NODE, { id: view.id }))).toBe('NOT_FOUND');
    expect((await get(cluster.first, theirs, NODE, { id: view.id })).node.id).toBe(view.id);
  });

  it('nor does it use up how many connections that person may have elsewhere', async () => {
    const member = await person();
    const project = await world.project('EVERYONE');
    const { browser } = await signInBySso(cluster.first, world, own, member.email);
    const open = [];
    for (let i = 0; i < 50; i += 1)
      open.push(listen(cluster.first, callerIn(browser), CHANGES, { project: project.id }));
    for (const one of open) await one.until(({ kind }) => kind === 'READY');
    const bySelf = listen(cluster.first, member.caller, CHANGES, { project: project.id });
    await bySelf.until(({ kind }) => kind === 'READY');
    for (const one of [...open, bySelf]) await one.stop();
  });

  it('nor does a question that is answered from what is kept', async () => {
    const env = { PUBLIC_URL, DNS_SERVERS: names.address, ANSWER_CACHE_BYTES: '1000000' };
    // Where sessions are in the process, all of it is.
    const node = await startNode(cluster.database, cluster.issuer, env);
    try {
      const { email } = await person();
      const elsewhere = await World.found(cluster.parts, cluster.issuer);
      await elsewhere.member({ email });
      const byAnother = await signIn(node, cluster.issuer, email);
      const { browser } = await signInBySso(node, world, own, email);
      const document = '{ companies { memberId } sessions { id } workspaces { id } }';
      const ask = (which: typeof browser) => get(node, callerIn(which, world.companyId), document);
      for (let i = 0; i < 5; i += 1) {
        const [all, one] = [await ask(byAnother), await ask(browser)];
        expect([all.companies.length, all.sessions.length]).toEqual([2, 2]);
        expect([one.companies.length, one.sessions.length]).toEqual([1, 1]);
      }
    } finally {
      await node.stop();
    }
  }, 60_000);

  it.each([
    ['an address of another domain', () => 'somebody@elsewhere.example', {}],
    ['an address of a subdomain', () => `p@sub.${domain}`, {}],
    ['an address that it has not verified', async () => (await person()).email, { email_verified: false }],
    ['no address', async () => (await person()).email, { email: undefined }],
  ] as [string, () => string | Promise<string>, { email_verified?: boolean }][])(
    '%s is nobody',
    async (_what, emailOf, claims) => {
      const email = await emailOf();
      if (!email.endsWith(`@${domain}`)) await world.member({ email });
      const before = await everybody();
      const { status, text, browser } = await signInBySso(cluster.first, world, own, email, claims);
      expect([status, text]).toEqual([403, expect.stringContaining('not proven the domain')]);
      expect(browser.cookies.has(SESSION)).toBe(false);
      expect(await everybody()).toEqual(before);
    },
  );

  it("a person of another company's domain is not to be had, though they are a member here", async () => {
    const victims = await World.found(cluster.parts, cluster.issuer);
    const theirs = newDomain();
    await proveDomain(cluster.first, victims.admin.caller, names, theirs);
    const victim = `victim@${theirs}`;
    await victims.member({ email: victim, role: 'ADMIN' });
    await world.member({ email: victim });
    const { status, browser } = await signInBySso(cluster.first, world, own, victim);
    expect([status, browser.cookies.has(SESSION)]).toEqual([403, false]);
  });

  it('who is not in the directory is not added, and who was deactivated stays out', async () => {
    const before = await everybody();
    const stranger = await signInBySso(cluster.first, world, own, `stranger@${domain}`);
    expect([stranger.status, stranger.text]).toEqual([403, expect.stringContaining('has not added you')]);
    expect(await everybody()).toEqual(before);

    const { email, member } = await person();
    const { browser } = await signInBySso(cluster.first, world, own, email);
    await deactivateMember(cluster.parts, world.admin.viewer, member.id);
    expect(codeOf(await ask(cluster.last, callerIn(browser), '{ workspaces { id } }'))).toBe('NOT_FOUND');
    expect((await signInBySso(cluster.first, world, own, email)).status).toBe(403);
    const refused = async () =>
      (await readAudit(cluster.parts.orm, world.companyId, 0, 100)).filter(
        ({ reason }) => reason === 'NOT_IN_DIRECTORY',
      );
    await until(async () => (await refused()).length > 0, 'the refusal in the audit log');
  });

  it('of the addresses of other domains it does not learn who is in the directory', async () => {
    const known = (await world.member()).email;
    const answers = [];
    for (const email of [known, `nobody-${known}`]) {
      const { status, text } = await signInBySso(cluster.first, world, own, email);
      answers.push([status, text]);
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.[0]).toBe(403);
  });

  it('its tokens open nothing', async () => {
    const { email } = await person();
    const token = await own.token(email, { aud: cluster.issuer.audience });
    const answer = await ask(
      cluster.first,
      { authorization: `Bearer ${token}`, companyId: world.companyId },
      '{ workspaces { id } }',
    );
    expect(answer.errors[0]?.extensions.reason).toBe('TOKEN_INVALID');
  });
});

describe('an answer that is not the one that was asked for opens nothing:', () => {
  /** A browser that has come back from the issuer, and has not told the server yet. */
  async function comeBack(claims = {}) {
    const { email } = await person();
    own.nextPerson(email, claims);
    const browser = browserAt(cluster.first, { stopsAt: `${PUBLIC_URL}/auth/sso/` });
    const { url } = await browser.open(ssoLogin(world.companyId));
    const next = browserAt(cluster.first);
    for (const [name, value] of browser.cookies) next.cookies.set(name, value);
    return { url, browser: next };
  }
  const tell = async (browser: ReturnType<typeof browserAt>, url: URL | string) => {
    const { response } = await browser.open(url);
    return [response.status, browser.cookies.has(SESSION)];
  };

  it('a forged state', async () => {
    const { url, browser } = await comeBack();
    url.searchParams.set('state', 'x'.repeat(43));
    expect(await tell(browser, url)).toEqual([400, false]);
  });

  it("another browser's", async () => {
    const { url } = await comeBack();
    expect(await tell(browserAt(cluster.first), url)).toEqual([400, false]);
  });

  it('one that has been told already, on any process', async () => {
    const { url, browser } = await comeBack();
    const again = browserAt(cluster.last);
    for (const [name, value] of browser.cookies) again.cookies.set(name, value);
    expect(await tell(browser, url)).toEqual([404, true]);
    expect(await tell(again, url)).toEqual([400, false]);
  });

  it.each([
    ['another nonce', { nonce: 'x'.repeat(43) }],
    ['another client', { aud: 'another-client' }],
    ['another issuer', { iss: 'https://issuer.example' }],
    ['several clients, and no word of which', { aud: [CLIENT_ID, 'another-client'] }],
    ['no word of when it was made', { iat: undefined }],
    ['a time that is over', { exp: Math.floor(Date.now() / 1_000) - 3_600 }],
  ])('an ID token with %s', async (_what, claims) => {
    const { url, browser } = await comeBack(claims);
    const [status, isIn] = await tell(browser, url);
    expect([Number(status) >= 400 && Number(status) < 500, isIn]).toEqual([true, false]);
  });

  it('an ID token that was given for another sign-in, or signed by somebody else', async () => {
    await comeBack().then(({ url, browser }) => tell(browser, url));
    const used = own.idTokens.at(-1) ?? '';
    for (const idToken of [used, await others.token('somebody@elsewhere.example')]) {
      const { url, browser } = await comeBack();
      own.nextIdToken(idToken);
      expect((await tell(browser, url))[1]).toBe(false);
    }
  });

  it('one at the place of another company, or of the operator', async () => {
    const another = await World.found(cluster.parts, cluster.issuer);
    for (const path of [`/auth/sso/${another.companyId}/callback`, '/auth/callback', '/auth/sso/callback']) {
      const { url, browser } = await comeBack();
      expect(await tell(browser, `${PUBLIC_URL}${path}${url.search}`)).toEqual([400, false]);
    }
  });

  it("one of the operator's issuer at the place of a company", async () => {
    const { email } = await person();
    cluster.issuer.nextPerson(email);
    const browser = browserAt(cluster.first, { stopsAt: `${PUBLIC_URL}/auth/callback` });
    const { url } = await browser.open(`${PUBLIC_URL}/auth/login`);
    const next = browserAt(cluster.first);
    for (const [name, value] of browser.cookies) next.cookies.set(name, value);
    expect(await tell(next, `${PUBLIC_URL}/auth/sso/${world.companyId}/callback${url.search}`)).toEqual([400, false]);
  });

  it("one of an issuer that is not the company's any more", async () => {
    const { url, browser } = await comeBack();
    await giveProvider(cluster.last, world.admin.caller, others);
    expect(await tell(browser, url)).toEqual([400, false]);
  });
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
