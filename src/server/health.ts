import type { Parts } from '../domain/unit-of-work.js';
import type { Bus } from '../pubsub/bus.js';

export interface Readiness {
  ready: boolean;
  checks: { database: boolean; bus: boolean };
}

/** Ready while the database answers. Redis is told of, but its absence only slows: the log heals what it loses. */
export async function readiness(parts: Parts, bus: Bus, draining: boolean): Promise<Readiness> {
  const database = await parts.orm.em
    .getConnection()
    .execute('select 1')
    .then(() => true)
    .catch(() => false);
  return { ready: database && !draining, checks: { database, bus: bus.isHealthy() } };
}
