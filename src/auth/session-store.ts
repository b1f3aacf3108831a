/** A browser's session as it is kept. Times are milliseconds since the epoch. */
export interface StoredSession {
  /** By which its owner knows it. */
  readonly id: string;
  readonly userId: string;
  /** A keyed hash of the secret that the browser has; the secret itself is kept nowhere. */
  readonly hash: string;
  /** As the browser called itself. */
  readonly device: string;
  /** The address that the sign-in came from. */
  readonly place: string;
  /** The name of the issuer that let the person in, and through whom it did. */
  readonly issuer: string;
  readonly identityProvider: string | null;
  /** The company's own issuer that let the person in, into that company only; absent for the operator's issuers. */
  readonly sso?: { readonly companyId: string; readonly providerId: string };
  /** The issuer's ID token, sealed: signing out there takes it. */
  readonly idToken: string | null;
  readonly startedAt: number;
  readonly lastSeenAt: number;
  readonly endsAt: number;
}

/** Which sessions have been ended, in the order in which they were. */
export interface EndedSessions {
  /** To go on from. */
  readonly cursor: string;
  readonly hashes: readonly string[];
}

/** Where a reader of the ended sessions begins. */
export const FIRST_CURSOR = '0';

/** Keeps sessions for all processes of an installation. Throws UNAVAILABLE when it cannot be asked. */
export interface SessionStore {
  add(session: StoredSession): Promise<void>;
  find(userId: string, hash: string): Promise<StoredSession | null>;
  list(userId: string): Promise<StoredSession[]>;
  /** Writes when it was last seen; one that has ended meanwhile stays ended. */
  touch(userId: string, hash: string, lastSeenAt: number): Promise<void>;
  /** Removes those that are there, tells every process by `endedAfter`, and answers them. */
  remove(userId: string, hashes: readonly string[]): Promise<StoredSession[]>;
  /** What was removed after a cursor; the last ten thousand or so are told of. */
  endedAfter(cursor: string): Promise<EndedSessions>;
  /** Whether this is the first to spend what is good once. It is remembered for so long. */
  spend(what: string, ms: number): Promise<boolean>;
}
