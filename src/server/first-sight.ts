import type { Cluster, Redis } from 'ioredis';
import type { FirstSight } from '../domain/door-log.js';

/** Remembers keys in Redis for all processes, by fingerprints. Without it, or while it is away, each process is on its own. */
export function createFirstSight(client: Redis | Cluster | null, fingerprint: (key: string) => string): FirstSight {
  return async (key, ms) => {
    try {
      const name = `aliteo:entered:${fingerprint(key)}`;
      return client === null || (await client.set(name, 1, 'PX', Math.ceil(ms), 'NX')) === 'OK';
    } catch {
      return true;
    }
  };
}
