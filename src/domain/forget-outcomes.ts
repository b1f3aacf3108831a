import { deleteOlder } from '../entities/delete-older.js';
import { IdempotencyRecord, UserIdempotencyRecord } from '../entities/idempotency-record.js';
import type { Orm } from '../entities/orm.js';
import { KEPT_MS } from './once.js';

/** Deletes what came of commands whose keys are good no longer, until it is told to stop. Answers how many. */
export async function forgetOutcomes(orm: Orm, signal?: AbortSignal): Promise<number> {
  const before = new Date(Date.now() - KEPT_MS);
  const ofCompanies = await deleteOlder(orm, IdempotencyRecord, before, signal);
  return ofCompanies + (await deleteOlder(orm, UserIdempotencyRecord, before, signal));
}
