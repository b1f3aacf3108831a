import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster, Redis } from 'ioredis';
import { LocalSessionStore } from '../../src/auth/local-session-store.js';
import { RedisSessionStore } from '../../src/auth/redis-session-store.js';
import { FIRST_CURSOR, type SessionStore } from '../../src/auth/session-store.js';
import { Sessions } from '../../src/auth/sessions.js';
import { Keyring } from '../../src/crypto.js';
import { createLogger } from '../../src/log.js';
import { newId } from '../../src/schema/ids.js';
import { createRedisClient } from '../../src/server/redis-client.js';
import { SECRET_KEY } from '../harness/cluster.js';
import { isEmbedded, redisUrl } from '../harness/column.js';
import { canRunRedisCluster, startRedisCluster } from '../harness/services.mjs';
import { startProxy } from '../harness/tcp-proxy.js';
import { until } from '../harness/until.js';

const IDLE_MS = 1_800_000;
const ABSOLUTE_MS = 43_200_000;
const MINUTE = 60_000;
const keyring = new Keyring(SECRET_KEY);

const signIn = (userId: string, device = 'A browser') => ({
  userId,
  device,
  place: '192.0.2.1',
  issuer: 'example',
  identityProvider: 'google.com',
  idToken: 'an ID token',
  endsAt: null,
});

/** The sessions of two processes around one store, with a clock that the test moves. */
function open(stores: readonly [SessionStore, SessionStore]) {
  // Redis has a clock of its own, by which it forgets what has ended.
  let now = Date.now();
  const limits = { idleMs: IDLE_MS, absoluteMs: ABSOLUTE_MS };
  const [first, last] = stores.map((store) => new Sessions(store, keyring, limits, () => now)) as [Sessions, Sessions];
  return {
    first,
    last,
    wait(ms: number) {
      now += ms;
    },
  };
}

interface Keeper {
  stores: readonly [SessionStore, SessionStore];
  stop(): Promise<void>;
}

async function connected(url: string): Promise<Redis | Cluster> {
  const client = createRedisClient(url, createLogger('silent'));
  await until(() => client.status === 'ready', 'Redis is connected');
  return client;
}

async function inRedis(url: string): Promise<Keeper> {
  const clients = [await connected(url), await connected(url)] as const;
  return {
    stores: [new RedisSessionStore(clients[0]), new RedisSessionStore(clients[1])],
    stop: async () => {
      for (const client of clients) client.disconnect();
    },
  };
}

async function inOneProcess(): Promise<Keeper> {
  const store = new LocalSessionStore();
  return { stores: [store, store], stop: async () => {} };
}

async function inCluster(): Promise<Keeper> {
  const cluster = await startRedisCluster(await mkdtemp(join(tmpdir(), 'aliteo-test-')));
  const keeper = await inRedis(cluster.url);
  const stop = async () => {
    await keeper.stop();
    await cluster.stop();
  };
  return { stores: keeper.stores, stop };
}

const keepers: [string, () => Promise<Keeper>][] = isEmbedded
  ? [['in one process', inOneProcess]]
  : [
      ['in Redis', () => inRedis(redisUrl())],
      ...(canRunRedisCluster() ? [['in a Redis Cluster', inCluster] as [string, () => Promise<Keeper>]] : []),
    ];

