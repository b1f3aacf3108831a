import type { Place } from './sealed-value.js';

/** For what, and in whose name, a key is used: it stands in the company's audit log. */
export interface KeyUse {
  /** In a word or two of ours, such as `sso.sign-in`. */
  readonly purpose: string;
  readonly actorId: string | null;
  readonly entryPoint: string;
}

/**
 * Protects what must be read again, such as another service's secrets, before it reaches the database. Not for use within a
 * transaction: each use is written down in one of its own.
 */
export interface Encryption {
  /** What may be kept at that place, and there alone. Throws UNAVAILABLE while the keys cannot be had. */
  seal(place: Place, plain: string, use: KeyUse): Promise<string>;
  /** What was sealed. Throws the same, and SealedValueError for what was not sealed for this place. */
  open(place: Place, sealed: string, use: KeyUse): Promise<string>;
}
