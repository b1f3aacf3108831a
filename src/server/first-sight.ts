import type { Cluster, Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import type { FirstSight } from '../domain/door-log.js';

const KNOWN = 50_000;

/** Remembers keys in Redis for all processes, by fingerprints; without it, or while it is away, in this process alone. */
export function createFirstSight(client: Redis | Cluster | null, fingerprint: (key: string) => string): FirstSight {
  const seen = new LRUCache<string, true>({ max: KNOWN });
  return async (key, ms) => {
    const name = `aliteo:entered:${fingerprint(key)}`;
    if (seen.has(name)) return false;
    seen.set(name, true, { ttl: ms });
    try {
      return client === null || (await client.set(name, 1, 'PX', Math.ceil(ms), 'NX')) === 'OK';
    } catch {
      return true;
    }
  };
}
