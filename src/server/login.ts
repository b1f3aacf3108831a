import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DoorBook } from '../auth/door-book.js';
import type { Issuer } from '../auth/issuer.js';
import type { Session, Sessions } from '../auth/sessions.js';
import { nobody } from '../auth/viewer.js';
import { provisionUser } from '../domain/provision-user.js';
import { identifyBySso } from '../domain/sso-sign-in.js';
import type { Parts } from '../domain/unit-of-work.js';
import { prefixOf } from '../schema/ids.js';
import { samlPathsOf } from '../schema/sign-in-paths.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import { readBody } from './body.js';
import type { BrowserDoor } from './browser-door.js';
import { addressOf } from './forwarded.js';
import { newTies } from './issuer-client.js';
import { type LoginAttempt, LoginAttempts } from './login-attempt.js';
import { CALLBACK, LoginDestinations } from './login-destinations.js';
import { beginAgain, faultOfAnswer, LoginRefusal, reasonOf, refusalOf } from './login-refusal.js';
import { originOf } from './origin.js';
import { type RateLimits, spenderOf, tellRateLimit } from './rate-limits.js';
import { refusalHeaders } from './refusal-headers.js';
import { type Handle, type Route, sendJson, sendText } from './router.js';
import { samlMetadata, sendAgain } from './saml-pages.js';
import type { Introduced } from './sign-in-client.js';

export interface LoginOptions {
  parts: Parts;
  issuers: readonly Issuer[];
  sessions: Sessions;
  door: BrowserDoor;
  rates: RateLimits;
  book: DoorBook;
  publicUrl: string;
  trustedProxies: TrustedProxies;
}

/** Of one step of a sign-in, in points: so an address can take some two thousand of them a minute. */
const STEP_COST = 100;

/** Of a path to return to: it is kept in a cookie. */
const PATH_LENGTH = 512;

/** Of an answer by a form: signed XML has certificates in it. */
const FORM_BYTES = 262_144;

/** Where one who names no other place comes back to. */
const SIGNED_IN = '/auth/signed-in';

/** Signing in and out in a browser: `/auth/login`, `/auth/callback`, `/auth/sso/…`, `/auth/saml/…`, `/auth/logout`. */
export class Login {
  readonly #destinations: LoginDestinations;
  readonly #attempts: LoginAttempts;
  readonly #signedOutUrl: string;

  constructor(readonly options: LoginOptions) {
    const { publicUrl, sessions } = options;
    const spend = (what: string, ms: number) => sessions.store.spend(sessions.keyring.fingerprint('spent', what), ms);
    this.#destinations = new LoginDestinations({ ...options, spend });
    this.#attempts = new LoginAttempts(sessions, publicUrl);
    this.#signedOutUrl = `${publicUrl}/auth/signed-out`;
  }

  /** The operator's issuers by which one signs in. */
  get names(): string[] {
    return this.#destinations.names;
  }

