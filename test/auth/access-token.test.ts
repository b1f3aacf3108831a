import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { exportSPKI, importJWK, type JWTPayload } from 'jose';
import { AccessTokenVerifier, DEVELOPMENT_MAX_AGE_SECONDS } from '../../src/auth/access-token.js';
import { Authenticator } from '../../src/auth/authenticate.js';
import { Keyring } from '../../src/crypto.js';
import type { ApiError } from '../../src/errors.js';
import type { TrustedIssuer } from '../../src/trusted-issuers.js';
import { SECRET_KEY } from '../harness/cluster.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';

const EMAIL = 'ada@example.com';
const KEYS = '/jwks';
const METADATA = '/.well-known/openid-configuration';

const EVERYTHING_BUT_THE_DATE = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

let issuer: TestIssuer;
let other: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
  other = await startIssuer();
});
afterAll(async () => {
  await issuer?.stop();
  await other?.stop();
});
afterEach(() => {
  jest.useRealTimers();
  issuer.isAway = false;
});

const now = () => Math.floor(Date.now() / 1000);
const later = (seconds: number) => {
  const at = Date.now() + seconds * 1_000;
  jest.useFakeTimers({ now: at, doNotFake: [...EVERYTHING_BUT_THE_DATE] });
};
const trust = (options: Partial<TrustedIssuer> = {}): TrustedIssuer => ({
  issuer: issuer.url,
  audience: issuer.audience,
  ...options,
});
const verifierOf = (...issuers: TrustedIssuer[]) => new AccessTokenVerifier(issuers);

/** What comes of a token: its subject, or why it is refused. */
const verdict = (verifier: AccessTokenVerifier, token: string): Promise<string> =>
  verifier.verify(token).then(
    ({ subject }) => subject,
    (error: ApiError) => error.reason,
  );
const judge = async (claims: JWTPayload, options?: Partial<TrustedIssuer>, header?: { kid?: string; typ?: string }) =>
  verdict(verifierOf(trust(options)), await issuer.token(EMAIL, claims, header));

