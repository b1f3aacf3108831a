import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sessions } from '../auth/sessions.js';
import { Cookie } from './cookie.js';
import type { Ties } from './issuer-client.js';

/** A sign-in that is under way in one browser. */
export interface LoginAttempt extends Ties {
  /** The name of the issuer that it is at. */
  readonly issuer: string;
  readonly returnTo: string;
}

const PURPOSE = 'login-attempt';
const LIFE_MS = 600_000;

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

  begin(response: ServerResponse, attempt: LoginAttempt): void {
    const text = JSON.stringify({ ...attempt, until: Date.now() + LIFE_MS });
    this.#cookie.write(response, this.sessions.keyring.seal(PURPOSE, '', Buffer.from(text)), LIFE_MS);
  }

  /** The attempt of this browser, when it is the one with this state. */
  find(request: IncomingMessage, state: string | null): LoginAttempt | null {
    const text = this.sessions.keyring.open(PURPOSE, '', this.#cookie.read(request) ?? '')?.toString();
    const attempt = text && (JSON.parse(text) as LoginAttempt & { until: number });
    return attempt && attempt.state === state && attempt.until > Date.now() ? attempt : null;
  }

  /** Whether this is the first time that it is completed; it is not there to be completed again. */
  spend(response: ServerResponse, { state }: LoginAttempt): Promise<boolean> {
    this.#cookie.clear(response);
    return this.sessions.store.spend(this.sessions.keyring.fingerprint(PURPOSE, state), LIFE_MS);
  }
}
