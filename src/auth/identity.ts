import type { JWTPayload } from 'jose';
import { unauthenticated } from '../errors.js';
import { foldAddress } from '../schema/address.js';
import { ADDRESS_LENGTH, cut, lengthOf, NAME_LENGTH } from '../schema/texts.js';
import type { TrustedIssuer } from '../trusted-issuers.js';

/** What a verified token says about a person. */
export interface Identity {
  issuer: string;
  subject: string;
  /** In the one form in which it is kept, and only when it is verified and can be. */
  verifiedEmail: string | null;
  name: string | null;
  /** Through whom the issuer let the person in, where it says so: Azure AD B2C does (`idp`), for Google for example. */
  identityProvider: string | null;
  /** When the issuer said all this; null where it does not tell. */
  issuedAt: Date | null;
  expiresAt: Date;
}

const PROVIDER_LENGTH = 200;

/** The person whom verified claims name. Throws UNAUTHENTICATED when they name nobody. */
export function identityIn(payload: JWTPayload, trusted: TrustedIssuer): Identity {
  // OpenID Connect, section 2: at most 255 ASCII characters, and case matters.
  if (typeof payload.sub !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(payload.sub))
    throw unauthenticated('TOKEN_INVALID', 'The token names nobody.');
  return {
    issuer: trusted.issuer,
    subject: payload.sub,
    verifiedEmail: verifiedEmailIn(payload, trusted),
    name: textOf(payload.name, NAME_LENGTH),
    identityProvider: textOf(payload.idp, PROVIDER_LENGTH),
    issuedAt: payload.iat === undefined ? null : new Date(payload.iat * 1000),
    expiresAt: new Date((payload.exp as number) * 1000),
  };
}

/**
 * The issuer says that it has verified the address, or the operator trusts it in this: B2C tells addresses in `emails`,
 * and of none whether it is verified. What the issuer itself calls unverified is not trusted in any case.
 */
function verifiedEmailIn({ email, emails, email_verified }: JWTPayload, { trustsEmail }: TrustedIssuer): string | null {
  if (email_verified === true) return addressOf(email);
  if (!trustsEmail || email_verified !== undefined) return null;
  return addressOf(email ?? (Array.isArray(emails) ? emails[0] : null));
}

/** Null for what is none that we can keep: then the token brings no address. */
function addressOf(claim: unknown): string | null {
  if (typeof claim !== 'string' || !/^[^\s\0@]+@[^\s\0@]+$/.test(claim) || !claim.isWellFormed()) return null;
  const address = foldAddress(claim);
  return lengthOf(address) <= ADDRESS_LENGTH ? address : null;
}

/** As much of a text as we can keep: nobody is kept out for their name. */
function textOf(claim: unknown, length: number): string | null {
  if (typeof claim !== 'string') return null;
  return cut(claim.replaceAll('\0', '').toWellFormed().trim(), length) || null;
}