const unsigned = (header: object, claims: object) =>
  [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
const claimsOf = (changes: object = {}) => ({
  iss: issuer.url,
  aud: issuer.audience,
  sub: EMAIL,
  iat: now(),
  exp: now() + 600,
  ...changes,
});

describe('a token that nobody trusted has signed is refused:', () => {
  it('with alg none', async () => {
    for (const alg of ['none', 'None', 'nOnE']) {
      expect(await verdict(verifierOf(trust()), `${unsigned({ alg }, claimsOf())}.`)).toBe('TOKEN_INVALID');
      expect(await verdict(verifierOf(trust()), unsigned({ alg }, claimsOf()))).toBe('TOKEN_INVALID');
    }
  });

  it('with the public key as the secret of an HMAC', async () => {
    const pem = await exportSPKI((await importJWK(issuer.publicJwk, 'RS256')) as CryptoKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(issuer.publicJwk)]) {
      const body = unsigned({ alg: 'HS256', kid: 'test' }, claimsOf());
      const token = `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
      expect(await verdict(verifierOf(trust()), token)).toBe('TOKEN_INVALID');
    }
  });

  it('with a key that stands in the token itself, or behind an address in it', async () => {
    const [, payload, signature] = (await other.token(EMAIL, claimsOf())).split('.');
    for (const key of [{ jwk: other.publicJwk }, { jku: `${other.url}/jwks` }]) {
      const header = Buffer.from(JSON.stringify({ alg: 'RS256', ...key })).toString('base64url');
      expect(await verdict(verifierOf(trust()), `${header}.${payload}.${signature}`)).toBe('TOKEN_INVALID');
    }
    expect(other.asked.get(KEYS)).toBeUndefined();
  });

  it('with the keys of another trusted issuer', async () => {
    const both = verifierOf(trust(), { issuer: other.url, audience: other.audience });
    expect(await verdict(both, await other.token(EMAIL, { iss: issuer.url }))).toBe('TOKEN_INVALID');
    expect(await verdict(both, await issuer.token(EMAIL, { iss: other.url }))).toBe('TOKEN_INVALID');
    expect(await verdict(both, await other.token(EMAIL))).toBe(EMAIL);
  });

  it('by an issuer whose metadata are those of another one', async () => {
    const mixed = verifierOf(trust({ metadata: `${other.url}${METADATA}` }));
    expect(await verdict(mixed, await issuer.token(EMAIL))).toBe('ISSUER_UNAVAILABLE');
  });

  it('by an issuer that leads on to somewhere else', async () => {
    const moved = createServer((_request, response) =>
      response.writeHead(302, { location: `${issuer.url}${METADATA}` }).end(),
    );
    moved.listen(0, '127.0.0.1');
    await once(moved, 'listening');
    const metadata = `http://127.0.0.1:${(moved.address() as AddressInfo).port}/`;
    const verifier = verifierOf(trust({ metadata }));
    expect(await verdict(verifier, await issuer.token(EMAIL))).toBe('ISSUER_UNAVAILABLE');
    moved.close();
  });

  it("by another tenant's issuer", async () => {
    expect(await judge({ iss: `${issuer.url}/other-tenant/v2.0/` })).toBe('TOKEN_INVALID');
    expect(await judge({ iss: `${issuer.url}/` })).toBe('TOKEN_INVALID');
  });
});

describe('a token is good', () => {
  it.each<[string, (at: number) => JWTPayload, string]>([
    ['for as long as it says', (at) => ({ exp: at + 60 }), EMAIL],
    ['for half a minute longer', (at) => ({ exp: at - 20 }), EMAIL],
    ['no longer than that', (at) => ({ exp: at - 60 }), 'TOKEN_EXPIRED'],
    ['half a minute early', (at) => ({ nbf: at + 20, iat: at + 20 }), EMAIL],
    ['not before it says', (at) => ({ nbf: at + 60 }), 'TOKEN_INVALID'],
    ['not when it is from the future', (at) => ({ iat: at + 60 }), 'TOKEN_INVALID'],
    ['not when it says nothing of its end', () => ({ exp: undefined }), 'TOKEN_INVALID'],
    ['not when its end is no number', () => ({ exp: 'never' as never }), 'TOKEN_INVALID'],
    ['not for years', (at) => ({ exp: at + 86_400 * 365 }), 'TOKEN_INVALID'],
    ['not after a day', (at) => ({ iat: at - 86_500, exp: at + 60 }), 'TOKEN_EXPIRED'],
    ['not for another audience', () => ({ aud: 'somebody-else' }), 'TOKEN_INVALID'],
    ['not without one', () => ({ aud: undefined }), 'TOKEN_INVALID'],
    ['not without a subject', () => ({ sub: undefined }), 'TOKEN_INVALID'],
  ])('%s', async (_when, claims, expected) => {
    expect(await judge(claims(now()))).toBe(expected);
  });

  it('for a week in development', async () => {
    const verifier = new AccessTokenVerifier([trust()], DEVELOPMENT_MAX_AGE_SECONDS);
    expect(await verdict(verifier, await issuer.token(EMAIL, { iat: now() - 86_500, exp: now() + 60 }))).toBe(EMAIL);
    expect(await verdict(verifier, await issuer.token(EMAIL, { exp: now() + 7 * 86_400 }))).toBe(EMAIL);
    expect(await verdict(verifier, await issuer.token(EMAIL, { exp: now() + 8 * 86_400 }))).toBe('TOKEN_INVALID');
  });

  it.each([
    [undefined, EMAIL],
    ['JWT', EMAIL],
    ['at+jwt', EMAIL],
    ['application/at+jwt', EMAIL],
    ['logout+jwt', 'TOKEN_INVALID'],
    ['secevent+jwt', 'TOKEN_INVALID'],
  ])('when it calls itself %s: %s', async (typ, expected) => {
    expect(await judge({}, {}, typ ? { typ } : {})).toBe(expected);
  });

  it('only when it is no ID token', async () => {
    expect(await judge({ at_hash: 'x' })).toBe('TOKEN_INVALID');
    expect(await judge({ c_hash: 'x' })).toBe('TOKEN_INVALID');
  });
});

it('a token that has opened the door before opens it no more when it has ended', async () => {
  const nobodysCompanies = { em: { fork: () => ({ find: async () => [] }) } } as never;
  const provision = jest.fn(async () => 'user');
  const door = new Authenticator(nobodysCompanies, verifierOf(trust()), new Keyring(SECRET_KEY), provision);
  const authorization = `Bearer ${await issuer.token(EMAIL, { exp: now() + 20 })}`;
  for (let i = 0; i < 2; i += 1)
    expect(await door.authenticate({ authorization })).toMatchObject({ kind: 'USER', userId: 'user' });
  expect(provision).toHaveBeenCalledTimes(1);
  later(55);
  await expect(door.authenticate({ authorization })).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
});

describe('whose client got the token', () => {
  const apps = ['phone', 'desktop'];

  it('matters where the clients are named', async () => {
    for (const claim of ['azp', 'appid', 'client_id']) {
      expect(await judge({ [claim]: 'phone' }, { apps })).toBe(EMAIL);
      expect(await judge({ [claim]: 'stranger' }, { apps })).toBe('TOKEN_INVALID');
      expect(await judge({ [claim]: 'stranger' })).toBe(EMAIL);
    }
    expect(await judge({}, { apps })).toBe('TOKEN_INVALID');
    expect(await judge({ azp: 'stranger', appid: 'phone' }, { apps })).toBe('TOKEN_INVALID');
    expect(await judge({ azp: 'browser' }, { apps, client: 'browser' })).toBe(EMAIL);
  });

  it('matters where the token is for several audiences', async () => {
    const aud = [issuer.audience, 'another-api'];
    expect(await judge({ aud })).toBe('TOKEN_INVALID');
    expect(await judge({ aud, azp: 'another-api' })).toBe('TOKEN_INVALID');
    expect(await judge({ aud, azp: issuer.audience })).toBe(EMAIL);
    expect(await judge({ aud, azp: 'phone' }, { apps })).toBe(EMAIL);
  });
});

describe('an address', () => {
  const addressBy = async (claims: JWTPayload & { email_verified?: boolean }, options: Partial<TrustedIssuer> = {}) =>
    (await verifierOf(trust(options)).verify(await issuer.token(EMAIL, { email_verified: undefined, ...claims })))
      .verifiedEmail;

  it('is verified when the issuer says so, and in no other case', async () => {
    expect(await addressBy({ email_verified: true })).toBe(EMAIL);
    for (const email_verified of [undefined, false, 'true', 1, null])
      expect(await addressBy({ email_verified: email_verified as boolean })).toBeNull();
    expect(await addressBy({ email: undefined, emails: [EMAIL], email_verified: true })).toBeNull();
    expect(await addressBy({ email: undefined, emails: [EMAIL] })).toBeNull();
  });

  it('is taken as verified where the operator trusts the issuer in that', async () => {
    const trusted = { trustsEmail: true };
    expect(await addressBy({}, trusted)).toBe(EMAIL);
    expect(await addressBy({ email: undefined, emails: ['Eve@Example.com', EMAIL] }, trusted)).toBe('eve@example.com');
    expect(await addressBy({ email: undefined, emails: [] }, trusted)).toBeNull();
    expect(await addressBy({ email: undefined, emails: 'eve@example.com' }, trusted)).toBeNull();
    expect(await addressBy({ email_verified: false }, trusted)).toBeNull();
  });
});

it('who let the person in at the issuer is kept', async () => {
  const verifier = verifierOf(trust());
  expect((await verifier.verify(await issuer.token(EMAIL, { idp: 'google.com' }))).identityProvider).toBe('google.com');
  expect((await verifier.verify(await issuer.token(EMAIL))).identityProvider).toBeNull();
});

describe('the policies of one tenant', () => {
  const metadata = () => `${issuer.url}${METADATA}`;
  const policies = () => [
    trust({ name: 'signin', policy: 'B2C_1_signin', metadata: metadata() }),
    trust({ name: 'invited', policy: 'B2C_1A_invited', metadata: metadata(), trustsEmail: true }),
  ];

  it('are told apart by what the token names', async () => {
    const verifier = verifierOf(...policies());
    const emailBy = async (claims: JWTPayload) => {
      const token = await issuer.token(EMAIL, { email_verified: undefined, ...claims });
      return verifier.verify(token).then(
        ({ verifiedEmail }) => verifiedEmail,
        ({ reason }: ApiError) => reason,
      );
    };
    expect(await emailBy({ tfp: 'B2C_1_signin' })).toBeNull();
    expect(await emailBy({ tfp: 'b2c_1a_invited' })).toBe(EMAIL);
    expect(await emailBy({ acr: 'b2c_1a_invited' })).toBe(EMAIL);
    expect(await emailBy({ tfp: 'B2C_1_signin', acr: 'b2c_1a_invited' })).toBeNull();
    expect(await emailBy({ tfp: 'B2C_1_another' })).toBe('TOKEN_INVALID');
    expect(await emailBy({})).toBe('TOKEN_INVALID');
  });
});

describe("an issuer's keys", () => {
  const count = (path: string) => issuer.asked.get(path) ?? 0;

  it('are asked for once, and anew when a token names one that is not known', async () => {
    const verifier = verifierOf(trust());
    const before = await issuer.token(EMAIL);
    const asked = [count(METADATA), count(KEYS)] as const;
    for (let i = 0; i < 5; i += 1) expect(await verdict(verifier, before)).toBe(EMAIL);
    expect([count(METADATA), count(KEYS)]).toEqual([asked[0] + 1, asked[1] + 1]);
    later(15);
    await issuer.rotate();
    expect(await verdict(verifier, await issuer.token(EMAIL))).toBe(EMAIL);
    expect(await verdict(verifier, before)).toBe('TOKEN_INVALID');
  });

  it('are not asked for by everybody who makes up the name of one', async () => {
    const verifier = verifierOf(trust());
    await verifier.verify(await issuer.token(EMAIL));
    later(15);
    const asked = count(KEYS);
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, i) => issuer.token(EMAIL, {}, { kid: `none-${i}` })),
    );
    const verdicts = await Promise.all(tokens.map((token) => verdict(verifier, token)));
    expect(new Set(verdicts)).toEqual(new Set(['TOKEN_INVALID']));
    for (const token of tokens) expect(await verdict(verifier, token)).toBe('TOKEN_INVALID');
    expect(count(KEYS)).toBeLessThanOrEqual(asked + 1);
  });

  it('are asked for anew in time, whatever tokens come', async () => {
    const verifier = verifierOf(trust());
    await verifier.verify(await issuer.token(EMAIL));
    const asked = [count(METADATA), count(KEYS)] as const;
    later(3_700);
    await verifier.verify(await issuer.token(EMAIL));
    expect([count(METADATA), count(KEYS)]).toEqual([asked[0] + 1, asked[1] + 1]);
  });

  it('are good for a while when the issuer is away, and then are not', async () => {
    const verifier = verifierOf(trust());
    await verifier.verify(await issuer.token(EMAIL));
    issuer.isAway = true;
    later(3_700);
    expect(await verdict(verifier, await issuer.token(EMAIL))).toBe(EMAIL);
    // It may be a new key, which we could not ask for.
    later(15);
    expect(await verdict(verifier, await issuer.token(EMAIL, {}, { kid: 'new' }))).toBe('ISSUER_UNAVAILABLE');
    later(86_400);
    expect(await verdict(verifier, await issuer.token(EMAIL))).toBe('ISSUER_UNAVAILABLE');
    issuer.isAway = false;
    later(5);
    expect(await verdict(verifier, await issuer.token(EMAIL))).toBe(EMAIL);
  });

  it('are not asked for by everybody while the issuer is away', async () => {
    const verifier = verifierOf(trust());
    issuer.isAway = true;
    const asked = count(METADATA);
    const token = await issuer.token(EMAIL);
    for (let i = 0; i < 20; i += 1) expect(await verdict(verifier, token)).toBe('ISSUER_UNAVAILABLE');
    expect(count(METADATA)).toBeLessThanOrEqual(asked + 2);
  });
});
