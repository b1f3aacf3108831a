import type { Keyring } from '../crypto.js';
import { badInput, notFound } from '../errors.js';

const PURPOSE = 'log-cursor';

/** Seals a position in a company's log: it tells nobody how busy the company is, and is worthless elsewhere. */
export function sealCursor(keyring: Keyring, companyId: string, seq: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(seq));
  return keyring.seal(PURPOSE, companyId, bytes);
}

/** Opens a cursor of this company. Throws NOT_FOUND for another company's or a made-up one. */
export function openCursor(keyring: Keyring, companyId: string, cursor: string): number {
  if (cursor.length > 200) throw badInput('CURSOR', 'The cursor is not one of ours.');
  const bytes = keyring.open(PURPOSE, companyId, cursor);
  if (bytes?.length !== 8) throw notFound('cursor');
  return Number(bytes.readBigUInt64BE());
}
