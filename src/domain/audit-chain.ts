import { createHash } from 'node:crypto';
import type { AuditEntry } from '../entities/audit-entry.js';
import type { Row } from '../entities/rows.js';

/** What the hash of an entry covers, in this order, beside the hash before it. */
const COVERED = [
  'companyId',
  'number',
  'id',
  'occurredAt',
  'action',
  'result',
  'reason',
  'entryPoint',
  'actorId',
  'objectId',
  'details',
  'originDigest',
] as const satisfies readonly (keyof AuditEntry)[];

export type Covered = Pick<Row<AuditEntry>, (typeof COVERED)[number]>;
type Origin = Pick<Row<AuditEntry>, 'originSalt' | 'address' | 'userAgent'>;

/** The hash before a company's first entry. */
export const BEGINNING = '';

/**
 * SHA-256, in hexadecimal, of the JSON of a list: the hash before, then what is covered. So whoever has the entries can
 * check the chain, without any key of ours.
 */
export const hashAfter = (previous: string, entry: Covered): string =>
  sha256([previous, ...COVERED.map((name) => entry[name] ?? null)]);

/** What the chain keeps of where somebody was: it can be checked as long as that is there, and tells nothing of it later. */
export const digestOf = ({ originSalt, address, userAgent }: Origin): string =>
  sha256([originSalt ?? null, address ?? null, userAgent ?? null]);

/** What an erasure leaves of it. */
export const EMPTIED = { originSalt: null, address: null, userAgent: null };

/** Whether there was something of it once. */
export const isEmptied = (entry: Origin & Pick<AuditEntry, 'originDigest'>): boolean =>
  entry.originSalt === null &&
  entry.address === null &&
  entry.userAgent === null &&
  entry.originDigest !== digestOf(EMPTIED);

const sha256 = (parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** What the seal of a chain's end is made of. */
export const endOf = (companyId: string, number: number, hash: string): string => `${companyId} ${number} ${hash}`;
export const SEAL_PURPOSE = 'audit-head';
