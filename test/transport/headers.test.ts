import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SecureNode, send, startSecureNode } from '../harness/secure-node.js';

const PUBLIC_URL = 'https://work.example.com';

let secure: SecureNode;
let url: string;
beforeAll(async () => {
  secure = await startSecureNode({ PUBLIC_URL, DEV_ISSUER: 'on', GRAPHIQL: 'on' });
  url = secure.cluster.first.url;
}, 60_000);
afterAll(() => secure?.cluster.stop());

const STRICT = {
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const ROUTES: [string, string, number][] = [
  ['POST', '/graphql', 400],
  ['GET', '/graphql', 400],
  ['GET', '/export/audit.ndjson', 401],
  ['POST', '/export/audit.ndjson', 405],
  ['GET', '/f/secret', 200],
  ['POST', '/follow/token', 400],
  ['GET', '/follow/token', 405],
  ['GET', '/auth/signed-in', 200],
  ['GET', '/auth/signed-out', 200],
  ['GET', '/auth/login?return=//elsewhere', 400],
  ['GET', '/auth/callback', 400],
  ['GET', '/auth/sso/nothing/callback', 400],
  ['GET', '/auth/saml/nothing/metadata', 404],
  ['GET', '/auth/logout', 405],
  ['GET', '/invitation/', 200],
  ['POST', '/invitation/', 405],
  ['GET', '/graphiql', 200],
  ['GET', '/healthz', 200],
  ['GET', '/readyz', 200],
  ['GET', '/nowhere', 404],
  ['DELETE', '/f/secret', 405],
];

describe('every answer over HTTPS', () => {
  it.each(ROUTES)('%s %s is strict', async (method, path, status) => {
    const answer = await send(url + path, { method });
    expect(answer).toMatchObject({ status, headers: STRICT });
    const policy = answer.headers['content-security-policy'];
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"])
      expect(policy).toContain(part);
  });

  it.each(['/f/secret', '/invitation/', '/graphiql'])(
    'the page %s uses nothing of the device, and is not kept',
    async (path) => {
      const { headers } = await send(url + path);
      expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
      expect(headers['permissions-policy']).toMatch(/camera=\(\).*geolocation=\(\).*microphone=\(\)/);
      expect(headers['content-security-policy']).toContain("connect-src 'self'");
    },
  );

  it("a page's own scripts have another name each time", async () => {
    const policies = await Promise.all(
      [1, 2].map(async () => (await send(`${url}/f/x`)).headers['content-security-policy']),
    );
    const nonces = policies.map((policy) => /script-src 'nonce-([^']{20,})'/.exec(String(policy))?.[1]);
    expect(new Set(nonces).size).toBe(2);
  });

  it('the development issuer says by itself what its pages need', async () => {
    const { status, headers } = await send(`${url}/dev-issuer/.well-known/openid-configuration`);
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toBeUndefined();
    expect(headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
    });
  });
});
