import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { createDevIssuer, type DevIssuer } from '../../src/server/dev-issuer.js';
import { Browser } from '../harness/browser.js';

const ANNA = { subject: 'demo-anna', name: 'Anna <b>Acker</b>', email: 'anna@example.org' };
const BORIS = { subject: 'demo-boris', name: 'Boris', email: 'boris@example.org' };
const REDIRECT = 'http://127.0.0.1:53117/callback';
const VERIFIER = randomBytes(32).toString('base64url');

const newBrowser = () => new Browser({ stopsAt: REDIRECT });

describe('the development issuer', () => {
  let dataDir: string;
  let server: Server;
  let publicUrl: string;
  let issuer: DevIssuer;
  let metadata: Record<string, string>;
  const consoles = (['info', 'warn', 'error'] as const).map((name) => jest.spyOn(console, name));
  const faults: unknown[] = [];

  const create = (overrides: Partial<Parameters<typeof createDevIssuer>[0]> = {}) =>
    createDevIssuer({
      publicUrl,
      dataDir,
      people: async () => [ANNA, BORIS],
      redirectUris: ['https://app.example.org/callback'],
      nodeEnv: 'test',
      onError: (error) => faults.push(error),
      ...overrides,
    });

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'dev-issuer-'));
    server = createServer((request, response) => issuer.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    issuer = await create();
    metadata = (await (await fetch(`${issuer.issuer}/.well-known/openid-configuration`)).json()) as typeof metadata;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(dataDir, { recursive: true });
    expect(faults).toEqual([]);
    for (const spy of consoles) expect(spy).not.toHaveBeenCalled();
  });

  const authorizeUrl = (changes: Record<string, string | undefined> = {}) => {
    const url = new URL(metadata.authorization_endpoint as string);
    const params = {
      client_id: issuer.clientId,
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'openid profile email',
      state: 'a state',
      nonce: 'a nonce',
      code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
      code_challenge_method: 'S256',
      ...changes,
    };
    for (const [name, value] of Object.entries(params)) if (value) url.searchParams.set(name, value);
    return url;
  };

  const signIn = async (changes?: Record<string, string>, subject = ANNA.subject, browser = newBrowser()) => {
    const login = await browser.open(authorizeUrl(changes));
    return (await browser.open(login.url, { subject })).url.searchParams;
  };

  const tokens = async (form: Record<string, string>) => {
    const body = new URLSearchParams({ client_id: issuer.clientId, redirect_uri: REDIRECT, ...form });
    const response = await fetch(metadata.token_endpoint as string, { method: 'POST', body });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };

  const exchange = (code: string | null, verifier = VERIFIER) =>
    tokens({ grant_type: 'authorization_code', code: String(code), code_verifier: verifier });

  const verify = (token: string | undefined) =>
    jwtVerify(String(token), createRemoteJWKSet(new URL(metadata.jwks_uri as string)), {
      issuer: issuer.issuer,
      audience: issuer.audience,
      typ: 'at+jwt',
    });

  it('describes itself under its mount path, whatever host it is asked by', async () => {
    const { port } = new URL(publicUrl);
    const other = await (await fetch(`http://localhost:${port}/dev-issuer/.well-known/openid-configuration`)).json();
    expect(other).toEqual(metadata);
    expect(metadata).toMatchObject({
      issuer: `${publicUrl}/dev-issuer`,
      authorization_endpoint: `${publicUrl}/dev-issuer/auth`,
      token_endpoint: `${publicUrl}/dev-issuer/token`,
      jwks_uri: `${publicUrl}/dev-issuer/jwks`,
      end_session_endpoint: `${publicUrl}/dev-issuer/session/end`,
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
    });
    expect(await (await fetch(metadata.jwks_uri as string)).json()).toEqual(issuer.jwks);
  });

  it('plays the code flow to an access token for the API', async () => {
    const answer = await signIn();
    expect(answer.get('state')).toBe('a state');
    expect(answer.get('iss')).toBe(issuer.issuer);

    const { body } = await exchange(answer.get('code'));
    const { payload } = await verify(body.access_token);
    expect(payload).toMatchObject({ sub: ANNA.subject, name: ANNA.name, email: ANNA.email, email_verified: true });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(3600);
    expect(decodeJwt(String(body.id_token))).toMatchObject({
      sub: ANNA.subject,
      aud: issuer.clientId,
      nonce: 'a nonce',
      email: ANNA.email,
    });
    expect(body.refresh_token).toBeUndefined();
  });

  it('lists the people on an escaped page that loads nothing', async () => {
    const { response } = await newBrowser().open(authorizeUrl());
    const html = await response.text();
    expect(html).toContain('Anna &#60;b&#62;Acker&#60;/b&#62;');
    expect(html).toContain('boris@example.org');
    expect(html).not.toMatch(/<script|<link|<img|@import|https:/);
    const style = createHash('sha256')
      .update(/<style>(.*)<\/style>/s.exec(html)?.[1] ?? '')
      .digest('base64');
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${style}'; form-action 'self' http://127.0.0.1:53117; base-uri 'none'; frame-ancestors 'none'`,
    );
  });

  it('remembers who signed in, until another person is asked for', async () => {
    const browser = newBrowser();
    await signIn({}, ANNA.subject, browser);
    const silent = await browser.open(authorizeUrl({ prompt: 'none' }));
    const { body } = await exchange(silent.url.searchParams.get('code'));
    expect(decodeJwt(String(body.access_token)).sub).toBe(ANNA.subject);

    const choice = await browser.open(authorizeUrl({ prompt: 'select_account' }));
    expect(await choice.response.text()).toContain('Sign in as…');
    const again = await browser.open(choice.url, { subject: ANNA.subject });
    expect(again.url.searchParams.get('code')).toBeTruthy();
  });

  it('lets another person take over the session', async () => {
    const browser = newBrowser();
    await signIn({}, ANNA.subject, browser);
    const choice = await browser.open(authorizeUrl({ prompt: 'login' }));
    // The provider first ends the old session by a form that submits itself.
    const { response } = await browser.open(choice.url, { subject: BORIS.subject });
    const html = await response.text();
    const [, action = ''] = /action="([^"]+)"/.exec(html) ?? [];
    const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(html) ?? [];
    const { url } = await browser.open(action, { xsrf, logout: 'yes' });
    const { body } = await exchange(url.searchParams.get('code'));
    expect(decodeJwt(String(body.access_token)).sub).toBe(BORIS.subject);
  });

  it('refreshes tokens where offline access was asked for, each refresh token once', async () => {
    const answer = await signIn({ scope: 'openid offline_access', prompt: 'consent' }, BORIS.subject);
    const first = await exchange(answer.get('code'));
    const form = { grant_type: 'refresh_token', refresh_token: String(first.body.refresh_token) };
    const second = await tokens(form);
    expect((await verify(second.body.access_token)).payload.sub).toBe(BORIS.subject);
    expect(second.body.refresh_token).not.toBe(first.body.refresh_token);
    expect(await tokens(form)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('consents by itself for somebody who is already signed in', async () => {
    const browser = newBrowser();
    await signIn({}, ANNA.subject, browser);
    const { url } = await browser.open(authorizeUrl({ scope: 'openid offline_access', prompt: 'consent' }));
    expect((await exchange(url.searchParams.get('code'))).body.refresh_token).toBeTruthy();
  });

  it('signs out on request', async () => {
    const browser = newBrowser();
    const { body } = await exchange((await signIn({}, ANNA.subject, browser)).get('code'));
    const end = new URL(metadata.end_session_endpoint as string);
    end.search = String(
      new URLSearchParams({ id_token_hint: String(body.id_token), post_logout_redirect_uri: REDIRECT }),
    );
    const { response } = await browser.open(end);
    const [, action = '', xsrf = ''] =
      /action="([^"]+)".*name="xsrf" value="([^"]+)"/.exec(await response.text()) ?? [];
    expect((await browser.open(action, { xsrf, logout: 'yes' })).url.href).toBe(REDIRECT);
    const { url } = await browser.open(authorizeUrl({ prompt: 'none' }));
    expect(url.searchParams.get('error')).toBe('login_required');
  });

  it('refuses a wrong verifier and a second use of a code', async () => {
    const refused = { status: 400, body: { error: 'invalid_grant' } };
    expect(await exchange((await signIn()).get('code'), randomBytes(32).toString('base64url'))).toMatchObject(refused);
    const code = (await signIn()).get('code');
    expect((await exchange(code)).status).toBe(200);
    expect(await exchange(code)).toMatchObject(refused);
  });

  it.each([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
    ['plain PKCE', { code_challenge: VERIFIER, code_challenge_method: 'plain' }],
    ['the implicit flow', { response_type: 'id_token' }],
  ])('refuses %s', async (_name, changes) => {
    const { url } = await newBrowser().open(authorizeUrl(changes));
    expect(`${url.search}${url.hash}`).toMatch(/error=(invalid_request|unsupported_response_type|unauthorized_client)/);
  });

  it.each([
    'https://evil.example.org/callback',
    'http://127.0.0.1.evil.example.org/callback',
    'http://127.0.0.1@evil.example.org/callback',
    'http://user@127.0.0.1/callback',
    'https://app.example.org/other',
    undefined,
  ])('refuses to redirect to %s', async (redirect_uri) => {
    const { response } = await newBrowser().open(authorizeUrl({ redirect_uri }));
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/invalid_redirect_uri|missing required parameter/);
  });

  it.each(['http://localhost:3000/any/path', 'http://[::1]:8080/cb', 'https://app.example.org/callback'])(
    'takes %s for a client',
    async (redirect_uri) => {
      expect((await newBrowser().open(authorizeUrl({ redirect_uri }))).url.pathname).toMatch(/\/interaction\//);
    },
  );

  it('refuses strangers, oversized forms and lost logins on its page', async () => {
    const browser = newBrowser();
    const { url } = await browser.open(authorizeUrl());
    expect((await browser.open(url, { subject: 'stranger' })).response.status).toBe(400);
    expect((await browser.open(url, { subject: 'x'.repeat(100_000) })).response.status).toBe(400);
    expect((await newBrowser().open(url)).response.status).toBe(400);
  });

  it('answers the token endpoint to pages of loopback and registered origins only', async () => {
    const post = (origin: string) =>
      fetch(metadata.token_endpoint as string, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({ client_id: issuer.clientId, grant_type: 'refresh_token', refresh_token: 'none' }),
      });
    for (const origin of [publicUrl, 'http://localhost:5173', 'https://app.example.org']) {
      expect((await post(origin)).headers.get('access-control-allow-origin')).toBe(origin);
    }
    expect((await post('https://evil.example.org')).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('mints tokens that verify like those of the flow', async () => {
    const { payload, protectedHeader } = await verify(await issuer.mintToken(BORIS, 60));
    const flow = await verify((await exchange((await signIn({}, BORIS.subject)).get('code'))).body.access_token);
    expect(Object.keys(payload).sort()).toEqual(Object.keys(flow.payload).sort());
    expect(protectedHeader).toEqual(flow.protectedHeader);
    expect(payload).toMatchObject({ sub: BORIS.subject, name: BORIS.name, email: BORIS.email, email_verified: true });
    await expect(verify(await issuer.mintToken(BORIS, -60))).rejects.toThrow('"exp" claim timestamp check failed');
  });

  it('keeps one private key per data directory', async () => {
    const token = await issuer.mintToken(ANNA, 60);
    await expect(jwtVerify(token, createLocalJWKSet((await create()).jwks))).resolves.toBeTruthy();

    const fresh = join(dataDir, 'fresh');
    const [one, two] = await Promise.all([create({ dataDir: fresh }), create({ dataDir: fresh })]);
    expect(one.jwks).toEqual(two.jwks);
    expect(one.jwks).not.toEqual(issuer.jwks);
    expect(JSON.stringify(one.jwks)).not.toContain('"d"');
    expect(await readdir(fresh)).toEqual(['dev-issuer.json']);
    expect((await stat(join(fresh, 'dev-issuer.json'))).mode & 0o777).toBe(0o600);
  });

  it('never runs in production', async () => {
    await expect(create({ nodeEnv: 'production' })).rejects.toThrow('The development issuer never runs in production.');
  });
});
