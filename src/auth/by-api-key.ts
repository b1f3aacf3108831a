import { ApiKey, ApiKeySecret } from '../entities/api-key.js';
import type { Orm } from '../entities/orm.js';
import { findRow, findRows, type Row } from '../entities/rows.js';
import { notFound, unauthenticated } from '../errors.js';
import { AddressRanges, bareAddress } from '../transport/address-ranges.js';
import { readKeySecret } from './api-key-secret.js';
import type { Origin } from './door-book.js';
import { type Credential, type Door, ENDED } from './knocking.js';
import type { KeyViewer } from './viewer.js';

/**
 * The program whose key's secret is shown. Throws UNAUTHENTICATED, with one answer for whatever is wrong: the company's log
 * alone tells which it was. NOT_FOUND for a company that is not the key's.
 */
export async function enterByKey(door: Door, secret: string, { companyId, origin }: Credential): Promise<KeyViewer> {
  const shown = readKeySecret(door.keyring, secret);
  const found = shown && (await findKey(door.orm, shown.companyId, shown.hash));
  const viewer = found && keyViewer(found.key, found.secret);
  const isFromThere = viewer && isAllowedFrom(found.key, origin);
  if (!viewer || !isFromThere) {
    const reason = viewer ? 'KEY_ADDRESS' : 'KEY_INVALID';
    if (shown && origin) door.book?.turnedAway(shown.companyId, 'INTEGRATION', reason, origin, found?.key.id);
    throw unauthenticated('KEY_INVALID', 'This API key is not good here.', found ? { cause: ENDED } : {});
  }
  if (companyId !== undefined && companyId !== viewer.companyId) {
    if (origin) door.book?.turnedAway(viewer.companyId, 'INTEGRATION', 'NOT_VISIBLE_OR_ABSENT', origin, viewer.keyId);
    throw notFound('company');
  }
  if (origin) door.book?.entered(viewer, found.secret.hash, origin);
  return viewer;
}

/** The same key as things stand now, by the secret that was shown where there was one; null when it has ended. */
export async function keyAsNow(orm: Orm, { companyId, keyId, secretHash }: KeyViewer): Promise<KeyViewer | null> {
  if (secretHash !== null) {
    const found = await findKey(orm, companyId, secretHash);
    return found && keyViewer(found.key, found.secret);
  }
  const key = await findRow({ orm, companyId }, ApiKey, keyId);
  return key && keyViewer(key, null);
}

async function findKey(orm: Orm, companyId: string, hash: string) {
  const source = { orm, companyId };
  const [secret] = await findRows(source, ApiKeySecret, { hash });
  const key = secret && (await findRow(source, ApiKey, secret.key.id));
  return key ? { key, secret } : null;
}

/** Null for a key that has ended, or whose secret has. */
function keyViewer(key: Row<ApiKey>, secret: Row<ApiKeySecret> | null): KeyViewer | null {
  const end = Math.min(key.expiresAt.getTime(), secret?.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY);
  if (key.revokedAt || end <= Date.now()) return null;
  const { companyId, id: keyId, scopes } = key;
  return { kind: 'INTEGRATION', companyId, keyId, scopes, secretHash: secret?.hash ?? null, expiresAt: new Date(end) };
}

/** Whether the key is good where it is shown. Who shows it from nowhere is this process itself. */
const isAllowedFrom = ({ allowedAddresses }: Row<ApiKey>, origin: Origin | undefined): boolean =>
  allowedAddresses.length === 0 ||
  origin === undefined ||
  new AddressRanges(allowedAddresses).includes(bareAddress(origin.address));
