import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import { newId } from '../../src/schema/ids.js';
import { type Browser, browserAt, callerIn, emailIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { ask, type Caller, get, listen } from '../harness/client.js';
import type { Node } from '../harness/cluster.js';
import { RawSocket } from '../harness/raw-socket.js';
import { CHANGES, Stage } from '../harness/stage.js';
import type { Person } from '../harness/world.js';

const ME = '{ viewer { user { email } } }';
const SESSIONS = '{ sessions { id device place identityProvider startedAt lastSeenAt endsAt isCurrent } }';
const END = `mutation ($input: EndSessionInput!) { endSession(input: $input) { session { id isCurrent } userErrors { code } } }`;
const END_ALL = `mutation ($input: EndSessionsInput!) { endSessions(input: $input) { sessions { id } userErrors { code } } }`;
const ENDED = 'SESSION_ENDED';

/** Other origins whose pages may ask, but never by somebody's cookie. */
const OTHERS = ['https://evil.example', 'http://other.browser.test', 'https://browser.test'];

let stage: Stage;
let first: Node;
let last: Node;
beforeAll(async () => {
  // What is kept of one browser's question must not be told to another one.
  stage = await Stage.open({ PUBLIC_URL, ANSWER_CACHE_BYTES: '8000000', CORS_ORIGINS: OTHERS.join(',') });
  ({ first, last } = stage.cluster);
}, 60_000);
afterAll(() => stage?.close());

const enter = async (person: Person, node = first) => signIn(node, stage.cluster.issuer, person.email);
const reasonOf = async (node: Node, caller: Caller) => (await ask(node, caller, ME)).errors[0]?.extensions.reason;
const listOf = async (browser: Browser): Promise<{ id: string; isCurrent: boolean }[]> =>
  (await get(last, callerIn(browser), SESSIONS)).sessions;
const currentOf = async (browser: Browser): Promise<string> =>
  (await listOf(browser)).find(({ isCurrent }) => isCurrent)?.id ?? '';

/** A socket with a subscription that stands. */
async function listenIn(browser: Browser, node: Node) {
  const stream = listen(node, callerIn(browser, stage.world.companyId), CHANGES, { project: stage.project.id });
  await stream.until(({ kind }) => kind === 'READY');
  return stream;
}

/** How long a socket stays once this is done, and how it is closed. */
async function closingOf(stream: { closed: Promise<{ code: number; reason: string }> }, act: Promise<unknown>) {
  const startedAt = performance.now();
  const { code, reason } = await stream.closed;
  const ms = performance.now() - startedAt;
  await act;
  return { code, reason, ms };
}
const closedAtOnce = { code: 4401, reason: ENDED, ms: expect.any(Number) };

describe("a person's sessions", () => {
  it('are told with device and place, and which one it is', async () => {
    const person = await stage.world.member();
    const [one, two] = [await enter(person), await enter(person, last)];
    const { sessions } = await get(first, callerIn(one), SESSIONS);
    expect(sessions).toHaveLength(2);
    for (const session of sessions) {
      expect(session).toMatchObject({ device: 'A browser of the tests', place: '127.0.0.1', identityProvider: null });
      expect(new Date(session.endsAt).getTime()).toBeGreaterThan(Date.now());
    }
    expect(await currentOf(one)).not.toBe(await currentOf(two));
    const byToken = await get(first, person.caller, SESSIONS);
    expect(byToken.sessions.map(({ isCurrent }: { isCurrent: boolean }) => isCurrent)).toEqual([false, false]);
  });

  it('name the provider through which the issuer let them in', async () => {
    const person = await stage.world.member();
    stage.cluster.issuer.nextPerson(person.email, { idp: 'google.com' });
    const browser = browserAt(first);
    await browser.open(`${PUBLIC_URL}/auth/login`);
    expect(await listOf(browser)).toMatchObject([{ identityProvider: 'google.com' }]);
  });

  it('are told and ended over a socket as well', async () => {
    const person = await stage.world.member();
    const [one, two] = [await enter(person), await enter(person)];
    const told = await listen(last, callerIn(one), SESSIONS).until(() => true);
    expect((told as unknown as { isCurrent: boolean }[]).filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
    const sessionId = await currentOf(two);
    await listen(last, callerIn(one), END, { input: { sessionId } }).until(() => true);
    expect(await reasonOf(first, callerIn(two))).toBe(ENDED);
    expect(await reasonOf(first, callerIn(one))).toBeUndefined();
  });

  it('are nobody else’s to read or to end: not a colleague’s, an administrator’s or a follower’s', async () => {
    const [person, colleague] = [await stage.world.member(), await stage.world.member()];
    const [mine, theirs] = [await enter(person), await enter(colleague)];
    const sessionId = await currentOf(mine);
    const administrator = await enter(stage.world.admin);
    const others = [callerIn(theirs), colleague.caller, callerIn(administrator), stage.world.admin.caller];
    for (const caller of others) {
      expect(JSON.stringify(await get(first, caller, SESSIONS))).not.toContain(sessionId);
      const foreign = await ask(last, caller, END, { input: { sessionId } });
      const absent = await ask(last, caller, END, { input: { sessionId: newId('session') } });
      expect(foreign).toEqual(absent);
      expect(foreign.errors[0]?.extensions.code).toBe('NOT_FOUND');
      await get(last, caller, END_ALL, { input: {} });
    }
    const follower = (await stage.world.follow(stage.task)).caller;
    for (const document of [SESSIONS, END.replace('$input)', `$input)`)]) {
      const { errors } = await ask(first, follower, document, { input: { sessionId } });
      expect(errors[0]?.extensions.reason).toBe('ENTRY_NOT_ALLOWED');
    }
    expect(await emailIn(first, mine)).toBe(person.email);
  });
});

describe('a session that is ended', () => {
  it('by another browser is over at once, on every process, with its sockets', async () => {
    const person = await stage.world.member();
    const [mine, lost] = [await enter(person), await enter(person)];
    const streams = [await listenIn(lost, first), await listenIn(lost, last)];
    const stays = await listenIn(mine, last);
    const input = { sessionId: await currentOf(lost) };
    const act = get(first, callerIn(mine), END, { input });
    const closings = await Promise.all(streams.map((stream) => closingOf(stream, act)));
    expect(closings).toEqual(closings.map(() => closedAtOnce));
    for (const { ms } of closings) expect(ms).toBeLessThan(1_000);
    for (const node of [first, last]) expect(await reasonOf(node, callerIn(lost))).toBe(ENDED);
    await stage.rename('Told to those who stay');
    await stays.until(({ kind }) => kind === 'CHANGED');
    await stays.stop();
  });

  it('is the only one when all others are', async () => {
    const person = await stage.world.member();
    const [mine, ...others] = [await enter(person), await enter(person), await enter(person, last)];
    const { endSessions } = await get(first, callerIn(mine), END_ALL, { input: {} });
    expect(endSessions.sessions).toHaveLength(2);
    for (const other of others) expect(await reasonOf(last, callerIn(other))).toBe(ENDED);
    expect(await emailIn(last, mine)).toBe(person.email);
  });

  it('is every one when the person signs out everywhere, also by a token, with all sockets', async () => {
    const person = await stage.world.member();
    for (const by of ['session', 'token']) {
      const browsers = [await enter(person), await enter(person, last)];
      const streams = await Promise.all(browsers.flatMap((each) => [listenIn(each, first), listenIn(each, last)]));
      const caller = by === 'token' ? person.caller : callerIn(browsers[0] as Browser);
      const act = get(first, caller, END_ALL, { input: { includingThis: true } });
      const closings = await Promise.all(streams.map((stream) => closingOf(stream, act)));
      expect(closings).toEqual(closings.map(() => closedAtOnce));
      for (const { ms } of closings) expect(ms).toBeLessThan(1_000);
      for (const browser of browsers) expect(await reasonOf(last, callerIn(browser))).toBe(ENDED);
    }
  });

  it('is forgotten by its browser', async () => {
    const person = await stage.world.member();
    const browser = await enter(person);
    await get(first, callerIn(browser), END, { input: { sessionId: await currentOf(browser) } });
    const response = await fetch(first.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: browser.cookie, origin: PUBLIC_URL },
      body: JSON.stringify({ query: ME }),
    });
    expect(response.status).toBe(401);
    expect(response.headers.getSetCookie()).toEqual(['aliteo-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax']);
  });

  it('ends its event stream with a word', async () => {
    const person = await stage.world.member();
    const browser = await enter(person);
    const response = await fetch(last.graphqlUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        cookie: browser.cookie,
        origin: PUBLIC_URL,
        'x-company-id': stage.world.companyId,
      },
      body: JSON.stringify({ query: CHANGES, variables: { project: stage.project.id } }),
    });
    let text = '';
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const read = async () => {
      const { done, value = '' } = (await reader?.read()) ?? { done: true };
      text += value;
      return done;
    };
    while (!text.includes('READY')) await read();
    await get(first, callerIn(browser), END_ALL, { input: { includingThis: true } });
    while (!(await read()));
    expect(text).toContain(ENDED);
    expect(text).toContain('event: complete');
  });
});

