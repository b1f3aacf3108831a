import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { Member } from '../../src/entities/member.js';
import { User, UserIdentity } from '../../src/entities/user.js';
import { newId } from '../../src/schema/ids.js';
import { Browser, browserAt, callerIn, emailIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { ask, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { World } from '../harness/world.js';

const SESSION = 'aliteo-session';
const LOGIN = `${PUBLIC_URL}/auth/login`;
const CALLBACK = `${PUBLIC_URL}/auth/callback`;
const ME = '{ viewer { user { email } } }';

let cluster: Cluster;
let world: World;
beforeAll(async () => {
  cluster = await startCluster({ PUBLIC_URL });
  world = await World.found(cluster.parts, cluster.issuer);
}, 60_000);
afterAll(() => cluster?.stop());

const newEmail = () => `${newId('user').slice(-12)}@example.com`;
const enter = async (email: string, claims?: JWTPayload & { email_verified?: boolean }) => {
  const browser = browserAt(cluster.first);
  cluster.issuer.nextPerson(email, claims);
  const { url, response } = await browser.open(LOGIN);
  return { browser, url, status: response.status, text: await response.text() };
};
/** A browser that has come back from the issuer, and has not told the server yet. */
async function comeBack(email: string, browser = browserAt(cluster.first, { stopsAt: CALLBACK })) {
  cluster.issuer.nextPerson(email);
  const { url } = await browser.open(LOGIN);
  return { browser, url };
}
const follow = (browser: Browser, url: URL) => {
  const next = browserAt(cluster.first);
  for (const [name, value] of browser.cookies) next.cookies.set(name, value);
  return next.open(url).then(({ response }) => ({ browser: next, response }));
};

describe('signing in', () => {
  it('leads through the issuer to where one wanted to go, with a session', async () => {
    const email = newEmail();
    const browser = await signIn(cluster.first, cluster.issuer, email);
    expect(browser.visited.map(({ origin, pathname }) => `${origin}${pathname}`)).toEqual([
      LOGIN,
      `${cluster.issuer.url}/authorize`,
      CALLBACK,
      `${PUBLIC_URL}/after`,
    ]);
    expect([...browser.cookies.keys()]).toEqual([SESSION]);
    expect(await emailIn(cluster.first, browser)).toBe(email);
    expect(await emailIn(cluster.last, browser)).toBe(email);
  });

  it('asks the issuer with PKCE, a state and a nonce', async () => {
    const { browser } = await comeBack(newEmail());
    const [, authorize] = browser.visited;
    expect(Object.fromEntries(authorize?.searchParams ?? [])).toEqual({
      client_id: 'test-browser',
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: 'openid profile email',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  it('keeps its cookies from scripts and from other sites', async () => {
    const browser = await signIn(cluster.first, cluster.issuer, newEmail());
    expect(browser.told.length).toBe(3);
    for (const line of browser.told) expect(line).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
    const session = browser.told.find((line) => line.startsWith(`${SESSION}=user_`));
    expect(session).toContain('Max-Age=43200;');
  });

  it('makes a user of somebody new, and a member of no company', async () => {
    const email = newEmail();
    const browser = await signIn(cluster.first, cluster.issuer, email);
    const em = cluster.parts.orm.em.fork();
    const user = await em.findOneOrFail(User, { email });
    expect(await em.count(Member, { user: user.id }, { filters: false })).toBe(0);
    expect((await em.find(UserIdentity, { user: user.id })).map(({ subject }) => subject)).toEqual([email]);
    const { data } = await ask(cluster.first, callerIn(browser), '{ companies { role } viewer { member { id } } }');
    expect(data).toEqual({ companies: [], viewer: { member: null } });
  });

  it('meets the person whom an administrator added, in their company', async () => {
    const person = await world.member();
    const browser = await signIn(cluster.first, cluster.issuer, person.email);
    const document = '{ viewer { user { id } member { id } } }';
    const expected = { viewer: { user: { id: person.viewer.userId }, member: { id: person.member.id } } };
    expect(await get(cluster.last, callerIn(browser), document)).toEqual(expected);
    expect(await get(cluster.last, callerIn(browser, world.companyId), document)).toEqual(expected);
    const elsewhere = await ask(cluster.last, callerIn(browser, newId('company')), document);
    expect([elsewhere.status, elsewhere.errors[0]?.extensions.code]).toEqual([404, 'NOT_FOUND']);
  });

  it('is the same person as by a token', async () => {
    const email = newEmail();
    const browser = await signIn(cluster.first, cluster.issuer, email);
    const authorization = `Bearer ${await cluster.issuer.token(email)}`;
    const id = '{ viewer { user { id } } }';
    expect(await get(cluster.last, { authorization }, id)).toEqual(await get(cluster.first, callerIn(browser), id));
  });

  it('is said to be who the token says where both are shown', async () => {
    const [byCookie, byToken] = [newEmail(), newEmail()];
    const browser = await signIn(cluster.first, cluster.issuer, byCookie);
    const authorization = `Bearer ${await cluster.issuer.token(byToken)}`;
    const { viewer } = await get(cluster.first, { ...callerIn(browser), authorization }, ME);
    expect(viewer.user.email).toBe(byToken);
    const bad = await ask(cluster.first, { ...callerIn(browser), authorization: 'Bearer bad' }, ME);
    expect(bad.errors[0]?.extensions.reason).toBe('TOKEN_INVALID');
  });

  it('ends the session that the browser had, and has another secret', async () => {
    const browser = await signIn(cluster.first, cluster.issuer, newEmail());
    const before = callerIn(browser);
    const email = newEmail();
    await signIn(cluster.last, cluster.issuer, email, browser);
    expect(callerIn(browser).cookie).not.toBe(before.cookie);
    expect((await ask(cluster.last, before, ME)).errors[0]?.extensions.reason).toBe('SESSION_ENDED');
    expect(await emailIn(cluster.first, browser)).toBe(email);
  });

  it('does not take a session that somebody else has put into the browser', async () => {
    const attacker = await signIn(cluster.first, cluster.issuer, newEmail());
    const victim = browserAt(cluster.first);
    victim.cookies.set(SESSION, attacker.cookies.get(SESSION) ?? '');
    const email = newEmail();
    await signIn(cluster.first, cluster.issuer, email, victim);
    expect(victim.cookies.get(SESSION)).not.toBe(attacker.cookies.get(SESSION));
    expect((await ask(cluster.first, callerIn(attacker), ME)).errors[0]?.extensions.reason).toBe('SESSION_ENDED');
    expect(await emailIn(cluster.first, victim)).toBe(email);
  });
});

describe('signing in is refused', () => {
  const expectNobody = async (browser: Browser) => {
    expect(browser.cookies.has(SESSION)).toBe(false);
  };

  it('to somebody whose address nobody has verified', async () => {
    for (const claims of [{ email_verified: false }, { email_verified: undefined }, { email: undefined }]) {
      const { browser, status, text } = await enter(newEmail(), claims);
      expect([status, text]).toEqual([403, 'The issuer has not verified an address.\n']);
      await expectNobody(browser);
    }
  });

  it('to somebody whose address is that of another one', async () => {
    const email = newEmail();
    await signIn(cluster.first, cluster.issuer, email);
    const { browser, status } = await enter(email, { sub: 'another subject'.replace(' ', '-') });
    expect(status).toBe(403);
    await expectNobody(browser);
  });

  it.each<[string, () => JWTPayload]>([
    ['of another issuer', () => ({ iss: 'https://evil.example' })],
    ['for another client', () => ({ aud: 'another-client' })],
    ['for the API', () => ({ aud: cluster.issuer.audience })],
    ['for several clients', () => ({ aud: ['test-browser', 'another-client'] })],
    ['given to another client', () => ({ azp: 'another-client' })],
    ['for another sign-in', () => ({ nonce: 'another-nonce' })],
    ['for none', () => ({ nonce: undefined })],
    ['that has expired', () => ({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['from the future', () => ({ iat: Math.floor(Date.now() / 1000) + 600 })],
    ['that names nobody', () => ({ sub: undefined })],
  ])('with an ID token %s', async (_what, claims) => {
    const { browser, status } = await enter(newEmail(), claims());
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    await expectNobody(browser);
  });

  it('with an ID token that the issuer has not signed', async () => {
    const { browser, url } = await comeBack(newEmail());
    const nonce = browser.visited[1]?.searchParams.get('nonce');
    const claims = { iss: cluster.issuer.url, aud: 'test-browser', sub: 'eve', nonce, iat: now(), exp: now() + 600 };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const header of [{ alg: 'none' }, { alg: 'RS256', kid: 'test' }]) {
      cluster.issuer.nextIdToken(`${part(header)}.${part(claims)}.${part({ not: 'a signature' })}`);
      const { browser: back, response } = await follow(browser, url);
      expect(response.status).toBeGreaterThanOrEqual(400);
      await expectNobody(back);
    }
  });

  it('with the ID token of an earlier sign-in', async () => {
    await signIn(cluster.first, cluster.issuer, newEmail());
    const { browser, url } = await comeBack(newEmail());
    cluster.issuer.nextIdToken(cluster.issuer.idTokens.at(-1) ?? '');
    const { browser: back, response } = await follow(browser, url);
    expect(response.status).toBe(400);
    await expectNobody(back);
  });

  it('when it is completed for the second time, with the same cookies', async () => {
    const { browser, url } = await comeBack(newEmail());
    const once = await follow(browser, url);
    expect(once.browser.cookies.has(SESSION)).toBe(true);
    const twice = await follow(browser, url);
    expect([twice.response.status, await twice.response.text()]).toEqual([
      400,
      'This sign-in has been completed already. Begin again at /auth/login.\n',
    ]);
    await expectNobody(twice.browser);
  });

  it('in a browser in which it was not begun', async () => {
    const attacker = await comeBack(newEmail());
    const stranger = await follow(browserAt(cluster.first), attacker.url);
    expect(stranger.response.status).toBe(400);
    await expectNobody(stranger.browser);
    const victim = await comeBack(newEmail());
    const crossed = await follow(victim.browser, attacker.url);
    expect(crossed.response.status).toBe(400);
    await expectNobody(crossed.browser);
    // What somebody else tries to slip in does not spoil what is under way.
    expect((await follow(victim.browser, victim.url)).browser.cookies.has(SESSION)).toBe(true);
  });

  it('not in one tab because of another one', async () => {
    const browser = browserAt(cluster.first, { stopsAt: CALLBACK });
    const [one, two] = [await comeBack(newEmail(), browser), await comeBack(newEmail(), browser)];
    const first = await follow(browser, one.url);
    expect(first.browser.cookies.has(SESSION)).toBe(true);
    const second = await follow(first.browser, two.url);
    expect(second.browser.cookies.get(SESSION)).toBeTruthy();
    expect(second.browser.cookies.get(SESSION)).not.toBe(first.browser.cookies.get(SESSION));
    expect([...second.browser.cookies.keys()]).toEqual([SESSION]);
  });

  it('when the cookie of the sign-in is not as it was given', async () => {
    const { browser, url } = await comeBack(newEmail());
    const value = browser.cookies.get('aliteo-login') ?? '';
    for (const other of [`${value.slice(0, -4)}AAAA`, value.slice(4), 'x', '{}']) {
      browser.cookies.set('aliteo-login', other);
      expect((await follow(browser, url)).response.status).toBe(400);
    }
  });

  it('when the issuer itself has refused', async () => {
    const { browser, url } = await comeBack(newEmail());
    const state = url.searchParams.get('state') ?? '';
    const refused = new URL(`${CALLBACK}?${new URLSearchParams({ error: 'access_denied<b>', state })}`);
    const { response } = await follow(browser, refused);
    expect(response.status).toBe(400);
    expect(await response.text()).toBe('The issuer has not signed you in. Begin again at /auth/login.\n');
  });

  it('while the issuer is away, as something that is tried again', async () => {
    const { browser, url } = await comeBack(newEmail());
    cluster.issuer.isAway = true;
    try {
      const { response } = await follow(browser, url);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
    } finally {
      cluster.issuer.isAway = false;
    }
  });

  it('at an issuer that is not there', async () => {
    const { response } = await browserAt(cluster.first).open(`${LOGIN}?issuer=https://evil.example`);
    expect(response.status).toBe(400);
    expect(await response.text()).toBe('Choose an issuer: /auth/login?issuer=127.0.0.1.\n');
  });
});

describe('where one returns to', () => {
  const startAt = (returnTo: string) =>
    browserAt(cluster.first, { stopsAt: cluster.issuer.url }).open(
      `${LOGIN}?${new URLSearchParams({ return: returnTo })}`,
    );

  it.each([
    'https://evil.example',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/%09/../\t//evil.example',
    'javascript:alert(1)',
    'after',
    '',
    '@evil.example',
    ' /after',
    '/..//evil.example',
    '/after\r\nSet-Cookie: a=b',
    `/${'x'.repeat(600)}`,
  ])('is no %j', async (returnTo) => {
    const { response } = await startAt(returnTo);
    expect([response.status, await response.text()]).toEqual([400, 'One returns to a path of this server only.\n']);
  });

  it.each(['/', '/projects/WEB?tab=board#top', '/a/../b', '/f%2Fx'])('may be %j', async (returnTo) => {
    expect((await startAt(returnTo)).response.status).toBe(303);
  });
});

it('an address that asks for too much is told when to come back', async () => {
  const limits = { RATE_LIMIT_POINTS: '200', RATE_LIMIT_SECONDS: '3600', TRUSTED_PROXIES: '1' };
  const busy = await startCluster({ PUBLIC_URL, ...limits });
  // Points are counted for all processes around one Redis: nobody else has this address.
  const headers = { 'x-forwarded-for': newId('session') };
  try {
    const answers = [];
    for (let i = 0; i < 4; i += 1) {
      const browser = browserAt(busy.first, { stopsAt: busy.issuer.url });
      answers.push((await browser.open(LOGIN, undefined, headers)).response);
    }
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 429, 429]);
    expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(3_000);
  } finally {
    await busy.stop();
  }
}, 60_000);

it('nothing that one could sign in with is in the log', async () => {
  const browser = await signIn(cluster.first, cluster.issuer, newEmail());
  const { browser: back, url } = await comeBack(newEmail());
  await follow(back, url);
  const output = cluster.nodes.map((node) => node.output()).join('');
  const secrets = [
    browser.cookies.get(SESSION)?.split('.')[1],
    url.searchParams.get('code'),
    back.cookies.get('aliteo-login'),
  ];
  for (const secret of [...secrets, cluster.issuer.idTokens.at(-1)]) {
    expect(secret).toBeTruthy();
    expect(output).not.toContain(secret);
  }
  expect(output).toContain('login: signed in');
  expect(output).not.toContain('unexpected error');
  expect(output).not.toContain('a handler failed');
});

const now = () => Math.floor(Date.now() / 1000);
