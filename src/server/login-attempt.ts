import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sessions } from '../auth/sessions.js';
import { Cookie } from './cookie.js';
import type { Ties } from './sign-in-client.js';

/** A sign-in that is under way in one browser. */
export interface LoginAttempt extends Ties {
  /** The name of the operator's issuer that it is at, or that it is a company's own. */
  readonly issuer: string;
  /** Of the company's own. */
  readonly sso?: { readonly companyId: string; readonly providerId: string };
  readonly returnTo: string;
}

/** The same, and until when it may be completed. */
interface Kept extends LoginAttempt {
  readonly until: number;
}

const PURPOSE = 'login-attempt';
const LIFE_MS = 600_000;
/** The tabs of one browser, as far as a cookie has room for them. */
const AT_ONCE = 3;

/**
 * Sign-ins under way. Each is in the browser that began it, in a sealed cookie, so that nobody else's can be completed
 * there and strangers make us keep nothing; that it was completed is remembered here, so that it is once.
 */
export class LoginAttempts {
  readonly #cookie: Cookie;

  constructor(
    readonly sessions: Pick<Sessions, 'keyring' | 'store'>,
    publicUrl: string,
  ) {
    this.#cookie = new Cookie('aliteo-login', publicUrl);
  }

  begin(request: IncomingMessage, response: ServerResponse, attempt: LoginAttempt): void {
    this.#write(response, [...this.#read(request), { ...attempt, until: Date.now() + LIFE_MS }].slice(-AT_ONCE));
  }

  /** The attempt of this browser with this state. */
  find(request: IncomingMessage, state: string | null): LoginAttempt | null {
    return this.#read(request).find((kept) => kept.state === state) ?? null;
  }

  /** Whether this is the first time that it is completed; it is not there to be completed again. */
  spend(request: IncomingMessage, response: ServerResponse, { state }: LoginAttempt): Promise<boolean> {
    this.#write(
      response,
      this.#read(request).filter((kept) => kept.state !== state),
    );
    return this.sessions.store.spend(this.sessions.keyring.fingerprint(PURPOSE, state), LIFE_MS);
  }

  #read(request: IncomingMessage): Kept[] {
    const text = this.sessions.keyring.open(PURPOSE, '', this.#cookie.read(request) ?? '')?.toString();
    return text ? (JSON.parse(text) as Kept[]).filter(({ until }) => until > Date.now()) : [];
  }

  #write(response: ServerResponse, attempts: readonly Kept[]): void {
    const sealed = this.sessions.keyring.seal(PURPOSE, '', Buffer.from(JSON.stringify(attempts)));
    if (attempts.length > 0) this.#cookie.write(response, sealed, LIFE_MS);
    else this.#cookie.clear(response);
  }
}
