import type { KeyUse } from '../encryption/encryption.js';
import { type KeyVersion, WrappedKeyError } from '../encryption/key-wrapper.js';
import { beginningOf, SealedValueError } from '../encryption/sealed-value.js';
import { DataKey } from '../entities/data-key.js';
import { type Row, selectRows } from '../entities/rows.js';
import { run } from '../entities/statements.js';
import { tableOf } from '../entities/table.js';
import { tenantIds } from '../entities/tenant-ids.js';
import { type DataKeys, replaceWrapped } from './data-keys.js';
import { SEALED_COLUMNS, type SealedColumn } from './sealed-columns.js';

const USE: KeyUse = { purpose: 'rotation', actorId: null, entryPoint: 'OPERATOR' };
const AT_ONCE = 100;

/** How many were done, and of how many companies it could not be, of which the log tells why. */
export interface Rotated {
  done: number;
  failed: number;
}

/**
 * Wraps all companies' data keys by the newest version of the wrapping key. Servers run on meanwhile: a key is the same,
 * however it is wrapped. Begun again, it goes on where it ended. Throws while the vault cannot be asked.
 */
export async function rewrapDataKeys(keys: DataKeys): Promise<Rotated> {
  const { orm } = keys.parts;
  const newest = await keys.wrapper.newest();
  return ofEachCompany(keys, async (companyId) => {
    const others = 'not (key_name = ? and key_version = ?) order by generation';
    const rows = await selectRows({ orm, companyId }, DataKey, others, [newest.name, newest.version]);
    let count = 0;
    for (const row of rows) if (await rewrap(keys, row, newest)) count += 1;
    return count;
  });
}

/** What is broken in one company does not keep the others from it. */
async function ofEachCompany(
  { parts: { orm, log } }: DataKeys,
  act: (companyId: string) => Promise<number>,
): Promise<Rotated> {
  const rotated = { done: 0, failed: 0 };
  for await (const companyIds of tenantIds(orm, 'companies')) {
    for (const companyId of companyIds) {
      try {
        rotated.done += await act(companyId);
      } catch (error) {
        if (!(error instanceof WrappedKeyError || error instanceof SealedValueError)) throw error;
        rotated.failed += 1;
        log.error({ companyId, error: error.message }, 'keys: the keys of a company could not be rotated');
      }
    }
  }
  return rotated;
}

/** Whether it was this process that did. */
async function rewrap({ parts, wrapper, counts }: DataKeys, row: Row<DataKey>, newest: KeyVersion): Promise<boolean> {
  const { companyId, generation } = row;
  const plain = await wrapper.unwrap({ name: row.keyName, version: row.keyVersion, wrapped: row.wrapped });
  counts.unwrapped += 1;
  const again = await wrapper.wrap(plain);
  counts.wrapped += 1;
  plain.fill(0);
  const result = await replaceWrapped(parts, row, again, USE);
  parts.log.info({ companyId, generation, from: row.keyVersion, to: newest.version }, 'keys: a data key was rewrapped');
  return result;
}

/**
 * Gives each company that has a data key from before `begun` a new one, and seals its secrets anew with that. Old
 * generations still open what is not done yet, and what a backup has. Begun again with the same time, it goes on where it
 * ended. Throws while the vault cannot be asked.
 */
export async function renewDataKeys(keys: DataKeys, begun: Date): Promise<Rotated> {
  const { orm } = keys.parts;
  return ofEachCompany(keys, async (companyId) => {
    const [newest] = await selectRows({ orm, companyId }, DataKey, 'retired_at is null limit 1', []);
    if (!newest) return 0;
    const { generation } = newest.createdAt < begun ? await keys.renew(companyId, newest.generation, USE) : newest;
    let count = 0;
    for (const column of SEALED_COLUMNS) count += await sealAnew(keys, companyId, column, generation);
    return count;
  });
}

async function sealAnew(keys: DataKeys, companyId: string, sealed: SealedColumn, generation: number): Promise<number> {
  const { orm } = keys.parts;
  const { table, type, property } = sealed;
  const { sql: column } = tableOf(orm.em, type).column(property);
  const old = `${column} is not null and ${column} not like ? and id > ? order by id limit ?`;
  let count = 0;
  for (let last = ''; ; ) {
    const rows = await selectRows({ orm, companyId }, type, old, [`${beginningOf(generation)}%`, last, AT_ONCE]);
    for (const row of rows) {
      const place = { companyId, table, column: property, id: row.id };
      const before = String(row[property as keyof typeof row]);
      const after = await keys.seal(place, await keys.open(place, before, USE), USE);
      // Who has changed it meanwhile has sealed it with a key of now.
      const change = `update ${table} set ${column} = ? where company_id = ? and id = ? and ${column} = ?`;
      const { numAffectedRows } = await run(orm.em.fork(), change, [after, companyId, row.id, before]);
      count += Number(numAffectedRows ?? 0);
    }
    if (rows.length === 0) return count;
    last = rows.at(-1)?.id ?? '';
  }
}
