import { type Keyring, randomSecret } from '../crypto.js';

const PURPOSE = 'invitation-secret';

/** A new secret of an invitation's letter, and what is stored of it. */
export function newInvitationSecret(keyring: Keyring): { secret: string; hash: string } {
  const secret = randomSecret();
  return { secret, hash: hashOfInvitation(keyring, secret) };
}

/** What is stored of a secret. */
export const hashOfInvitation = (keyring: Keyring, secret: string): string => keyring.fingerprint(PURPOSE, secret);
