import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DoorBook } from '../auth/door-book.js';
import type { Issuer } from '../auth/issuer.js';
import { provisionUser } from '../auth/provision-user.js';
import type { Session, Sessions } from '../auth/sessions.js';
import { nobody } from '../auth/viewer.js';
import { findCompanyOfAddress, identifyBySso } from '../domain/sso-sign-in.js';
import type { Parts } from '../domain/unit-of-work.js';
import { ApiError } from '../errors.js';
import { prefixOf } from '../schema/ids.js';
import { ADDRESS_LENGTH } from '../schema/texts.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import type { BrowserDoor } from './browser-door.js';
import { type CompanyClient, CompanyClients, companyCallback } from './company-clients.js';
import { addressOf } from './forwarded.js';
import { type Introduced, IssuerClient, newTies } from './issuer-client.js';
import { type LoginAttempt, LoginAttempts } from './login-attempt.js';
import { beginAgain, LoginRefusal, reasonOf, refusalOf } from './login-refusal.js';
import { originOf } from './origin.js';
import { type RateLimits, spenderOf, tellRateLimit } from './rate-limits.js';
import { refusalHeaders } from './refusal-headers.js';
import { type Handle, type Route, sendJson, sendText } from './router.js';

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

/** Where one who names no other place comes back to. */
const SIGNED_IN = '/auth/signed-in';

/** How the session of a company's own issuer calls it: no name of the operator's issuers has a capital. */
const SSO = 'SSO';

/** Where the browser comes back to from the operator's issuers. */
const CALLBACK = '/auth/callback';

/** Where a sign-in goes: to one of the operator's issuers, or to a company's own. */
type Destination = { client: IssuerClient } & Pick<LoginAttempt, 'issuer' | 'sso'>;

/** Signing in and out in a browser: `/auth/login`, `/auth/callback`, `/auth/sso/COMPANY/callback`, `/auth/logout`. */
export class Login {
  readonly #clients: ReadonlyMap<string, IssuerClient>;
  readonly #companies: CompanyClients;
  readonly #attempts: LoginAttempts;
  readonly #signedOutUrl: string;

  constructor(readonly options: LoginOptions) {
    const { issuers, parts, publicUrl, sessions } = options;
    this.#companies = new CompanyClients(parts, publicUrl);
    this.#clients = new Map(
      issuers.flatMap((issuer) => {
        const { name, client } = issuer.trusted;
        return name && client ? [[name, new IssuerClient(issuer, publicUrl + CALLBACK)]] : [];
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
      { path: CALLBACK, methods: get, handle: this.#guarded((...asked) => this.#finish(...asked)) },
      { path: '/auth/sso/', methods: get, handle: this.#guarded((...asked) => this.#finish(...asked)) },
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
    const { client, issuer, sso } = await this.#destination(searchParams);
    const returnTo = ownPath(searchParams.get('return') ?? SIGNED_IN, this.options.publicUrl);
    if (returnTo === null) throw new LoginRefusal(400, 'One returns to a path of this server only.');
    const ties = newTies();
    const url = await client.authorizationUrl(ties);
    this.#attempts.begin(request, response, { ...ties, issuer, ...(sso && { sso }), returnTo });
    redirect(response, url.href);
  }

  /** A company's own issuer for who names the company, or an address of it; else one of the operator's. */
  async #destination(searchParams: URLSearchParams): Promise<Destination> {
    const [companyId, email] = [searchParams.get('sso'), searchParams.get('email')];
    if (companyId !== null) {
      const found = await this.#findCompany(companyId);
      if (!found) throw new LoginRefusal(404, 'There is no such sign-in.');
      return destinationOf(found);
    }
    const isAddress = email !== null && email.length <= ADDRESS_LENGTH;
    const owner = isAddress ? await findCompanyOfAddress(this.options.parts.orm, email) : null;
    const found = owner && (await this.#findCompany(owner));
    if (found) return destinationOf(found);
    const issuer = searchParams.get('issuer') ?? this.#onlyName();
    const client = this.#clients.get(issuer);
    if (!client) throw new LoginRefusal(400, `Choose an issuer: ${this.#choices()}.`);
    return { client, issuer };
  }

  async #findCompany(companyId: string): Promise<CompanyClient | null> {
    return prefixOf(companyId) === 'company' ? this.#companies.find(companyId) : null;
  }

  async #finish(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { pathname, search, searchParams } = url;
    const attempt = this.#attempts.find(request, searchParams.get('state'));
    // An answer comes back where its own issuer was told to send it, or it is another issuer's.
    const isAtPlace = pathname === (attempt?.sso ? companyCallback(attempt.sso.companyId) : CALLBACK);
    const client = attempt && isAtPlace && (await this.#clientOf(attempt));
    if (!attempt || !client) throw beginAgain('This sign-in was not begun in this browser, or too long ago.');
    if (!(await this.#attempts.spend(request, response, attempt)))
      throw beginAgain('This sign-in has been completed already.');
    const introduced = await client.introduce(search, attempt);
    const { secret, session } = await this.#start(request, attempt, introduced);
    this.options.door.letIn(response, secret, session.endsAt - session.startedAt);
    redirect(response, attempt.returnTo);
  }

  /** A company's issuer is the one that it was when the sign-in, or the session, began; otherwise there is none. */
  async #clientOf({ issuer, sso }: Pick<LoginAttempt, 'issuer' | 'sso'>): Promise<IssuerClient | undefined> {
    if (!sso) return this.#clients.get(issuer);
    const found = await this.#companies.find(sso.companyId);
    return found?.providerId === sso.providerId ? found.client : undefined;
  }

  /** Whatever session the browser had, from now on it has another one. */
  async #start(request: IncomingMessage, { issuer, sso }: LoginAttempt, { identity, idToken }: Introduced) {
    const { parts, sessions, door, trustedProxies } = this.options;
    const userId = sso ? await this.#identify(request, sso, identity) : await provisionUser(parts.orm, identity);
    if (sso) await this.#expectNobodyElse(request, userId);
    await this.#end(door.sessionOf(request));
    const { identityProvider } = identity;
    const device = request.headers['user-agent'] ?? '';
    const place = addressOf(request, trustedProxies);
    const by = { issuer, identityProvider, ...(sso && { sso }) };
    const started = await sessions.start({ userId, device, place, ...by, idToken });
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

  /** Whom the company's own issuer has let in, and the company has not, stands in its audit log. */
  async #identify(
    request: IncomingMessage,
    sso: NonNullable<LoginAttempt['sso']>,
    identity: Introduced['identity'],
  ): Promise<string> {
    const { parts, book, trustedProxies } = this.options;
    const origin = originOf(request, trustedProxies);
    try {
      return await identifyBySso({ ...parts, origin }, sso, identity);
    } catch (error) {
      if (error instanceof ApiError) book.turnedAway(sso.companyId, 'USER', error.reason, origin);
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
      const client = await this.#clientOf(session);
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

  /** Where there is one issuer, nobody has to name it. */
  #onlyName(): string {
    return this.#clients.size === 1 ? (this.names[0] ?? '') : '';
  }

  #choices(): string {
    return this.names.map((name) => `/auth/login?issuer=${name}`).join(', ') || 'there is none here';
  }
}

const destinationOf = ({ client, companyId, providerId }: CompanyClient): Destination => ({
  client,
  issuer: SSO,
  sso: { companyId, providerId },
});

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
