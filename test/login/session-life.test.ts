import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { browserAt, callerIn, emailIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { type Answer, ask, type Caller, get, listen } from '../harness/client.js';
import { isEmbedded, redisUrl } from '../harness/column.js';
import { RawSocket } from '../harness/raw-socket.js';
import { CHANGES, Stage } from '../harness/stage.js';
import { startProxy, type TcpProxy } from '../harness/tcp-proxy.js';
import { until } from '../harness/until.js';

const ME = '{ viewer { user { email } } }';
const told = ({ status, errors }: Answer) => [status, errors[0]?.extensions.code, errors[0]?.extensions.reason];
const OVER = [401, 'UNAUTHENTICATED', 'SESSION_ENDED'];

describe('a session that lives for seconds', () => {
  const IDLE_MS = 2_000;
  const ABSOLUTE_MS = 6_000;
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ PUBLIC_URL, SESSION_IDLE_SECONDS: '2', SESSION_SECONDS: '6' });
  }, 60_000);
  afterAll(() => stage?.close());

  const enter = async () => {
    const startedAt = Date.now();
    const person = await stage.world.member();
    const browser = await signIn(stage.cluster.first, stage.cluster.issuer, person.email);
    const stream = listen(stage.cluster.last, callerIn(browser, stage.world.companyId), CHANGES, {
      project: stage.project.id,
    });
    await stream.until(({ kind }) => kind === 'READY');
    const closing = stream.closed.then(({ code, reason }) => ({ code, reason, ms: Date.now() - startedAt }));
    return { caller: callerIn(browser), closing };
  };

  it('ends with its sockets when it is not used', async () => {
    const { caller, closing } = await enter();
    const { code, reason, ms } = await closing;
    expect([code, reason]).toEqual([4401, 'SESSION_ENDED']);
    expect(ms).toBeGreaterThanOrEqual(IDLE_MS);
    expect(ms).toBeLessThan(ABSOLUTE_MS);
    for (const node of stage.cluster.nodes) expect(told(await ask(node, caller, ME))).toEqual(OVER);
  });

  it('goes on with its sockets while it is used elsewhere, and ends in time', async () => {
    const { caller, closing } = await enter();
    let isOver = false;
    void closing.then(() => {
      isOver = true;
    });
    const reasons = new Set<string | undefined>();
    await until(async () => {
      reasons.add((await ask(stage.cluster.first, caller, ME)).errors[0]?.extensions.reason);
      return isOver;
    }, 'the end');
    const { code, reason, ms } = await closing;
    expect([code, reason]).toEqual([4401, 'SESSION_ENDED']);
    expect(ms).toBeGreaterThan(2 * IDLE_MS);
    expect(ms).toBeGreaterThanOrEqual(ABSOLUTE_MS);
    expect(reasons.has(undefined)).toBe(true);
    expect(told(await ask(stage.cluster.first, caller, ME))).toEqual(OVER);
  });
});

(isEmbedded ? describe.skip : describe)('while Redis is away', () => {
  let stage: Stage;
  let proxy: TcpProxy;
  beforeAll(async () => {
    proxy = await startProxy(redisUrl());
    stage = await Stage.open({ PUBLIC_URL, REDIS_URL: proxy.url });
  }, 60_000);
  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
  });

  it('who comes by a session is told to try again, and what is open goes on', async () => {
    const { first, last, issuer } = stage.cluster;
    const person = await stage.world.member();
    const browser = await signIn(first, issuer, person.email);
    const caller: Caller = callerIn(browser, stage.world.companyId);
    const stream = listen(last, caller, CHANGES, { project: stage.project.id });
    await stream.until(({ kind }) => kind === 'READY');
    await proxy.cut();
    try {
      const away = [503, 'UNAVAILABLE', 'SESSIONS_UNAVAILABLE'];
      for (const node of [first, last]) expect(told(await ask(node, caller, ME))).toEqual(away);
      expect(told(await ask(first, person.caller, ME))).toEqual([200, undefined, undefined]);
      const refused = listen(last, caller, ME);
      expect((await refused.closed).code).toBe(1013);
      const { response } = await browserAt(first).open(`${PUBLIC_URL}/auth/login`);
      expect([response.status, await response.text()]).toEqual([
        503,
        'Where sessions are kept does not answer: try again soon.\n',
      ]);
      await stage.rename('Told from the log');
      await stream.until(({ kind, task }) => kind === 'CHANGED' && task?.title === 'Told from the log');
    } finally {
      await proxy.restore();
    }
    for (const node of [first, last])
      await until(async () => (await ask(node, caller, ME)).status === 200, 'Redis is back');
    expect(await emailIn(first, browser)).toBe(person.email);
    // The end that is told after it all is heard.
    await get(first, person.caller, 'mutation { endSessions(input: { includingThis: true }) { userErrors { code } } }');
    expect((await stream.closed).code).toBe(4401);
    for (const node of stage.cluster.nodes) expect(node.output()).not.toContain('unexpected error');
  });

  it('a socket is refused what it asks anew, and stays', async () => {
    const { first, last, issuer } = stage.cluster;
    const person = await stage.world.member();
    const browser = await signIn(first, issuer, person.email);
    const raw = await RawSocket.open(last, callerIn(browser, stage.world.companyId));
    raw.subscribe('before', ME, {});
    expect(await raw.next('next', 'before')).toMatchObject({ payload: { data: { viewer: {} } } });
    await proxy.cut();
    try {
      raw.subscribe('away', ME, {});
      expect(await raw.next('error', 'away')).toMatchObject({
        payload: [{ extensions: { reason: 'SESSIONS_UNAVAILABLE' } }],
      });
    } finally {
      await proxy.restore();
    }
    await until(async () => (await ask(last, callerIn(browser), ME)).status === 200, 'Redis is back');
    raw.subscribe('after', ME, {});
    expect(await raw.next('next', 'after')).toMatchObject({ payload: { data: { viewer: {} } } });
    raw.ws.close();
  });
});
