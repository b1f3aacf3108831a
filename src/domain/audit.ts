import type { Origin } from '../auth/door-book.js';
import { type Keyring, randomSecret } from '../crypto.js';
import { AuditEntry, AuditHead } from '../entities/audit-entry.js';
import type { EntityManager, Orm } from '../entities/orm.js';
import { insertion, listRows, type Row, selectRows } from '../entities/rows.js';
import type { Statement } from '../entities/statements.js';
import { tableOf } from '../entities/table.js';
import { newId } from '../schema/ids.js';
import { BEGINNING, digestOf, endOf, hashAfter, SEAL_PURPOSE } from './audit-chain.js';

/** What is to stand in a company's audit log. */
export interface Audited {
  action: string;
  /** Why it was refused; absent for what was done. */
  reason?: string;
  objectId?: string | null;
  /** Ids and words of ours, and nothing else of a person: it is there for ever. */
  details?: object;
  /** Who it was and from where, when it is not the one whose transaction it is. */
  by?: Omit<Author, 'companyId'>;
  from?: Origin;
}

/** In whose log, and who has acted. */
interface Author {
  companyId: string;
  actorId: string | null;
  entryPoint: string;
}
interface Happened {
  type: string;
  objectId: string;
  data?: object;
  changes?: object;
}

/** The kinds of happenings that stand in the audit log as well: who may come in, and what they may. */
const AUDITED_KINDS = new Set([
  'company',
  'member',
  'permission',
  'follow',
  'follower',
  'apikey',
  'support',
  'sso',
  'invitation',
]);

/** What the audit log says of a change; null of the daily work, of which the history tells. */
export function auditedOf({ type, objectId, data, changes }: Happened): Audited | null {
  if (!AUDITED_KINDS.has(type.slice(0, type.indexOf('.')))) return null;
  return { action: type, objectId, details: { ...data, ...(changes && { changes }) } };
}

/**
 * How entries are added to a company's chain. The chain's end is held from here to the end of the transaction: nothing but
 * the head of the log may be taken after it.
 */
export async function chaining(
  em: EntityManager,
  keyring: Keyring,
  author: Author,
  origin: Origin | undefined,
  audited: readonly Audited[],
): Promise<Statement[]> {
  if (audited.length === 0) return [];
  const [head] = await listRows(em, AuditHead, true, { lock: 'FOR UPDATE' });
  let { number, hash } = head ?? { number: 0, hash: BEGINNING };
  let latest = head?.occurredAt.getTime() ?? 0;
  const { companyId } = author;
  const entries = audited.map((given): Row<AuditEntry> => {
    const { action, reason = null, objectId = null, details = {}, from = origin } = given;
    const { actorId, entryPoint } = given.by ?? author;
    number += 1;
    latest = Math.max(Date.now(), latest + 1);
    const whence = from
      ? { address: from.address, userAgent: from.userAgent, originSalt: randomSecret() }
      : { address: null, userAgent: null, originSalt: null };
    const covered = {
      companyId,
      number,
      id: newId('audit'),
      occurredAt: new Date(latest),
      action,
      result: reason === null ? ('DONE' as const) : ('REFUSED' as const),
      reason,
      entryPoint,
      actorId,
      objectId,
      details: JSON.stringify(details),
      originDigest: digestOf(whence),
    };
    hash = hashAfter(hash, covered);
    return { ...covered, ...whence, hash };
  });
  const seal = keyring.fingerprint(SEAL_PURPOSE, endOf(companyId, number, hash));
  const end = { companyId, number, hash, seal, occurredAt: new Date(latest) };
  return [insertion(em, AuditEntry, entries), head ? moveHead(em, end) : insertion(em, AuditHead, [end])];
}

const moveHead = (em: EntityManager, { companyId, number, hash, seal, occurredAt }: Row<AuditHead>): Statement => ({
  text: 'update audit_heads set number = ?, hash = ?, seal = ?, occurred_at = ? where company_id = ?',
  parameters: [number, hash, seal, tableOf(em, AuditHead).column('occurredAt').write(occurredAt), companyId],
});

/** Entries after a number, oldest first. */
export const readAudit = (orm: Orm, companyId: string, after: number, limit: number): Promise<Row<AuditEntry>[]> =>
  selectRows({ orm, companyId }, AuditEntry, 'number > ? order by number limit ?', [after, limit]);
