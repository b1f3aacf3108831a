import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { importJWK, type JSONWebKeySet, SignJWT } from 'jose';
import { errors, type Provider } from 'oidc-provider';
import type { TrustedIssuer } from '../trusted-issuers.js';
import { type DemoPerson, loginPage, messagePage, type Page } from './dev-issuer-pages.js';
import { AUDIENCE, CLIENT_ID, createProvider, type People, personClaims } from './dev-issuer-provider.js';
import { issuerSecrets, SIGNING_ALGORITHM } from './dev-issuer-store.js';

export type { DemoPerson };

/** An OpenID Connect provider whose people sign in without a password; for development only. */
export interface DevIssuer {
  readonly issuer: string;
  /** The `aud` of its access tokens: the API's resource indicator. */
  readonly audience: string;
  /** The one public client; it uses the code flow with PKCE. */
  readonly clientId: string;
  readonly jwks: JSONWebKeySet;
  /** As it is trusted, for signing in in a browser as well. */
  readonly trusted: TrustedIssuer;
  /** Answers every request whose path is `/dev-issuer` or below; the body must not have been read. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Signs an access token as the token endpoint would. */
  mintToken(person: DemoPerson, ttlSeconds: number): Promise<string>;
}

export interface DevIssuerOptions {
  publicUrl: string;
  dataDir: string;
  people: readonly DemoPerson[] | (() => Promise<readonly DemoPerson[]>);
  /** Besides these, every http URI on a loopback host is good. */
  redirectUris: readonly string[];
  nodeEnv: string;
  /** Told of what the client only hears of as `server_error`. */
  onError?: (error: unknown) => void;
}

const MOUNT = '/dev-issuer';

/** The issuer's name, which its tokens bear. */
export const devIssuerOf = (publicUrl: string): string => publicUrl.replace(/\/+$/, '') + MOUNT;

const FORM_LIMIT_BYTES = 4096;

/** Starts the issuer at `publicUrl`/dev-issuer. Refuses to in production. */
export async function createDevIssuer(options: DevIssuerOptions): Promise<DevIssuer> {
  if (options.nodeEnv === 'production') throw new Error('The development issuer never runs in production.');
  const issuer = devIssuerOf(options.publicUrl);
  const secrets = await issuerSecrets(options.dataDir);
  const { kty, n, e, kid, alg, use } = secrets.signingKey;
  const key = await importJWK(secrets.signingKey, SIGNING_ALGORITHM);
  const people: People = async () => (typeof options.people === 'function' ? options.people() : options.people);

  const provider = createProvider(issuer, options.redirectUris, secrets, people);
  provider.on('server_error', (_context, error) => options.onError?.(error));

  return {
    issuer,
    audience: AUDIENCE,
    clientId: CLIENT_ID,
    trusted: { issuer, audience: AUDIENCE, name: 'dev', client: CLIENT_ID },
    jwks: { keys: [{ kty, n, e, kid, alg, use }] },
    handle: mounted(provider, people, options.onError),
    mintToken: (person, ttlSeconds) =>
      new SignJWT({ ...personClaims(person), client_id: CLIENT_ID })
        .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: 'at+jwt', kid })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(person.subject)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(new Date(Date.now() + ttlSeconds * 1000))
        .sign(key),
  };
}

/** The provider under our path, and our login page in it. */
function mounted(provider: Provider, people: People, onError?: (error: unknown) => void): DevIssuer['handle'] {
  const { host, protocol, pathname } = new URL(provider.issuer);
  const answer = provider.callback();
  return (request, response) => {
    const rest = (request.url ?? '').slice(MOUNT.length);
    const url = rest.startsWith('/') ? rest : `/${rest}`;
    // The provider finds its mount path by comparing the two, and its origin in the headers of a
    // trusted proxy: so its links lead to the public URL, whatever name the request came by.
    Object.assign(request, { url, originalUrl: pathname + url });
    Object.assign(request.headers, { 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) });
    if (!url.startsWith('/interaction/')) return void answer(request, response);
    interact(provider, people, request, response).catch((error: unknown) => {
      const known = error instanceof errors.OIDCProviderError;
      if (!known) onError?.(error);
      const text = known ? `${error.error_description}. Please start again.` : 'The development issuer has failed.';
      send(response, known ? error.statusCode : 500, messagePage('This did not work', text));
    });
  };
}

async function interact(provider: Provider, people: People, request: IncomingMessage, response: ServerResponse) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  const consent = {};
  if (prompt.name === 'consent') return provider.interactionFinished(request, response, { consent });
  const known = await people();
  if (request.method !== 'POST') return send(response, 200, loginPage(known, String(params.redirect_uri)));

  const accountId = (await readForm(request)).get('subject');
  if (!accountId || !known.some(({ subject }) => subject === accountId)) {
    throw new errors.InvalidRequest('there is no such demo person');
  }
  return provider.interactionFinished(request, response, { login: { accountId }, consent, select_account: {} });
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  // The connection must survive a refusal, or nobody would read it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.length > FORM_LIMIT_BYTES) throw new errors.InvalidRequest('the form is too large');
  }
  return new URLSearchParams(text);
}

function send(response: ServerResponse, status: number, { headers, html }: Page): void {
  response.writeHead(status, headers).end(html);
}