describe.each(keepers)('sessions %s', (_where, start) => {
  let keeper: Keeper;
  beforeAll(async () => {
    keeper = await start();
  }, 60_000);
  afterAll(() => keeper?.stop());

  const begin = async (userId = newId('user')) => {
    const sessions = open(keeper.stores);
    const { secret, session } = await sessions.first.start(signIn(userId));
    return { ...sessions, userId, secret, session };
  };

  it('are found by their secret, on every process', async () => {
    const { last, userId, secret } = await begin();
    expect(await last.use(secret)).toMatchObject({ userId, device: 'A browser', place: '192.0.2.1' });
  });

  it('are found by nothing else', async () => {
    const { last, userId, secret, session } = await begin();
    const [, random = ''] = secret.split('.');
    const others = ['', '.', userId, `${userId}.`, random, `${userId}.${session.hash}`, `${newId('user')}.${random}`];
    for (const other of [...others, `${secret}x`, secret.slice(0, -1), `task_01h455vb4pex5vsknk084sn02q.${random}`])
      expect([other, await last.use(other)]).toEqual([other, null]);
  });

  it('have secrets of 256 bits, of which only a keyed hash is kept', async () => {
    const { first, secret, userId } = await begin();
    expect(Buffer.from(secret.split('.')[1] ?? '', 'base64url')).toHaveLength(32);
    const kept = JSON.stringify(await first.store.list(userId));
    expect(kept).not.toContain(secret.split('.')[1]);
    expect(kept).not.toContain('an ID token');
    const elsewhere = new Sessions(first.store, new Keyring('another key of thirty-two characters'), first.limits);
    expect(await elsewhere.use(secret)).toBeNull();
  });

  it('end when they are not used, and go on while they are', async () => {
    const { first, last, wait, secret } = await begin();
    for (let i = 0; i < 5; i += 1) {
      wait(IDLE_MS - MINUTE);
      expect(await (i % 2 ? first : last).use(secret)).not.toBeNull();
    }
    wait(IDLE_MS);
    expect(await last.use(secret)).toBeNull();
  });

  it('end in time, however much they are used', async () => {
    const { last, wait, secret } = await begin();
    for (let spent = 0; spent < ABSOLUTE_MS - IDLE_MS / 2; spent += IDLE_MS / 2) {
      expect(await last.use(secret)).not.toBeNull();
      wait(IDLE_MS / 2);
    }
    expect((await last.use(secret))?.expiresAt).toEqual(new Date((await last.use(secret))?.endsAt ?? 0));
    wait(IDLE_MS / 2);
    expect(await last.use(secret)).toBeNull();
  });

  it('end when the issuer has them end, and never later than ours', async () => {
    const { first, last, userId, wait } = await begin();
    const soon = Date.now() + 10 * MINUTE;
    const short = await first.start({ ...signIn(userId), endsAt: soon });
    expect(short.session.expiresAt.getTime()).toBe(soon);
    const long = await first.start({ ...signIn(userId), endsAt: Date.now() + 2 * ABSOLUTE_MS });
    expect(long.session.endsAt - long.session.startedAt).toBe(ABSOLUTE_MS);
    wait(11 * MINUTE);
    expect(await last.use(short.secret)).toBeNull();
    expect(await last.use(long.secret)).not.toBeNull();
  });

  it('are not used by being looked at', async () => {
    const { last, wait, userId, session, secret } = await begin();
    wait(IDLE_MS - MINUTE);
    expect(await last.look(userId, session.hash)).not.toBeNull();
    expect(await last.list(userId)).toHaveLength(1);
    wait(2 * MINUTE);
    expect(await last.look(userId, session.hash)).toBeNull();
    expect(await last.list(userId)).toEqual([]);
    expect(await last.use(secret)).toBeNull();
  });

  it('are written when they are used, once a minute at most', async () => {
    const { first, last, wait, userId, secret, session } = await begin();
    const seenAt = async () => ((await first.list(userId))[0]?.lastSeenAt ?? 0) - session.startedAt;
    wait(MINUTE - 1);
    await last.use(secret);
    expect(await seenAt()).toBe(0);
    wait(1);
    await last.use(secret);
    expect(await seenAt()).toBe(MINUTE);
  });

  it('end when they are ended, and using one at that moment does not bring it back', async () => {
    const { first, last, wait, userId, secret, session } = await begin();
    expect(await last.end(userId, [session.hash, 'unknown'])).toMatchObject([{ id: session.id }]);
    await first.store.touch(userId, session.hash, Date.now());
    wait(MINUTE);
    expect(await first.use(secret)).toBeNull();
    expect(await first.list(userId)).toEqual([]);
    expect(await first.end(userId, [session.hash])).toEqual([]);
  });

  it('of one person are no business of another one', async () => {
    const { first, userId, secret, session } = await begin();
    const another = await first.start(signIn(newId('user')));
    expect(await first.end(another.session.userId, [session.hash])).toEqual([]);
    expect((await first.list(another.session.userId)).map(({ id }) => id)).toEqual([another.session.id]);
    expect((await first.use(secret))?.userId).toBe(userId);
  });

  it('are told of when they have been ended, to every process, once', async () => {
    const { first, last, userId, session } = await begin();
    const more = [(await first.start(signIn(userId))).session, (await first.start(signIn(userId))).session];
    let cursor = FIRST_CURSOR;
    const told = async () => {
      const ended = await last.store.endedAfter(cursor);
      ({ cursor } = ended);
      return ended.hashes;
    };
    await told();
    await first.end(userId, [session.hash]);
    expect(await told()).toEqual([session.hash]);
    expect(await told()).toEqual([]);
    const hashes = more.map(({ hash }) => hash);
    await first.end(userId, hashes);
    expect([...(await told())].sort()).toEqual(hashes.sort());
    expect(await told()).toEqual([]);
  });

  it("of a company's own issuer make room among themselves", async () => {
    const { first, wait, userId, secret } = await begin();
    wait(MINUTE);
    const sso = { companyId: 'company_a', providerId: 'provider_a' };
    for (let i = 0; i < 101; i += 1) await first.start({ ...signIn(userId), sso });
    expect(await first.use(secret)).not.toBeNull();
    expect(await first.list(userId)).toHaveLength(101);
  });

  it('are a hundred of one person at most: the one that was not seen for the longest time goes', async () => {
    const { first, wait, userId, secret } = await begin();
    const secrets = [secret];
    for (let i = 1; i < 100; i += 1) secrets.push((await first.start(signIn(userId))).secret);
    wait(MINUTE);
    for (const each of secrets.filter((_, i) => i !== 7)) await first.use(each);
    await first.start(signIn(userId));
    expect(await first.use(secrets[7] ?? '')).toBeNull();
    expect(await first.list(userId)).toHaveLength(100);
  });

  it('keep as much of what a browser calls itself as is of use', async () => {
    const { first, userId } = await begin();
    const { session } = await first.start(signIn(userId, `Browser ${'x'.repeat(5_000)}`));
    expect(session.device).toHaveLength(160);
  });

  it('know by which ID token they began, unless it was too long', async () => {
    const { last, session, userId, secret } = await begin();
    const found = await last.use(secret);
    expect(found && last.idTokenOf(found)).toBe('an ID token');
    const long = await last.start({ ...signIn(userId), idToken: 'x'.repeat(10_000) });
    expect(last.idTokenOf(long.session)).toBeNull();
    expect(last.idTokenOf({ ...long.session, idToken: session.idToken })).toBeNull();
  });

  it('let what is good once be spent once', async () => {
    const [first, last] = keeper.stores;
    const what = newId('session');
    const attempts = await Promise.all([
      first.spend(what, MINUTE),
      last.spend(what, MINUTE),
      first.spend(what, MINUTE),
    ]);
    expect(attempts.filter(Boolean)).toHaveLength(1);
    expect(await last.spend(what, MINUTE)).toBe(false);
    expect(await last.spend(`${what}-2`, MINUTE)).toBe(true);
  });
});

