import type { Keyring } from '../crypto.js';
import { AuditEntry, AuditHead } from '../entities/audit-entry.js';
import type { Orm } from '../entities/orm.js';
import { listRows, type Row, type RowSource, selectRows } from '../entities/rows.js';
import { readAudit } from './audit.js';
import { BEGINNING, digestOf, endOf, hashAfter, isEmptied, SEAL_PURPOSE } from './audit-chain.js';

/** What has been found out about a company's audit log. */
export type Verdict =
  | { readonly isSound: true; readonly number: number; readonly hash: string }
  /** `number` is the first entry that is not as it was written, or not there. */
  | { readonly isSound: false; readonly number: number; readonly fault: string };

const AT_ONCE = 1_000;

/**
 * Walks a company's chain from its beginning, and names the first link that is broken. What it cannot know by itself is
 * whether the end has been put back to an earlier one: compare the number and the hash with what was told before.
 */
export async function verifyAudit(
  { orm, keyring }: { orm: Orm; keyring: Keyring },
  companyId: string,
): Promise<Verdict> {
  const emptied = new Map<string, number>();
  const verdict = await walk({ orm, keyring }, companyId, emptied);
  // It comes before whatever the walk has ended at.
  const untold = await findUntold({ orm, companyId }, emptied);
  if (untold === null) return verdict;
  return { isSound: false, number: untold, fault: 'was emptied, and no erasure tells of it' };
}

/** Along the chain to its end, or to the first link that does not fit. Notes whose entries were emptied, and the first of each. */
async function walk(
  { orm, keyring }: { orm: Orm; keyring: Keyring },
  companyId: string,
  emptied: Map<string, number>,
): Promise<Verdict> {
  const source = { orm, companyId };
  // Read first: what is added meanwhile comes after it.
  const [head] = await listRows(source, AuditHead, true);
  let [number, hash] = [0, BEGINNING];
  while (head && number < head.number) {
    const entries = await readAudit(orm, companyId, number, AT_ONCE);
    if (entries.length === 0) return { isSound: false, number: number + 1, fault: 'is missing' };
    for (const entry of entries) {
      number += 1;
      const fault = faultOf(entry, number, hash);
      if (fault) return { isSound: false, number, fault };
      hash = entry.hash;
      const whose = whoseOrigin(entry);
      if (isEmptied(entry) && !emptied.has(whose)) emptied.set(whose, number);
      if (number === head.number) break;
    }
  }
  if (!head) {
    const [first] = await readAudit(orm, companyId, 0, 1);
    return first ? { isSound: false, number: 1, fault: 'has no chain that ends' } : { isSound: true, number, hash };
  }
  const sealed = keyring.fingerprint(SEAL_PURPOSE, endOf(companyId, number, hash));
  if (head.number !== number || head.hash !== hash || head.seal !== sealed)
    return { isSound: false, number, fault: 'is not the end that was sealed' };
  const [beyond] = await readAudit(orm, companyId, number, 1);
  // What was added meanwhile has moved the end; what nobody added has not.
  const [now] = beyond ? await listRows(source, AuditHead, true) : [];
  if (beyond && now && now.number < beyond.number)
    return { isSound: false, number: beyond.number, fault: 'stands behind the end that was sealed' };
  return { isSound: true, number, hash };
}

function faultOf(entry: Row<AuditEntry>, number: number, previous: string): string | null {
  if (entry.number !== number) return 'is missing';
  if (entry.hash !== hashAfter(previous, entry)) return 'is not as it was written';
  return isEmptied(entry) || entry.originDigest === digestOf(entry) ? null : 'came from elsewhere than it says';
}

/** As `audit.erased` names them, see `erase-member.ts`. */
const whoseOrigin = ({ actorId, objectId }: Row<AuditEntry>): string => actorId ?? objectId ?? '';

/** The first of the emptied entries that were no erasure's. What was erased meanwhile is told behind the end that was read. */
async function findUntold(source: RowSource, emptied: ReadonlyMap<string, number>): Promise<number | null> {
  if (emptied.size === 0) return null;
  const told = await selectRows(source, AuditEntry, 'action = ?', ['audit.erased'], { columns: ['objectId'] });
  const erased = new Set(told.map(({ objectId }) => objectId));
  const untold = [...emptied].flatMap(([whose, number]) => (erased.has(whose) ? [] : number));
  return untold.length > 0 ? Math.min(...untold) : null;
}
