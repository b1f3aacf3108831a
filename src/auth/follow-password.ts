import { hash, verify } from '@node-rs/argon2';
import pLimit from 'p-limit';
import type { Keyring } from '../crypto.js';
import { unavailable } from '../errors.js';

const PURPOSE = 'follow-password';
/** Argon2id with 19 MiB and two passes: the OWASP Password Storage Cheat Sheet's first recommendation. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** They run on the threads of libuv, of which there are four: files and names are looked up there too. */
const AT_ONCE = 2;
/** So many wait at most, some two seconds' worth; whoever comes then is told to come again. */
const WAITING = 64;

/** Of the whole process, whoever asks. */
const turns = pLimit(AT_ONCE);

/** Of no password that anybody has; made once, so that what leads nowhere costs the same as what does not fit. */
let nobodys: Promise<string> | undefined;

/** What is stored of a password. The key from `SECRET_KEY` goes in first: who has the database alone cannot even guess. */
export const hashPassword = (keyring: Keyring, password: string): Promise<string> =>
  turns(() => hash(keyed(keyring, password), COST));

/**
 * Whether the password is the one. Without a hash it never is, and that takes as long to find out. Throws UNAVAILABLE when
 * too many are being looked at.
 */
export async function fitsPassword(keyring: Keyring, password: string, stored: string | null): Promise<boolean> {
  nobodys ??= hash(keyring.fingerprint(PURPOSE, ''), COST).catch((error) => {
    nobodys = undefined;
    throw error;
  });
  const ofNobody = await nobodys;
  // Nothing is waited for between this and the turn that is taken.
  if (turns.pendingCount >= WAITING)
    throw unavailable('DOOR_BUSY', 'Too many passwords are being looked at: try again soon.', null);
  const fits = await turns(() => verify(stored ?? ofNobody, keyed(keyring, password)));
  return fits && stored !== null;
}

/** One password however it is typed: NFKC, as RFC 8265 asks of passwords that people compose on different keyboards. */
export const normalPassword = (password: string): string => password.normalize('NFKC');

const keyed = (keyring: Keyring, password: string): string => keyring.fingerprint(PURPOSE, normalPassword(password));
