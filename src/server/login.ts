import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Issuer } from '../auth/issuer.js';
import { provisionUser } from '../auth/provision-user.js';
import type { Session, Sessions } from '../auth/sessions.js';
import type { Orm } from '../entities/orm.js';
import type { Logger } from '../log.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import type { BrowserDoor } from './browser-door.js';
import { addressOf } from './forwarded.js';
import { type Introduced, IssuerClient, newTies } from './issuer-client.js';
import { LoginAttempts } from './login-attempt.js';
import { beginAgain, LoginRefusal, reasonOf, refusalOf } from './login-refusal.js';
import type { RateLimits } from './rate-limits.js';
import { refusalHeaders } from './refusal-headers.js';
import { type Handle, type Route, sendJson, sendText } from './router.js';

export interface LoginOptions {
  orm: Orm;
  issuers: readonly Issuer[];
  sessions: Sessions;
  door: BrowserDoor;
  rates: RateLimits;
  log: Logger;
  publicUrl: string;
  trustedProxies: TrustedProxies;
}

/** Of one step of a sign-in, in points: so an address can take some two thousand of them a minute. */
const STEP_COST = 100;

/** Of a path to return to: it is kept in a cookie. */
const PATH_LENGTH = 512;

/** Where one who names no other place comes back to. */
const SIGNED_IN = '/auth/signed-in';

/** Signing in and out in a browser: `/auth/login`, `/auth/callback`, `/auth/logout`. */
export class Login {
  readonly #clients: ReadonlyMap<string, IssuerClient>;
  readonly #attempts: LoginAttempts;
  readonly #signedOutUrl: string;

