import { type Keyring, randomSecret } from '../crypto.js';
import { idWith, suffixOf } from '../schema/ids.js';

const PURPOSE = 'api-key';
/** Says to people, and to programs that look for secrets in places where none should be, what it is. */
const MARK = 'aliteo_key_';
const SHAPE = new RegExp(`^${MARK}([0-9a-z]{26})_[A-Za-z0-9_-]{43}$`);
/** So many characters of the secret itself are shown; what is left of it has more than 230 bits. */
const SHOWN = 4;

/** A new secret of an API key, what is stored of it, and how it begins. Like a follow link's, it names the company. */
export function newKeySecret(keyring: Keyring, companyId: string): { secret: string; hash: string; prefix: string } {
  const beginning = `${MARK}${suffixOf('company', companyId)}_`;
  const secret = beginning + randomSecret();
  return { secret, hash: keyring.fingerprint(PURPOSE, secret), prefix: secret.slice(0, beginning.length + SHOWN) };
}

/** Whether a bearer's token is meant as the secret of an API key. */
export const isKeySecret = (token: string): boolean => token.startsWith(MARK);

/** Where to look for a shown secret, or null when it has not the shape of one. */
export function readKeySecret(keyring: Keyring, secret: string): { companyId: string; hash: string } | null {
  const companyId = idWith('company', SHAPE.exec(secret)?.[1] ?? '');
  return companyId === null ? null : { companyId, hash: keyring.fingerprint(PURPOSE, secret) };
}
