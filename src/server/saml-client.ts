import { type CacheProvider, SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { identityIn } from '../auth/identity.js';
import { readAssertion, refused } from '../auth/saml-assertion.js';
import { ApiError } from '../errors.js';
import type { Introduced, SignInClient, Ties } from './sign-in-client.js';

/** A company's own SAML 2.0 identity provider, as its administrator describes it. */
export interface SamlProvider {
  readonly id: string;
  readonly issuer: string;
  readonly signInUrl: string;
  /** In PEM, one or several: while one takes the place of another both are good. */
  readonly certificates: readonly string[];
}

const SKEW_MS = 30_000;
/** Of an assertion, whatever it says of its own end; and of a sign-in. */
const MOST_AGE_MS = 600_000;
/** What no assertion needs: entities, and other documents. */
const UNFIT = /<!DOCTYPE|<!ENTITY|<\?xml-stylesheet/i;
/**
 * Of pieces of markup, and of attributes. Canonical XML takes time by the square of them, and an answer comes from whoever likes;
 * one with two hundred groups has about half as many.
 */
const MOST_MARKUP = 1_200;
/** Every algorithm that an answer may name. SHA-1, which can be made to collide, is none, nor HMAC, nor any other transform. */
const ALGORITHMS = new Set([
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
  'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
  'http://www.w3.org/2001/10/xml-exc-c14n#',
]);

/** Our part at one SAML provider: its assertions are signed, and made for the request of this very browser. */
export class SamlClient implements SignInClient {
  constructor(
    readonly provider: SamlProvider,
    readonly entityId: string,
    readonly redirectUri: string,
    /** Whether this is the first to spend what is good once. */
    readonly spend: (what: string, ms: number) => Promise<boolean>,
  ) {}

  async authorizationUrl({ state, nonce }: Ties): Promise<URL> {
    return new URL(await this.#saml(nonce).getAuthorizeUrlAsync(state, undefined, {}));
  }

  async introduce(answer: string, { nonce }: Ties): Promise<Introduced> {
    const { issuer, id } = this.provider;
    expectPlain(Buffer.from(answer, 'base64').toString('utf8'));
    const assertion = await this.#signed(answer, nonce);
    const expected = { issuer, requestId: requestIdOf(nonce), recipient: this.redirectUri };
    const asserted = readAssertion(assertion, expected);
    const isFirst = await this.spend(`saml-assertion ${id} ${asserted.id}`, MOST_AGE_MS + 2 * SKEW_MS);
    if (!isFirst) throw refused('the assertion was used before');
    const exp = Math.floor((Date.now() + MOST_AGE_MS) / 1_000);
    const { subject: sub, email, name, endsAt } = asserted;
    const identity = identityIn({ sub, email, name, exp }, { issuer, audience: '', trustsEmail: true });
    return { identity, idToken: null, endsAt };
  }

  /** One signs out here alone: a provider that is not asked has nothing to answer. */
  async endSessionUrl(): Promise<null> {
    return null;
  }

  /** What the provider's signature covers, and nothing else of the answer. */
  async #signed(answer: string, nonce: string): Promise<unknown> {
    try {
      const { profile } = await this.#saml(nonce).validatePostResponseAsync({ SAMLResponse: answer });
      return (profile?.getAssertion?.() as { Assertion?: unknown } | undefined)?.Assertion;
    } catch (error) {
      throw error instanceof ApiError ? error : refused(error);
    }
  }

  #saml(nonce: string): SAML {
    const { issuer, signInUrl, certificates } = this.provider;
    return new SAML({
      entryPoint: signInUrl,
      idpIssuer: issuer,
      idpCert: [...certificates],
      issuer: this.entityId,
      audience: this.entityId,
      callbackUrl: this.redirectUri,
      wantAssertionsSigned: true,
      // Beside a signed assertion the response need not be.
      wantAuthnResponseSigned: false,
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      acceptedClockSkewMs: SKEW_MS,
      maxAssertionAgeMs: MOST_AGE_MS,
      validateInResponseTo: ValidateInResponseTo.always,
      requestIdExpirationPeriodMs: MOST_AGE_MS,
      generateUniqueId: () => requestIdOf(nonce),
      cacheProvider: rememberingOnly(requestIdOf(nonce)),
    });
  }
}

/** An id begins with no digit (XML, NCName). It is made of what the browser keeps, so that we keep nothing. */
const requestIdOf = (nonce: string): string => `_${nonce}`;

const rememberingOnly = (requestId: string): CacheProvider => ({
  saveAsync: async (_key, value) => ({ value, createdAt: Date.now() }),
  getAsync: async (key) => (key === requestId ? new Date().toISOString() : null),
  removeAsync: async (key) => key,
});

/** Looks, before anything is parsed, for what an honest answer has no need of. */
function expectPlain(xml: string): void {
  if (UNFIT.test(xml)) throw refused('it has declarations');
  for (const piece of [/</g, /=\s*["']/g])
    if ((xml.match(piece)?.length ?? 0) > MOST_MARKUP) throw refused('it is of too many pieces');
  for (const [, algorithm = ''] of xml.matchAll(/\bAlgorithm\s*=\s*["']([^"']*)["']/g))
    if (!ALGORITHMS.has(algorithm)) throw refused(`it names an algorithm that is not good here: ${algorithm}`);
}