describe('signing out', () => {
  const LOGOUT = `${PUBLIC_URL}/auth/logout`;
  const ours = { origin: PUBLIC_URL, 'sec-fetch-site': 'same-origin' };
  const outOf = async (browser: Browser, headers: Record<string, string> = ours) => {
    const out = browserAt(first, { stopsAt: stage.cluster.issuer.url });
    for (const [name, value] of browser.cookies) out.cookies.set(name, value);
    return { out, ...(await out.open(LOGOUT, {}, headers)) };
  };

  it('ends the session here, and leads to the issuer to end the one there', async () => {
    const browser = await enter(await stage.world.member());
    const stream = await listenIn(browser, last);
    const caller = callerIn(browser);
    const idToken = stage.cluster.issuer.idTokens.at(-1);
    const { out, url, response } = await outOf(browser);
    expect(response.status).toBe(303);
    expect(`${url.origin}${url.pathname}`).toBe(`${stage.cluster.issuer.url}/end`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'test-browser',
      id_token_hint: idToken,
      post_logout_redirect_uri: `${PUBLIC_URL}/auth/signed-out`,
    });
    expect(out.cookies.size).toBe(0);
    expect(await stream.closed).toMatchObject({ code: 4401, reason: ENDED });
    for (const node of [first, last]) expect(await reasonOf(node, caller)).toBe(ENDED);
  });

  it('tells a script where to go', async () => {
    const browser = await enter(await stage.world.member());
    const { response } = await outOf(browser, { ...ours, accept: 'application/json' });
    expect(await response.json()).toEqual({ location: expect.stringContaining(`${stage.cluster.issuer.url}/end?`) });
    expect(await reasonOf(first, callerIn(browser))).toBe(ENDED);
  });

  it('is what a form on a page of ours asks for', async () => {
    const browser = await enter(await stage.world.member());
    const { response } = await outOf(browser, { origin: 'null', 'sec-fetch-site': 'same-origin' });
    expect(response.status).toBe(303);
    expect(await reasonOf(first, callerIn(browser))).toBe(ENDED);
  });

  it.each([
    ['by another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['by a sibling of ours', { origin: 'http://other.browser.test', 'sec-fetch-site': 'same-site' }],
    ['by a page that hides where it is from', { origin: 'null' }],
    ['by a page in a sandbox', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['by who says nothing', {}],
  ])('is refused when it is asked for %s', async (_what, headers) => {
    const person = await stage.world.member();
    const browser = await enter(person);
    expect((await outOf(browser, headers as Record<string, string>)).response.status).toBe(403);
    expect(await emailIn(first, browser)).toBe(person.email);
  });

  it('is no link', async () => {
    const person = await stage.world.member();
    const browser = await enter(person);
    expect((await browser.open(LOGOUT)).response.status).toBe(405);
    expect(await emailIn(first, browser)).toBe(person.email);
  });

  it('without a session, or with the issuer away, is said to be done', async () => {
    const nobody = await outOf(browserAt(first));
    expect([nobody.url.href, nobody.response.status]).toEqual([`${PUBLIC_URL}/auth/signed-out`, 200]);
    const browser = await enter(await stage.world.member());
    stage.cluster.issuer.isAway = true;
    try {
      await outOf(browser);
    } finally {
      stage.cluster.issuer.isAway = false;
    }
    expect(await reasonOf(first, callerIn(browser))).toBe(ENDED);
  });
});

describe('another site that makes the browser ask', () => {
  const send = (method: string, cookie: string, headers: Record<string, string>, body?: string) =>
    fetch(`${first.graphqlUrl}${method === 'GET' ? `?query=${encodeURIComponent(ME)}` : ''}`, {
      method,
      headers: { cookie, ...headers },
      ...(method === 'POST' && { body: body ?? JSON.stringify({ query: ME }) }),
    });
  const json = { 'content-type': 'application/json' };
  let cookie = '';
  beforeAll(async () => {
    cookie = (await enter(await stage.world.member())).cookie;
  });

  it.each<[string, string, Record<string, string>]>([
    ['from there', 'POST', { ...json, origin: 'https://evil.example' }],
    ['from a sibling', 'POST', { ...json, origin: 'http://other.browser.test', 'sec-fetch-site': 'same-site' }],
    ['from the same host by another scheme', 'POST', { ...json, origin: 'https://browser.test' }],
    [
      'as the browser says, whatever the origin',
      'POST',
      { ...json, origin: PUBLIC_URL, 'sec-fetch-site': 'cross-site' },
    ],
    [
      'by another origin, as which the browser does not say it',
      'POST',
      { ...json, origin: 'http://other.browser.test', 'sec-fetch-site': 'same-origin' },
    ],
    ['with nothing said of where from', 'POST', json],
    ['by a link', 'GET', { ...json, 'sec-fetch-site': 'cross-site' }],
    ['by an address that somebody typed', 'GET', { ...json, 'sec-fetch-site': 'none' }],
    ['by a form of ours', 'POST', { 'content-type': 'application/x-www-form-urlencoded', origin: PUBLIC_URL }],
    ['by a plain text of ours', 'POST', { 'content-type': 'text/plain', origin: PUBLIC_URL }],
    [
      'by a form with a file of ours',
      'POST',
      { 'content-type': 'multipart/form-data; boundary=x', origin: PUBLIC_URL },
    ],
  ])('%s is refused', async (_where, method, headers) => {
    const response = await send(method, cookie, headers);
    const { errors } = (await response.json()) as { errors: { extensions: object }[] };
    expect([response.status, errors[0]?.extensions]).toEqual([403, { code: 'FORBIDDEN', reason: 'CROSS_SITE' }]);
  });

  it('is refused an event stream', async () => {
    const headers = { ...json, accept: 'text/event-stream', origin: 'https://evil.example' };
    expect((await send('POST', cookie, headers)).status).toBe(403);
  });

  it('is refused at once from a page that hides where it is from, or is not known at all', async () => {
    for (const origin of ['null', 'https://unknown.example']) {
      expect((await send('POST', cookie, { ...json, origin })).status).toBe(403);
      const [error] = await once(
        new WebSocket(first.wsUrl, 'graphql-transport-ws', { headers: { cookie }, origin }),
        'error',
      );
      expect(String(error)).toContain('403');
    }
  });

  it.each([...OTHERS, undefined])('is nobody over a socket from %s', async (origin) => {
    const raw = await RawSocket.open(first, { cookie, origin });
    expect(await raw.closed).toMatchObject({ code: 4401, reason: 'NO_CREDENTIAL' });
  });

  it('is let in from a page of ours, by POST and by GET', async () => {
    for (const headers of [
      { ...json, origin: PUBLIC_URL },
      { ...json, origin: PUBLIC_URL, 'sec-fetch-site': 'same-origin' },
      { ...json, 'sec-fetch-site': 'same-origin' },
    ])
      for (const method of ['GET', 'POST']) expect((await send(method, cookie, headers)).status).toBe(200);
  });

  it('is nobody with two cookies of one name', async () => {
    const response = await send('POST', `${cookie}; ${cookie}`, { ...json, origin: PUBLIC_URL });
    const { errors } = (await response.json()) as { errors: { extensions: { reason: string } }[] };
    expect(errors[0]?.extensions.reason).toBe('NO_CREDENTIAL');
  });
});

it('a socket that came by a session begins nothing more once that has ended', async () => {
  const browser = await enter(await stage.world.member());
  const raw = await RawSocket.open(last, callerIn(browser));
  await get(first, callerIn(browser), END_ALL, { input: { includingThis: true } });
  raw.subscribe('late', ME, {});
  expect(await raw.closed).toMatchObject({ code: 4401, reason: ENDED });
  expect(JSON.stringify(raw.messages)).not.toContain('"data"');
});
