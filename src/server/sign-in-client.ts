import type { Identity } from '../auth/identity.js';

/** What ties an answer of the issuer to the question. */
export interface Ties {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Who has signed in, and the token that says so where signing out takes one. */
export interface Introduced {
  readonly identity: Identity;
  readonly idToken: string | null;
  /** In ms since 1970: when a session that begins by this is over at the latest; null where the issuer leaves it to us. */
  readonly endsAt: number | null;
}

/** Our part in a sign-in at somebody else's, whatever protocol they speak. */
export interface SignInClient {
  /** Where the browser comes back to. */
  readonly redirectUri: string;
  /** Where the browser goes to sign in. Throws UNAVAILABLE. */
  authorizationUrl(ties: Ties): Promise<URL>;
  /** Who has signed in, by the answer that the browser came back with. Throws what is wrong with it, or UNAVAILABLE. */
  introduce(answer: string, ties: Ties): Promise<Introduced>;
  /** Where the browser goes to sign out there as well; null where there is no such place. Throws UNAVAILABLE. */
  endSessionUrl(idToken: string | null, returnTo: string): Promise<URL | null>;
}
