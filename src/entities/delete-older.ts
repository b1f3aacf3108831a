import type { EntityClass } from '@mikro-orm/core';
import type { Orm } from './orm.js';
import { marks } from './row-filter.js';
import { run } from './statements.js';
import { type Table, tableOf } from './table.js';
import { tenantIds } from './tenant-ids.js';

/** Of so many rows the keys are deleted at once. */
const ROWS = 500;

/** The rows of one tenant under one key go together. */
type Aging = EntityClass<{ keyHash: string; createdAt: Date }>;

/**
 * Deletes what is older than `before`: tenant by tenant, a bounded number of rows at once, until there is no more or it
 * is told to stop. Several who do so at the same time find less to do. Answers how many rows went.
 */
export async function deleteOlder(orm: Orm, type: Aging, before: Date, signal?: AbortSignal): Promise<number> {
  const table = tableOf(orm.em, type);
  const owner = table.isTenants ? 'company_id' : 'user_id';
  const age = table.column('createdAt').write(before);
  let deleted = 0;
  for await (const ids of tenantIds(orm, table.isTenants ? 'companies' : 'users')) {
    // Each of them is named: nobody's rows are read without their key.
    const text = `select distinct ${owner} as id from ${table.sql} where ${owner} in (${marks(ids.length)}) and created_at < ?`;
    const { rows } = await run(orm.em, text, [...ids, age]);
    for (const { id } of rows) {
      const those = { text: `${owner} = ? and created_at < ?`, parameters: [id, age] };
      for (let some = 1; some > 0; deleted += some) {
        if (signal?.aborted) return deleted;
        some = await deleteSome(orm, table, those);
      }
    }
  }
  return deleted;
}

/** By their keys: no others are locked, so whoever writes some beside them does not wait. */
async function deleteSome(
  { em }: Orm,
  table: Table,
  { text, parameters }: { text: string; parameters: readonly unknown[] },
): Promise<number> {
  const found = `select key_hash from ${table.sql} where ${text} order by created_at limit ?`;
  const { rows } = await run(em, found, [...parameters, ROWS]);
  if (rows.length === 0) return 0;
  const keys = [...new Set(rows.map((row) => row.key_hash))];
  const gone = `delete from ${table.sql} where ${text} and key_hash in (${marks(keys.length)})`;
  const { numAffectedRows } = await run(em, gone, [...parameters, ...keys]);
  return Number(numAffectedRows ?? 0);
}
