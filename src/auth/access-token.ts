import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { TrustedIssuer } from '../config.js';
import { type ApiError, unauthenticated, unavailable } from '../errors.js';
import { ADDRESS_LENGTH, cut, lengthOf, NAME_LENGTH } from '../schema/texts.js';

/** What a verified access token says about a person. */
export interface Identity {
  issuer: string;
  subject: string;
  /** Lower case, and only when the issuer has verified it and it can be kept. */
  verifiedEmail: string | null;
  name: string | null;
  expiresAt: Date;
}

/** An issuer, and its keys when they have been asked for. */
type Known = TrustedIssuer & { key: Promise<JWTVerifyGetKey> | undefined };

const CLOCK_TOLERANCE_SECONDS = 30;
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** Verifies access tokens of the trusted issuers against their published keys. */
export class AccessTokenVerifier {
  readonly #issuers = new Map<string, Known>();

  constructor(issuers: readonly TrustedIssuer[]) {
    for (const trusted of issuers) this.#issuers.set(trusted.issuer, { ...trusted, key: undefined });
  }

  /** Throws UNAUTHENTICATED with the reason, or UNAVAILABLE when the issuer's keys cannot be fetched. */
  async verify(token: string): Promise<Identity> {
    const claimed = unverifiedIssuer(token);
    const trusted = claimed === null ? undefined : this.#issuers.get(claimed);
    if (!trusted) throw unauthenticated('TOKEN_INVALID', 'The token is not from a trusted issuer.');
    const { issuer } = trusted;
    const { payload } = await jwtVerify(token, await this.#key(trusted), {
      issuer,
      audience: trusted.audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['sub', 'exp'],
    }).catch((error: unknown) => {
      throw refusal(error);
    });
    // OpenID Connect, section 2: at most 255 ASCII characters, and case matters.
    if (!/^[\x21-\x7e]{1,255}$/.test(payload.sub as string))
      throw unauthenticated('TOKEN_INVALID', 'The token names nobody.');
    return {
      issuer,
      subject: payload.sub as string,
      verifiedEmail: payload.email_verified === true ? addressOf(payload.email) : null,
      name: nameOf(payload.name),
      expiresAt: new Date((payload.exp as number) * 1000),
    };
  }

  #key(trusted: Known): Promise<JWTVerifyGetKey> {
    trusted.key ??= discoverKeys(trusted.issuer).catch((error: unknown) => {
      trusted.key = undefined;
      throw unavailable('ISSUER_UNAVAILABLE', 'The issuer of the token does not answer.', error);
    });
    return trusted.key;
  }
}

/** Null for what is none that we can keep: then the token brings no address. */
function addressOf(claim: unknown): string | null {
  if (typeof claim !== 'string' || !/^[^\s\0@]+@[^\s\0@]+$/.test(claim) || !claim.isWellFormed()) return null;
  return lengthOf(claim) <= ADDRESS_LENGTH ? claim.toLowerCase() : null;
}

/** As much of a name as we can keep: nobody is kept out for theirs. */
function nameOf(claim: unknown): string | null {
  if (typeof claim !== 'string') return null;
  return cut(claim.replaceAll('\0', '').toWellFormed().trim(), NAME_LENGTH) || null;
}

/** Only tells whose keys to check with; nothing is believed before the signature holds. */
function unverifiedIssuer(token: string): string | null {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const issuer = (payload as { iss?: unknown } | null)?.iss;
    return typeof issuer === 'string' ? issuer : null;
  } catch {
    return null;
  }
}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: 'error' });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const metadata = (await response.json()) as { issuer?: string; jwks_uri?: string };
  if (metadata.issuer !== issuer || !metadata.jwks_uri) throw new Error(`${url} describes another issuer`);
  return createRemoteJWKSet(new URL(metadata.jwks_uri), { timeoutDuration: 5_000 });
}

function refusal(error: unknown): ApiError {
  if (error instanceof errors.JWTExpired) return unauthenticated('TOKEN_EXPIRED', 'The token has expired.');
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
    return unavailable('ISSUER_UNAVAILABLE', 'The issuer of the token does not answer.', error);
  }
  return unauthenticated('TOKEN_INVALID', 'The token is not valid here.');
}
