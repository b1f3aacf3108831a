import type { Keyring } from '../crypto.js';
import { prefixOf } from '../schema/ids.js';

const PURPOSE = 'follower-unsubscription';
const SHAPE = /^([0-9a-z]{26})\.([A-Za-z0-9_-]{40,200})$/;

/** Who wants no more letters. */
export interface Unsubscription {
  readonly companyId: string;
  readonly followerId: string;
}

/**
 * What a letter carries so that its reader can unsubscribe, whenever that is. It opens nothing else: those who handle the
 * letter on its way see it.
 */
export function sealUnsubscription(keyring: Keyring, { companyId, followerId }: Unsubscription): string {
  return `${companyId.slice('company_'.length)}.${keyring.seal(PURPOSE, companyId, Buffer.from(followerId))}`;
}

/** Whose letter it is of; null for what was not sealed here. */
export function openUnsubscription(keyring: Keyring, sealed: string): Unsubscription | null {
  const [, key = '', body = ''] = SHAPE.exec(sealed) ?? [];
  const companyId = `company_${key}`;
  const followerId = prefixOf(companyId) === 'company' ? keyring.open(PURPOSE, companyId, body) : null;
  return followerId && { companyId, followerId: followerId.toString() };
}