(isEmbedded ? it.skip : it)('nothing stays in Redis for ever', async () => {
  const client = await connected(redisUrl());
  try {
    const limits = { idleMs: IDLE_MS, absoluteMs: ABSOLUTE_MS };
    const sessions = new Sessions(new RedisSessionStore(client), keyring, limits);
    const userId = newId('user');
    const key = `aliteo:{${userId}}:sessions`;
    const [one, two] = [(await sessions.start(signIn(userId))).session, (await sessions.start(signIn(userId))).session];
    const left = await client.pttl(key);
    expect(left).toBeGreaterThan(ABSOLUTE_MS - MINUTE);
    expect(left).toBeLessThanOrEqual(ABSOLUTE_MS);
    await sessions.end(userId, [one.hash, two.hash]);
    await sessions.store.touch(userId, one.hash, Date.now());
    expect(await client.exists(key)).toBe(0);
    const what = newId('session');
    await sessions.store.spend(what, MINUTE);
    expect(await client.pttl(`aliteo:spent:${what}`)).toBeGreaterThan(0);
  } finally {
    client.disconnect();
  }
});

(isEmbedded ? it.skip : it)('while Redis is away nobody is let in, and nobody is turned out', async () => {
  const proxy = await startProxy(redisUrl());
  const client = await connected(proxy.url);
  try {
    const sessions = new Sessions(new RedisSessionStore(client), keyring, { idleMs: IDLE_MS, absoluteMs: ABSOLUTE_MS });
    const { secret, session } = await sessions.start(signIn(newId('user')));
    await proxy.cut();
    const away = { code: 'UNAVAILABLE', reason: 'SESSIONS_UNAVAILABLE' };
    await expect(sessions.use(secret)).rejects.toMatchObject(away);
    await expect(sessions.end(session.userId, [session.hash])).rejects.toMatchObject(away);
    await expect(sessions.start(signIn(session.userId))).rejects.toMatchObject(away);
    await expect(sessions.store.spend('anything', 1_000)).rejects.toMatchObject(away);
    await expect(sessions.store.endedAfter(FIRST_CURSOR)).rejects.toMatchObject(away);
    await proxy.restore();
    await until(() => client.status === 'ready', 'Redis is back');
    expect(await sessions.use(secret)).not.toBeNull();
  } finally {
    client.disconnect();
    await proxy.close();
  }
});