  get routes(): Route[] {
    const get = ['GET'];
    return [
      { path: '/auth/login', methods: get, handle: this.#guarded((...asked) => this.#begin(...asked)) },
      { path: CALLBACK, methods: get, handle: this.#guarded((...asked) => this.#returned(...asked)) },
      { path: '/auth/sso/', methods: get, handle: this.#guarded((...asked) => this.#returned(...asked)) },
      { path: '/auth/saml/', methods: ['GET', 'POST'], handle: this.#guarded((...asked) => this.#saml(...asked)) },
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
    const { client, issuer, sso } = await this.#destinations.choose(searchParams);
    const returnTo = ownPath(searchParams.get('return') ?? SIGNED_IN, this.options.publicUrl);
    if (returnTo === null) throw new LoginRefusal(400, 'One returns to a path of this server only.');
    const ties = newTies();
    const url = await client.authorizationUrl(ties);
    this.#attempts.begin(request, response, { ...ties, issuer, ...(sso && { sso }), returnTo });
    redirect(response, url.href);
  }

  #returned(
    request: IncomingMessage,
    response: ServerResponse,
    { pathname, search, searchParams }: URL,
  ): Promise<void> {
    return this.#finish(request, response, { pathname, state: searchParams.get('state'), answer: search });
  }

  /** What a SAML provider reads of us, and what it answers, which comes by a form of its own site. */
  async #saml(request: IncomingMessage, response: ServerResponse, { pathname }: URL): Promise<void> {
    const { publicUrl } = this.options;
    const companyId = pathname.split('/')[3] ?? '';
    const { metadata, callback } = samlPathsOf(companyId);
    if (prefixOf(companyId) !== 'company' || pathname !== (request.method === 'GET' ? metadata : callback)) {
      request.resume();
      throw new LoginRefusal(404, 'There is nothing here.');
    }
    if (request.method === 'GET') {
      const type = { 'content-type': 'application/samlmetadata+xml; charset=utf-8' };
      response.writeHead(200, type).end(samlMetadata(publicUrl + metadata, publicUrl + callback));
      return;
    }
    const form = new URLSearchParams((await readBody(request, FORM_BYTES)).toString('latin1'));
    const [answer, state] = [form.get('SAMLResponse') ?? '', form.get('RelayState') ?? ''];
    if (!/^[\sA-Za-z0-9+/=]+$/.test(answer) || !/^[\w-]{1,80}$/.test(state))
      throw beginAgain('This is no answer to a sign-in.');
    if (form.get('again') === null && !this.#attempts.find(request, state))
      return sendAgain(response, callback, answer, state);
    await this.#finish(request, response, { pathname, state, answer });
  }

  async #finish(
    request: IncomingMessage,
    response: ServerResponse,
    { pathname, state, answer }: { pathname: string; state: string | null; answer: string },
  ): Promise<void> {
    const attempt = this.#attempts.find(request, state);
    const client = attempt && (await this.#destinations.clientOf(attempt));
    // An answer comes back where its own issuer was told to send it, or it is another issuer's.
    const isAtPlace = client?.redirectUri === this.options.publicUrl + pathname;
    if (!attempt || !client || !isAtPlace)
      throw beginAgain('This sign-in was not begun in this browser, or too long ago.');
    if (!(await this.#attempts.spend(request, response, attempt)))
      throw beginAgain('This sign-in has been completed already.');
    const { secret, session } = await this.#noting(request, attempt, async () =>
      this.#start(request, attempt, await client.introduce(answer, attempt)),
    );
    this.options.door.letIn(response, secret, session.endsAt - session.startedAt);
    redirect(response, attempt.returnTo);
  }

  /** Whatever session the browser had, from now on it has another one. */
  async #start(request: IncomingMessage, { issuer, sso }: LoginAttempt, { identity, ...introduced }: Introduced) {
    const { parts, sessions, door, trustedProxies } = this.options;
    const origin = originOf(request, trustedProxies);
    const userId = sso
      ? await identifyBySso({ ...parts, origin }, sso, identity)
      : await provisionUser(parts, identity);
    if (sso) await this.#expectNobodyElse(request, userId);
    await this.#end(door.sessionOf(request));
    const { identityProvider } = identity;
    const device = request.headers['user-agent'] ?? '';
    const by = { issuer, identityProvider, ...(sso && { sso }) };
    const started = await sessions.start({ userId, device, place: origin.address, ...by, ...introduced });
    parts.log.info({ userId, sessionId: started.session.id, ...by }, 'login: signed in');
    return started;
  }

  /** An issuer that anybody may have set up does not put another person in the place of who is signed in. */
  async #expectNobodyElse(request: IncomingMessage, userId: string): Promise<void> {
    const { sessions, door } = this.options;
    const secret = door.sessionOf(request);
    const present = secret === undefined ? null : await sessions.use(secret);
    if (present && present.userId !== userId)
      throw new LoginRefusal(403, 'Somebody else is signed in in this browser: sign out first.');
  }

  /** What a company's own issuer has answered and is not good here stands in the company's audit log. */
  async #noting<T>(request: IncomingMessage, { sso }: LoginAttempt, act: () => Promise<T>): Promise<T> {
    const { book, trustedProxies } = this.options;
    try {
      return await act();
    } catch (error) {
      const fault = faultOfAnswer(error);
      if (sso && fault) book.turnedAway(sso.companyId, 'USER', fault, originOf(request, trustedProxies));
      throw error;
    }
  }

  async #end(secret: string | undefined): Promise<Session | null> {
    const { sessions } = this.options;
    const session = secret === undefined ? null : await sessions.use(secret);
    if (session) await sessions.end(session.userId, [session.hash]);
    return session;
  }

  async #signOut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { door, parts } = this.options;
    request.resume();
    door.expectOwnPage(request);
    const session = await this.#end(door.sessionOf(request));
    door.letOut(response);
    if (session) parts.log.info({ userId: session.userId, sessionId: session.id }, 'login: signed out');
    const url = (session && (await this.#endAtIssuer(session))) ?? this.#signedOutUrl;
    // A script cannot follow a redirect to another host: it is told where to go.
    if (request.headers.accept?.includes('application/json')) sendJson(response, 200, { location: url });
    else redirect(response, url);
  }

  /** Where to sign out at the issuer; null where one cannot: here one is signed out all the same. */
  async #endAtIssuer(session: Session): Promise<string | null> {
    const { sessions, parts } = this.options;
    try {
      const client = await this.#destinations.clientOf(session);
      const url = await client?.endSessionUrl(sessions.idTokenOf(session), this.#signedOutUrl);
      return url?.href ?? null;
    } catch (error) {
      parts.log.warn({ issuer: session.issuer, error: String(error) }, 'login: the issuer cannot be asked to sign out');
      return null;
    }
  }

  /** Each step costs its address something; what is refused is said in a sentence, and why to the operator. */
  #guarded(handle: Handle): Handle {
    const { rates, trustedProxies, parts } = this.options;
    return async (request, response, url) => {
      response.setHeader('cache-control', 'no-store');
      try {
        const spender = spenderOf(nobody, addressOf(request, trustedProxies));
        await rates.take(spender, STEP_COST);
        tellRateLimit(response, rates.standing(spender));
        await handle(request, response, url);
      } catch (error) {
        const { status, message } = refusalOf(error);
        // Who asks for too much does not get to fill the log.
        if (status !== 429) parts.log.info({ path: url.pathname, status, error: reasonOf(error) }, 'login: refused');
        response.setHeaders(new Map(Object.entries(refusalHeaders(status, error))));
        sendText(response, status, message);
      }
    };
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
