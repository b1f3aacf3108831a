import { jwtVerify } from 'jose';
import { unauthenticated } from '../errors.js';
import { isSamePolicy } from '../trusted-issuers.js';
import { ALGORITHMS, CLOCK_TOLERANCE_SECONDS, expectTimely, tokenRefusal } from './access-token.js';
import { type Identity, identityIn } from './identity.js';
import type { Issuer } from './issuer.js';

/** One is used at once, by whoever asked for it. */
const MAX_AGE_SECONDS = 86_400;

/**
 * Who has signed in at an issuer, by the ID token that it gave to our client for this nonce. Throws UNAUTHENTICATED, or
 * UNAVAILABLE when the issuer's keys cannot be fetched.
 */
export async function verifyIdToken(issuer: Issuer, token: string, nonce: string): Promise<Identity> {
  const { trusted } = issuer;
  const { client = '' } = trusted;
  try {
    const { payload } = await jwtVerify(token, issuer.key, {
      issuer: trusted.issuer,
      audience: client,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['sub', 'exp', 'iat', 'nonce'],
    });
    expectTimely(payload, MAX_AGE_SECONDS);
    if (payload.nonce !== nonce) throw unauthenticated('TOKEN_INVALID', 'The token was made for another sign-in.');
    // OpenID Connect, section 3.1.3.7: with several audiences there is an `azp`, and where there is one it is the client.
    const isShared = Array.isArray(payload.aud) && payload.aud.length > 1;
    if ((isShared || payload.azp !== undefined) && payload.azp !== client)
      throw unauthenticated('TOKEN_INVALID', 'The token was given to another client.');
    const { policy } = trusted;
    if (policy && !isSamePolicy(payload.tfp ?? payload.acr, policy))
      throw unauthenticated('TOKEN_INVALID', 'The token is of another policy.');
    return identityIn(payload, trusted);
  } catch (error) {
    throw tokenRefusal(error);
  }
}
