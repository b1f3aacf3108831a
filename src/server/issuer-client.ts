import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  calculatePKCECodeChallenge,
  clockTolerance,
  customFetch,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { CLOCK_TOLERANCE_SECONDS } from '../auth/access-token.js';
import { verifyIdToken } from '../auth/id-token.js';
import type { Issuer, IssuerMetadata } from '../auth/issuer.js';
import type { TrustedIssuer } from '../trusted-issuers.js';
import type { Introduced, SignInClient, Ties } from './sign-in-client.js';

const PATIENCE_SECONDS = 10;

export const newTies = (): Ties => ({
  state: randomState(),
  nonce: randomNonce(),
  verifier: randomPKCECodeVerifier(),
});

/** Our client at one issuer: the code flow with PKCE, and the way out. */
export class IssuerClient implements SignInClient {
  constructor(
    readonly issuer: Issuer,
    readonly redirectUri: string,
    /** Our secret there, where it is kept elsewhere than with the issuer's other settings. */
    readonly findSecret: () => Promise<string | undefined> = async () => issuer.trusted.clientSecret,
  ) {}

  /** Where the browser goes to sign in. Throws UNAVAILABLE. */
  async authorizationUrl({ state, nonce, verifier }: Ties): Promise<URL> {
    const metadata = await this.issuer.metadata();
    return buildAuthorizationUrl(this.#configuration(metadata), {
      redirect_uri: this.redirectUri,
      scope: scopeOf(this.issuer.trusted, metadata),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  /**
   * Who the issuer says has signed in, by the query that the browser came back with. Only the ID token is believed.
   * Throws what `openid-client` has against the answer, UNAUTHENTICATED, or UNAVAILABLE.
   */
  async introduce(search: string, { state, nonce, verifier }: Ties): Promise<Introduced> {
    const configuration = this.#configuration(await this.issuer.metadata(), await this.findSecret());
    const url = new URL(this.redirectUri);
    url.search = search;
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    const { id_token: idToken = '' } = await authorizationCodeGrant(configuration, url, checks);
    return { identity: await verifyIdToken(this.issuer, idToken, nonce), idToken, endsAt: null };
  }

  /** Where the browser goes to sign out there as well; null where the issuer has no such place. Throws UNAVAILABLE. */
  async endSessionUrl(idToken: string | null, returnTo: string): Promise<URL | null> {
    const metadata = await this.issuer.metadata();
    if (!metadata.end_session_endpoint) return null;
    return buildEndSessionUrl(this.#configuration(metadata), {
      post_logout_redirect_uri: returnTo,
      ...(idToken && { id_token_hint: idToken }),
    });
  }

  #configuration(metadata: IssuerMetadata, clientSecret?: string): Configuration {
    const { client = '', issuer } = this.issuer.trusted;
    const authentication = clientSecret ? bySecret(clientSecret, metadata) : None();
    const settings = { [clockTolerance]: CLOCK_TOLERANCE_SECONDS };
    const configuration = new Configuration({ ...metadata } as never, client, settings, authentication);
    configuration.timeout = PATIENCE_SECONDS;
    configuration[customFetch] = this.issuer.fetch as unknown as CustomFetch;
    // In production no issuer is http.
    if (issuer.startsWith('http://')) allowInsecureRequests(configuration);
    return configuration;
  }
}

/** In the form where the issuer takes it so; without a word from it, in the header (OpenID Connect Discovery, section 3). */
const bySecret = (secret: string, { token_endpoint_auth_methods_supported: methods }: IssuerMetadata) =>
  methods?.includes('client_secret_post') ? ClientSecretPost(secret) : ClientSecretBasic(secret);

/**
 * What we want to know of the person, as far as the issuer knows of it. B2C gives an access token only where an API is
 * named, and no answer is complete without one: our client stands for an API of its own.
 */
function scopeOf({ client = '', policy, issuer }: TrustedIssuer, { scopes_supported: known }: IssuerMetadata): string {
  const wanted = ['openid', 'profile', 'email'].filter(
    (scope) => scope === 'openid' || !known || known.includes(scope),
  );
  const isB2c = policy !== undefined || new URL(issuer).hostname.endsWith('.b2clogin.com');
  return (isB2c ? [...wanted, client] : wanted).join(' ');
}
