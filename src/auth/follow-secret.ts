import { type Keyring, randomSecret } from '../crypto.js';
import { idWith, suffixOf } from '../schema/ids.js';

/** What a secret opens: the link that is handed out, or a follower's own way back in. */
type SecretOf = 'follow-secret' | 'follower-renewal';

const SHAPE = /^([0-9a-z]{26})\.[A-Za-z0-9_-]{43}$/;

/**
 * A new secret and what is stored of it. It begins with the company's key, so that even the lookup stays inside one
 * tenant.
 */
export function newFollowSecret(
  keyring: Keyring,
  companyId: string,
  purpose: SecretOf = 'follow-secret',
): { secret: string; hash: string } {
  const secret = `${suffixOf('company', companyId)}.${randomSecret()}`;
  return { secret, hash: keyring.fingerprint(purpose, secret) };
}

/** Where to look for a shown secret, or null when it has not the shape of one. */
export function readFollowSecret(
  keyring: Keyring,
  secret: string,
  purpose: SecretOf = 'follow-secret',
): { companyId: string; hash: string } | null {
  const companyId = idWith('company', SHAPE.exec(secret)?.[1] ?? '');
  return companyId === null ? null : { companyId, hash: keyring.fingerprint(purpose, secret) };
}
