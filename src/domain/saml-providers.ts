import { X509Certificate } from 'node:crypto';
import type { MemberViewer } from '../auth/viewer.js';
import type { SsoProvider } from '../entities/single-sign-on.js';
import { UserError } from '../errors.js';
import { newId } from '../schema/ids.js';
import { findProvider, put } from './sso-providers.js';
import type { Done, Parts } from './unit-of-work.js';

export interface SamlFields {
  /** How the identity provider calls itself: its entity id. */
  issuer: string;
  /** Where the browser goes (HTTP-Redirect). */
  signInUrl: string;
  /** In PEM, one after the other. */
  certificates: string;
}

const MOST = 4;
const LEAST_BITS = 2_048;
const PEM = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/g;
const ENTITY_ID = /^[\x21-\x7e]{1,255}$/;

/** Each certificate of a text for itself. */
export const certificatesIn = (text: string): string[] => text.match(PEM) ?? [];

/**
 * Sets the SAML 2.0 identity provider at which the company's people sign in. One with another entity id is a new one, as for
 * `saveProvider`; new certificates are not, so that they can be changed while people come in by them.
 */
export async function saveSamlProvider(
  parts: Parts,
  viewer: MemberViewer,
  fields: SamlFields,
): Promise<Done<SsoProvider>> {
  const before = await findProvider(parts, viewer.companyId);
  const { issuer, signInUrl } = fields;
  const isSame = before?.protocol === 'SAML' && before.issuer === issuer;
  const fault = faultOf(fields, parts.outbound.isPrivateAllowed);
  const certificates = certificatesIn(fields.certificates);
  // Where none of them was there before, nobody can have come by them: then nobody has to.
  const isUntried = !certificatesIn(before?.certificates ?? '').some((one) => certificates.includes(one));
  return put(parts, viewer, {
    before,
    isSame,
    id: isSame ? before.id : newId('provider'),
    fault,
    set: {
      protocol: 'SAML',
      issuer,
      signInUrl,
      certificates: certificates.join('\n'),
      ...(isUntried && { isEnforced: false }),
    },
    told: { signInUrl, certificates: fault ? [] : certificates.map(fingerprintOf), isUntried },
  });
}

const fingerprintOf = (pem: string): string => new X509Certificate(pem).fingerprint256;

function faultOf({ issuer, signInUrl, certificates }: SamlFields, isHttpAllowed: boolean): UserError | null {
  if (!ENTITY_ID.test(issuer))
    return new UserError('ISSUER', 'An entity id has 1 to 255 visible characters.', 'issuer');
  const url = signInUrl.length > 1_000 ? null : URL.parse(signInUrl);
  const isFit =
    url &&
    !url.username &&
    !url.password &&
    !url.hash &&
    (url.protocol === 'https:' || (isHttpAllowed && url.protocol === 'http:'));
  if (!isFit) return new UserError('SIGN_IN_URL', 'This is no https address to sign in at.', 'signInUrl');
  const found = certificatesIn(certificates);
  if (found.length < 1 || found.length > MOST || !found.every(isStrong))
    return new UserError(
      'CERTIFICATES',
      `There are 1 to ${MOST} certificates in PEM, with RSA keys of ${LEAST_BITS} bits at least.`,
      'certificates',
    );
  return null;
}

function isStrong(pem: string): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(pem).publicKey;
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_BITS;
  } catch {
    return false;
  }
}
