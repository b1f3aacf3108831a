import type { Cluster, Redis } from 'ioredis';
import { unavailable } from '../errors.js';
import type { EndedSessions, SessionStore, StoredSession } from './session-store.js';

/** All of a person's sessions are one key, so that they are in one slot of a cluster and change as one. */
const sessionsOf = (userId: string) => `aliteo:{${userId}}:sessions`;
const spentKey = (what: string) => `aliteo:spent:${what}`;
const ENDED = 'aliteo:sessions:ended';
const MOST_ENDED = 10_000;
const AT_ONCE = 1_000;

/** Beside a session stands when it was last seen, which alone changes. */
const seen = (hash: string) => `seen:${hash}`;
const TOUCH = `if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end`;

/** Sessions in Redis, for all processes around it. */
export class RedisSessionStore implements SessionStore {
  constructor(readonly client: Redis | Cluster) {}

  add(session: StoredSession): Promise<void> {
    return asked(async () => {
      const { userId, hash, lastSeenAt, endsAt } = session;
      const key = sessionsOf(userId);
      const fields = { [hash]: JSON.stringify(session), [seen(hash)]: String(lastSeenAt) };
      // It is the newest, so that none of the others ends later.
      const changed = this.client.multi().hset(key, fields).pexpireat(key, endsAt);
      sound(await changed.exec());
    });
  }

  find(userId: string, hash: string): Promise<StoredSession | null> {
    return asked(async () => {
      const [text = null, at = null] = await this.client.hmget(sessionsOf(userId), hash, seen(hash));
      return sessionIn(text, at);
    });
  }

  list(userId: string): Promise<StoredSession[]> {
    return asked(async () => {
      const fields = await this.client.hgetall(sessionsOf(userId));
      return Object.keys(fields).flatMap((name) =>
        name.startsWith('seen:') ? [] : (sessionIn(fields[name] ?? null, fields[seen(name)] ?? null) ?? []),
      );
    });
  }

  touch(userId: string, hash: string, lastSeenAt: number): Promise<void> {
    return asked(async () => {
      await this.client.eval(TOUCH, 1, sessionsOf(userId), hash, seen(hash), lastSeenAt);
    });
  }

  remove(userId: string, hashes: readonly string[]): Promise<StoredSession[]> {
    if (hashes.length === 0) return Promise.resolve([]);
    return asked(async () => {
      const key = sessionsOf(userId);
      const fields = hashes.flatMap((hash) => [hash, seen(hash)]);
      const removal = this.client
        .multi()
        .hmget(key, ...fields)
        .hdel(key, ...fields);
      const [values] = sound(await removal.exec()) as [(string | null)[]];
      const removed = hashes.flatMap((_, i) => sessionIn(values[2 * i] ?? null, values[2 * i + 1] ?? null) ?? []);
      if (removed.length > 0) await this.#tell(removed);
      return removed;
    });
  }

  endedAfter(cursor: string): Promise<EndedSessions> {
    return asked(async () => {
      const entries = await this.client.xrange(ENDED, `(${cursor}`, '+', 'COUNT', AT_ONCE);
      const hashes = entries.flatMap(([, [, told = '']]) => told.split(' '));
      return { cursor: entries.at(-1)?.[0] ?? cursor, hashes };
    });
  }

  spend(what: string, ms: number): Promise<boolean> {
    return asked(async () => (await this.client.set(spentKey(what), '1', 'PX', ms, 'NX')) === 'OK');
  }

  async #tell(removed: readonly StoredSession[]): Promise<void> {
    const hashes = removed.map(({ hash }) => hash).join(' ');
    await this.client.xadd(ENDED, 'MAXLEN', '~', MOST_ENDED, '*', 'hashes', hashes);
  }
}

function sessionIn(text: string | null, lastSeenAt: string | null): StoredSession | null {
  return text === null
    ? null
    : { ...(JSON.parse(text) as StoredSession), ...(lastSeenAt && { lastSeenAt: +lastSeenAt }) };
}

/** The replies of a transaction. Throws when one of them is an error. */
function sound(replies: [Error | null, unknown][] | null): unknown[] {
  return (replies ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}

async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unavailable('SESSIONS_UNAVAILABLE', 'Where sessions are kept does not answer: try again soon.', error);
  }
}