  constructor(readonly options: LoginOptions) {
    const { issuers, publicUrl, sessions } = options;
    this.#clients = new Map(
      issuers.flatMap((issuer) => {
        const { name, client } = issuer.trusted;
        return name && client ? [[name, new IssuerClient(issuer, `${publicUrl}/auth/callback`)]] : [];
      }),
    );
    this.#attempts = new LoginAttempts(sessions, publicUrl);
    this.#signedOutUrl = `${publicUrl}/auth/signed-out`;
  }

  /** The issuers by which one signs in. */
  get names(): string[] {
    return [...this.#clients.keys()];
  }

  get routes(): Route[] {
    const get = ['GET'];
    return [
      { path: '/auth/login', methods: get, handle: this.#guarded((...asked) => this.#begin(...asked)) },
      { path: '/auth/callback', methods: get, handle: this.#guarded((...asked) => this.#finish(...asked)) },
      {
        path: '/auth/logout',
        methods: ['POST'],
        handle: this.#guarded((request, response) => this.#signOut(request, response)),
      },
      {
        path: SIGNED_IN,
        methods: get,
        handle: (_request, response) => sendText(response, 200, 'You are signed in.'),
      },
      {
        path: '/auth/signed-out',
        methods: get,
        handle: (_request, response) => sendText(response, 200, 'You are signed out.'),
      },
    ];
  }

  async #begin(request: IncomingMessage, response: ServerResponse, { searchParams }: URL): Promise<void> {
    const name = searchParams.get('issuer') ?? this.#onlyName();
    const client = this.#clients.get(name);
    if (!client) throw new LoginRefusal(400, `Choose an issuer: ${this.#choices()}.`);
    const returnTo = ownPath(searchParams.get('return') ?? SIGNED_IN, this.options.publicUrl);
    if (returnTo === null) throw new LoginRefusal(400, 'One returns to a path of this server only.');
    const ties = newTies();
    const url = await client.authorizationUrl(ties);
    this.#attempts.begin(request, response, { ...ties, issuer: name, returnTo });
    redirect(response, url.href);
  }

  async #finish(request: IncomingMessage, response: ServerResponse, { search, searchParams }: URL): Promise<void> {
    const attempt = this.#attempts.find(request, searchParams.get('state'));
    const client = attempt && this.#clients.get(attempt.issuer);
    if (!attempt || !client) throw beginAgain('This sign-in was not begun in this browser, or too long ago.');
    if (!(await this.#attempts.spend(request, response, attempt)))
      throw beginAgain('This sign-in has been completed already.');
    const introduced = await client.introduce(search, attempt);
    const { secret, session } = await this.#start(request, attempt.issuer, introduced);
    this.options.door.letIn(response, secret, session.endsAt - session.startedAt);
    redirect(response, attempt.returnTo);
  }

  /** Whatever session the browser had, from now on it has another one. */
  async #start(request: IncomingMessage, issuer: string, { identity, idToken }: Introduced) {
    const { orm, sessions, door, log, trustedProxies } = this.options;
    const userId = await provisionUser(orm, identity);
    await this.#end(door.sessionOf(request));
    const { identityProvider } = identity;
    const device = request.headers['user-agent'] ?? '';
    const place = addressOf(request, trustedProxies);
    const started = await sessions.start({ userId, device, place, issuer, identityProvider, idToken });
    log.info({ userId, sessionId: started.session.id, issuer, identityProvider }, 'login: signed in');
    return started;
  }

  async #end(secret: string | undefined): Promise<Session | null> {
    const { sessions } = this.options;
    const session = secret === undefined ? null : await sessions.use(secret);
    if (session) await sessions.end(session.userId, [session.hash]);
    return session;
  }

  async #signOut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { door, log } = this.options;
    request.resume();
    door.expectOwnPage(request);
    const session = await this.#end(door.sessionOf(request));
    door.letOut(response);
    if (session) log.info({ userId: session.userId, sessionId: session.id }, 'login: signed out');
    const url = (session && (await this.#endAtIssuer(session))) ?? this.#signedOutUrl;
    // A script cannot follow a redirect to another host: it is told where to go.
    if (request.headers.accept?.includes('application/json')) sendJson(response, 200, { location: url });
    else redirect(response, url);
  }

  /** Where to sign out at the issuer; null where one cannot: here one is signed out all the same. */
  async #endAtIssuer(session: Session): Promise<string | null> {
    const { sessions, log } = this.options;
    try {
      const client = this.#clients.get(session.issuer);
      const url = await client?.endSessionUrl(sessions.idTokenOf(session), this.#signedOutUrl);
      return url?.href ?? null;
    } catch (error) {
      log.warn({ issuer: session.issuer, error: String(error) }, 'login: the issuer cannot be asked to sign out');
      return null;
    }
  }

  /** Each step costs its address something; what is refused is said in a sentence, and why to the operator. */
  #guarded(handle: Handle): Handle {
    const { rates, trustedProxies, log } = this.options;
    return async (request, response, url) => {
      response.setHeader('cache-control', 'no-store');
      try {
        await rates.take(`address:${addressOf(request, trustedProxies)}`, STEP_COST);
        await handle(request, response, url);
      } catch (error) {
        const { status, message } = refusalOf(error);
        // Who asks for too much does not get to fill the log.
        if (status !== 429) log.info({ path: url.pathname, status, error: reasonOf(error) }, 'login: refused');
        response.setHeaders(new Map(Object.entries(refusalHeaders(status, error))));
        sendText(response, status, message);
      }
    };
  }

  /** Where there is one issuer, nobody has to name it. */
  #onlyName(): string {
    return this.#clients.size === 1 ? (this.names[0] ?? '') : '';
  }

  #choices(): string {
    return this.names.map((name) => `/auth/login?issuer=${name}`).join(', ') || 'there is none here';
  }
}

/** A path of ours as it stands in `location`, or null for what leads anywhere else, however it is written. */
function ownPath(given: string, publicUrl: string): string | null {
  const url = given.length > PATH_LENGTH ? null : URL.parse(given, publicUrl);
  // A browser reads a backslash as a slash, and leaves out what does not print.
  if (!url || url.origin !== new URL(publicUrl).origin || !/^\/(?![/\\])[\x21-\x7e]*$/.test(given)) return null;
  return url.pathname.startsWith('//') ? null : url.pathname + url.search + url.hash;
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end();
}
