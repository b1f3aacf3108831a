import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Issuer } from '../../src/auth/issuer.js';
import { IssuerClient, newTies } from '../../src/server/issuer-client.js';
import type { Ties } from '../../src/server/sign-in-client.js';
import type { TrustedIssuer } from '../../src/trusted-issuers.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';

const REDIRECT = 'https://work.example.com/auth/callback';

let issuer: TestIssuer;
beforeEach(async () => {
  issuer = await startIssuer();
});
afterEach(() => issuer.stop());

const clientOf = (options: Partial<TrustedIssuer> = {}) =>
  new IssuerClient(
    new Issuer({ issuer: issuer.url, audience: issuer.audience, client: 'test-browser', ...options }),
    REDIRECT,
  );

/** Signs a person in; answers with what the browser came back. */
async function comeBack(client: IssuerClient, ties: Ties, change: (url: URL) => void = () => {}): Promise<string> {
  const response = await fetch(await client.authorizationUrl(ties), { redirect: 'manual' });
  const url = new URL(response.headers.get('location') ?? '');
  change(url);
  return url.search;
}

describe('our client at an issuer', () => {
  it('asks for what the issuer knows of a person', async () => {
    const scope = async (options?: Partial<TrustedIssuer>) =>
      (await clientOf(options).authorizationUrl(newTies())).searchParams.get('scope');
    expect(await scope()).toBe('openid profile email');
    issuer.metadata.scopes_supported = ['openid'];
    expect(await scope()).toBe('openid');
    // B2C completes no answer unless an API is named.
    expect(await scope({ policy: 'B2C_1_signin' })).toBe('openid test-browser');
  });

  it('shows its secret as the issuer takes it, or shows that it has none', async () => {
    const showing = async (options: Partial<TrustedIssuer>) => {
      const [client, ties] = [clientOf(options), newTies()];
      issuer.nextPerson('ada@example.com');
      await client.introduce(await comeBack(client, ties), ties);
      const { authorization, form } = issuer.shown.at(-1) ?? {};
      return [authorization, form?.get('client_id'), form?.get('client_secret')];
    };
    const clientSecret = 'a secret~';
    expect(await showing({})).toEqual([undefined, 'test-browser', null]);
    const [basic = '', ...posted] = await showing({ clientSecret });
    // RFC 6749, section 2.3.1: both are encoded as in a form.
    const given = Buffer.from(String(basic).replace(/^Basic /, ''), 'base64').toString();
    expect([decodeURIComponent(given), ...posted]).toEqual(['test-browser:a+secret~', null, null]);
    issuer.metadata.token_endpoint_auth_methods_supported = ['client_secret_post', 'client_secret_basic'];
    expect(await showing({ clientSecret })).toEqual([undefined, 'test-browser', clientSecret]);
  });

  it('does not take an answer that another issuer has given', async () => {
    issuer.metadata.authorization_response_iss_parameter_supported = true;
    const [client, ties] = [clientOf(), newTies()];
    issuer.nextPerson('ada@example.com');
    const right = await comeBack(client, ties, (url) => url.searchParams.set('iss', issuer.url));
    expect((await client.introduce(right, ties)).identity.subject).toBe('ada@example.com');
    for (const iss of ['https://evil.example', null]) {
      const wrong = await comeBack(client, ties, (url) => iss && url.searchParams.set('iss', iss));
      const before = issuer.shown.length;
      await expect(client.introduce(wrong, ties)).rejects.toThrow();
      expect(issuer.shown.length).toBe(before);
    }
  });

  it('takes no answer of another policy of the same issuer', async () => {
    const answered = async (claims: object) => {
      const [client, ties] = [clientOf({ policy: 'B2C_1_verified' }), newTies()];
      issuer.nextPerson('ada@example.com', claims as never);
      return (await client.introduce(await comeBack(client, ties), ties)).identity.subject;
    };
    expect(await answered({ tfp: 'b2c_1_verified' })).toBe('ada@example.com');
    expect(await answered({ acr: 'B2C_1_verified' })).toBe('ada@example.com');
    for (const claims of [{ tfp: 'B2C_1_signup' }, { tfp: 'B2C_1_signup', acr: 'B2C_1_verified' }, {}])
      await expect(answered(claims)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
  });

  it('takes the keys with which the issuer signs now', async () => {
    const [client, ties] = [clientOf(), newTies()];
    issuer.nextPerson('ada@example.com');
    await issuer.rotate();
    expect((await client.introduce(await comeBack(client, ties), ties)).identity.subject).toBe('ada@example.com');
  });

  it('knows when the issuer has no way out', async () => {
    issuer.metadata.end_session_endpoint = undefined;
    expect(await clientOf().endSessionUrl(null, REDIRECT)).toBeNull();
  });
});
