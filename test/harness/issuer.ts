import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface TestIssuer {
  url: string;
  audience: string;
  /** A token for an address, which is the subject as well; `claims` and `header` may make it a bad one. */
  token(email: string, claims?: JWTPayload & { email_verified?: boolean }, header?: { kid?: string }): Promise<string>;
  /** The same claims, signed with a key that the issuer does not publish. */
  forged(email: string): Promise<string>;
  publicJwk: object;
  stop(): Promise<void>;
}

/** An issuer with discovery and keys on a real port, that signs whatever a test needs. */
export async function startIssuer(): Promise<TestIssuer> {
  const audience = 'aliteo-test';
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const stranger = await generateKeyPair('RS256');
  const publicJwk = { ...(await exportJWK(publicKey)), kid: 'test', alg: 'RS256', use: 'sig' };
  const server = createServer((request, response) => {
    const issuer = urlOf();
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/jwks` },
      '/jwks': { keys: [publicJwk] },
    };
    const document = documents[request.url ?? ''];
    response
      .writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const urlOf = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const sign = (email: string, key: CryptoKey, claims: JWTPayload, kid = 'test') =>
    new SignJWT({
      iss: urlOf(),
      aud: audience,
      sub: email,
      email,
      email_verified: true,
      name: email.split('@')[0],
      exp: Math.floor(Date.now() / 1000) + 3600,
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(key);

  return {
    url: urlOf(),
    audience,
    publicJwk,
    token: (email, claims = {}, header = {}) => sign(email, privateKey, claims, header.kid),
    forged: (email) => sign(email, stranger.privateKey, {}),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
