// An OpenID Connect issuer with real keys on a real port, whose tokens the server verifies as any other's.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const AUDIENCE = 'aliteo-bench';
/** Longer than the longest run. */
const VALID = '12h';

export async function startIssuer() {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' };
  const server = createServer((request, response) => {
    const documents = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/jwks` },
      '/jwks': { keys: [jwk] },
    };
    const document = documents[request.url];
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const tokens = new Map();

  /** A token for an address, which is the subject as well; the same one each time. */
  const token = async (email) => {
    const made =
      tokens.get(email) ??
      (await new SignJWT({ email, email_verified: true })
        .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
        .setIssuer(url)
        .setAudience(AUDIENCE)
        .setSubject(email)
        .setExpirationTime(VALID)
        .sign(privateKey));
    tokens.set(email, made);
    return made;
  };

  return { url, audience: AUDIENCE, token, stop: () => server.close() };
}
