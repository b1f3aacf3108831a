import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

type Claims = JWTPayload & { email_verified?: boolean };

export interface TestIssuer {
  url: string;
  audience: string;
  /** Its client for browsers, as an option of `OIDC_ISSUERS`. */
  client: string;
  /** A token for an address, which is the subject as well; `claims` and `header` may make it a bad one. */
  token(email: string, claims?: Claims, header?: { kid?: string; typ?: string }): Promise<string>;
  /** The same claims, signed with a key that the issuer does not publish. */
  forged(email: string): Promise<string>;
  /** Who signs in next by the code flow, which asks nobody anything; `claims` may make the ID token a bad one. */
  nextPerson(email: string, claims?: Claims): void;
  /** The ID token of the next sign-in is this text, whatever was asked for. */
  nextIdToken(token: string): void;
  /** The ID tokens that it has given. */
  readonly idTokens: string[];
  /** From now on it signs with another key, and publishes that alone. */
  rotate(): Promise<void>;
  /** Whether it answers nothing but errors. */
  isAway: boolean;
  /** What our client showed at the token endpoint: the header, and the form. */
  readonly shown: { authorization: string | undefined; form: URLSearchParams }[];
  /** More of its metadata. */
  readonly metadata: Record<string, unknown>;
  /** How often each of its paths was asked for. */
  readonly asked: Map<string, number>;
  publicJwk: object;
  stop(): Promise<void>;
}

const CLIENT = 'test-browser';
const now = () => Math.floor(Date.now() / 1000);

/** What a code stands for. */
interface Granted {
  email: string;
  claims: Claims;
  nonce: string | null;
  challenge: string | null;
}

/** An issuer with discovery, keys and the code flow on a real port, that signs whatever a test needs. */
export async function startIssuer(): Promise<TestIssuer> {
  const audience = 'aliteo-test';
  let key = await newKey('test');
  const stranger = await generateKeyPair('RS256');
  const asked = new Map<string, number>();
  const codes = new Map<string, Granted>();
  const idTokens: string[] = [];
  const shown: TestIssuer['shown'] = [];
  const metadata: TestIssuer['metadata'] = {};
  let next: { email: string; claims: Claims; idToken?: string } = { email: 'nobody@example.com', claims: {} };

  const documents = (path: string): object | null => {
    const issuer = urlOf();
    if (path === '/jwks') return { keys: [key.publicJwk] };
    if (path !== '/.well-known/openid-configuration') return null;
    return {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      end_session_endpoint: `${issuer}/end`,
      ...metadata,
    };
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', urlOf());
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
    if (issuer.isAway) return void response.writeHead(503).end();
    if (pathname === '/authorize') {
      const code = randomUUID();
      codes.set(code, { ...next, nonce: searchParams.get('nonce'), challenge: searchParams.get('code_challenge') });
      const back = new URL(String(searchParams.get('redirect_uri')));
      back.search = String(new URLSearchParams({ code, state: String(searchParams.get('state')) }));
      return void response.writeHead(302, { location: back.href }).end();
    }
    const document = pathname === '/token' ? await exchange(request) : documents(pathname);
    response
      .writeHead(document ? 200 : 400, { 'content-type': 'application/json' })
      .end(JSON.stringify(document ?? { error: 'invalid_grant' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const urlOf = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function exchange(request: IncomingMessage): Promise<object | null> {
    const form = new URLSearchParams(await text(request));
    shown.push({ authorization: request.headers.authorization, form });
    const granted = codes.get(String(form.get('code')));
    codes.delete(String(form.get('code')));
    const challenge = createHash('sha256')
      .update(String(form.get('code_verifier')))
      .digest('base64url');
    if (!granted || granted.challenge !== challenge) return null;
    const claims = { aud: CLIENT, nonce: String(granted.nonce), iat: now(), ...granted.claims };
    const idToken = next.idToken ?? (await sign(granted.email, key.privateKey, claims, { kid: key.kid }));
    delete next.idToken;
    idTokens.push(idToken);
    return { access_token: randomUUID(), token_type: 'Bearer', expires_in: 3600, id_token: idToken };
  }

  const sign = (email: string, by: CryptoKey, claims: Claims, header: { kid?: string; typ?: string }) =>
    new SignJWT({
      iss: urlOf(),
      aud: audience,
      sub: email,
      email,
      email_verified: true,
      name: email.split('@')[0],
      iat: now(),
      exp: now() + 3600,
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header })
      .sign(by);

  const issuer: TestIssuer = {
    url: urlOf(),
    audience,
    client: `client=${CLIENT}`,
    publicJwk: key.publicJwk,
    idTokens,
    shown,
    metadata,
    asked,
    isAway: false,
    token: (email, claims = {}, header = {}) => sign(email, key.privateKey, claims, header),
    forged: (email) => sign(email, stranger.privateKey, {}, {}),
    nextPerson(email, claims = {}) {
      next = { email, claims };
    },
    nextIdToken(idToken) {
      next.idToken = idToken;
    },
    async rotate() {
      key = await newKey(randomUUID());
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return issuer;
}

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}
