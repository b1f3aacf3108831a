import { errors, type JWTPayload, jwtVerify } from 'jose';
import { ApiError, unauthenticated, unavailable } from '../errors.js';
import { isSamePolicy, type TrustedIssuer } from '../trusted-issuers.js';
import { type Identity, identityIn } from './identity.js';
import { Issuer } from './issuer.js';

export const CLOCK_TOLERANCE_SECONDS = 30;
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** What an access token may call itself; there are other tokens that the same issuer signs with the same keys. */
const TYPES = new Set([undefined, 'JWT', 'AT+JWT', 'APPLICATION/AT+JWT']);
/** Longer than any issuer's access tokens live. */
const MAX_AGE_SECONDS = 86_400;
/** So long those of `demo.json` do. */
export const DEVELOPMENT_MAX_AGE_SECONDS = 7 * MAX_AGE_SECONDS;

/** Verifies access tokens of the trusted issuers against their published keys. */
export class AccessTokenVerifier {
  readonly issuers: readonly Issuer[];

  constructor(
    issuers: readonly TrustedIssuer[],
    readonly maxAgeSeconds = MAX_AGE_SECONDS,
  ) {
    this.issuers = issuers.map((trusted) => new Issuer(trusted));
  }

  /** Throws UNAUTHENTICATED with the reason, or UNAVAILABLE when the issuer's keys cannot be fetched. */
  async verify(token: string): Promise<Identity> {
    const issuer = this.#issuerOf(unverifiedClaims(token));
    if (!issuer) throw unauthenticated('TOKEN_INVALID', 'The token is not from a trusted issuer.');
    const { trusted } = issuer;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, issuer.key, {
        issuer: trusted.issuer,
        audience: trusted.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['sub', 'exp'],
      });
      expectAccessToken(payload, protectedHeader.typ);
      expectTimely(payload, this.maxAgeSeconds);
      expectClient(payload, trusted);
      return identityIn(payload, trusted);
    } catch (error) {
      throw tokenRefusal(error);
    }
  }

  /** Only tells whose keys to check with; nothing is believed before the signature holds. */
  #issuerOf({ iss, tfp, acr }: JWTPayload): Issuer | undefined {
    return this.issuers.find(
      ({ trusted: { issuer, policy } }) => issuer === iss && (!policy || isSamePolicy(tfp ?? acr, policy)),
    );
  }
}

/** What a client is told of a token that was not verified. */
export function tokenRefusal(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  // Its keys cannot be worked with.
  if (!(error instanceof errors.JOSEError))
    return unavailable('ISSUER_UNAVAILABLE', 'The issuer of the token does not answer.', error);
  if (error instanceof errors.JWTExpired) return unauthenticated('TOKEN_EXPIRED', 'The token has expired.');
  return unauthenticated('TOKEN_INVALID', 'The token is not valid here.');
}

/** An ID token says who somebody is to a client, and opens nothing; some issuers give it the audience of the API. */
function expectAccessToken({ at_hash, c_hash }: JWTPayload, typ: string | undefined): void {
  if (!TYPES.has(typ?.toUpperCase()) || at_hash !== undefined || c_hash !== undefined)
    throw unauthenticated('TOKEN_INVALID', 'This is no access token.');
}

/** No token is from the future, and none is good for ever, whatever its issuer wrote into it. */
export function expectTimely({ iat, exp }: JWTPayload, maxAgeSeconds: number): void {
  const now = Date.now() / 1000;
  if (iat !== undefined && (!Number.isFinite(iat) || iat > now + CLOCK_TOLERANCE_SECONDS))
    throw unauthenticated('TOKEN_INVALID', 'The token is from the future.');
  const born = iat ?? now;
  if (now - born > maxAgeSeconds + CLOCK_TOLERANCE_SECONDS)
    throw unauthenticated('TOKEN_EXPIRED', 'The token is too old.');
  if ((exp as number) > now + maxAgeSeconds + CLOCK_TOLERANCE_SECONDS)
    throw unauthenticated('TOKEN_INVALID', 'The token is good for too long.');
}

/** The client that got the token is one of ours; a token with several audiences says which it was. */
function expectClient({ aud, azp, appid, client_id }: JWTPayload, { apps, client, audience }: TrustedIssuer): void {
  const isShared = Array.isArray(aud) && aud.length > 1;
  if (!apps && !isShared) return;
  const named = azp ?? appid ?? client_id;
  if (![...(apps ?? [audience]), client].includes(named as string) || named === undefined)
    throw unauthenticated('TOKEN_INVALID', 'The token was given to another client.');
}

function unverifiedClaims(token: string): JWTPayload {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof payload === 'object' && payload !== null ? (payload as JWTPayload) : {};
  } catch {
    return {};
  }
}
