import { type Profile, SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { ApiError } from '../errors.js';
import { addressOf } from '../schema/address.js';
import { cut, NAME_LENGTH } from '../schema/texts.js';
import { CLOCK_TOLERANCE_SECONDS } from './access-token.js';

/** A company's own identity provider that speaks SAML 2.0. */
export interface SamlIssuer {
  readonly entityId: string;
  /** Where browsers are sent, by HTTP-Redirect. */
  readonly signInUrl: string;
  /** In PEM; several while the provider changes its key. */
  readonly certificates: readonly string[];
}

/** Who we are to that provider. */
export interface SamlService {
  readonly entityId: string;
  /** Where its answers are posted to. */
  readonly consumerUrl: string;
}

/** Whom a provider has introduced, and what makes it good once, for one request. */
export interface Assertion {
  readonly subject: string;
  /** What it says the address is; whether it may is for the caller to see. */
  readonly email: string | null;
  readonly name: string | null;
  readonly id: string;
  /** The request that it answers. */
  readonly inResponseTo: string;
  /** After this it is not good any more. */
  readonly validUntil: Date;
}

const MOST_BYTES = 262_144;
const MOST_MS = 300_000;
/** Every algorithm that a signature or a digest may name; SHA-1 and HMAC are not among them, nor is any other transform. */
const ALGORITHMS = new Set([
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
  'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
  'http://www.w3.org/2001/10/xml-exc-c14n#',
]);
const EMAILS = [
  'email',
  'mail',
  'emailaddress',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  'urn:oid:0.9.2342.19200300.100.1.3',
];
const NAMES = [
  'displayName',
  'name',
  'http://schemas.microsoft.com/identity/claims/displayname',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
  'urn:oid:2.16.840.1.113730.3.1.241',
];

/** Signing in at a provider that speaks SAML 2.0: the web browser profile, asked by redirect and answered by POST. */
export class SamlClient {
  readonly #options: ConstructorParameters<typeof SAML>[0];

  constructor(
    readonly issuer: SamlIssuer,
    readonly service: SamlService,
  ) {
    this.#options = {
      issuer: service.entityId,
      callbackUrl: service.consumerUrl,
      entryPoint: issuer.signInUrl,
      idpCert: [...issuer.certificates],
      idpIssuer: issuer.entityId,
      audience: service.entityId,
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: false,
      acceptedClockSkewMs: CLOCK_TOLERANCE_SECONDS * 1_000,
      maxAssertionAgeMs: MOST_MS,
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      // The browser that began it knows its request: it is compared where it comes back.
      validateInResponseTo: ValidateInResponseTo.never,
    };
  }

  /** Where to send the browser. The request has this id, and `state` comes back with the answer. */
  async authorizationUrl(requestId: string, state: string): Promise<URL> {
    const saml = new SAML({ ...this.#options, generateUniqueId: () => requestId });
    return new URL(await saml.getAuthorizeUrlAsync(state, undefined, {}));
  }

  /** What a company's administrator gives to the provider. */
  metadata(): string {
    return new SAML(this.#options).generateServiceProviderMetadata(null);
  }

  /**
   * Whom an answer introduces. Nothing of it counts but the one assertion that is signed, as it was signed. Throws
   * UNAUTHENTICATED for whatever is wrong; that it is shown once, and to whom, is for the caller to see.
   */
  async introduce(samlResponse: string): Promise<Assertion> {
    try {
      expectPlain(samlResponse);
      const { profile } = await new SAML(this.#options).validatePostResponseAsync({ SAMLResponse: samlResponse });
      if (!profile) throw new Error('nobody is introduced');
      return this.#read(profile);
    } catch (cause) {
      throw new ApiError('ASSERTION_INVALID', 'What your provider says is not good here.', { cause });
    }
  }

  #read(profile: Profile): Assertion {
    const { Assertion: assertion } = (profile.getAssertion?.() ?? {}) as { Assertion?: Element };
    const { ID: id, Version: version } = assertion?.$ ?? {};
    if (!assertion || !id || version !== '2.0') throw new Error('it is no assertion of SAML 2.0');
    if (profile.issuer !== this.issuer.entityId) throw new Error('it is of another issuer');
    const confirmation = this.#confirmationOf(assertion);
    if (!profile.nameID || !/^[\x20-\x7e]{1,255}$/.test(profile.nameID))
      throw new Error('it names nobody that can be kept');
    if (profile.nameIDFormat?.endsWith(':transient')) throw new Error('it names somebody for this once');
    const attributes = (profile.attributes ?? {}) as Record<string, unknown>;
    const isAddress = profile.nameIDFormat?.endsWith(':emailAddress');
    return {
      id,
      subject: profile.nameID,
      email: addressOf(firstOf(attributes, EMAILS) ?? (isAddress ? profile.nameID : '')),
      name: cut(firstOf(attributes, NAMES)?.trim() ?? '', NAME_LENGTH) || null,
      ...confirmation,
    };
  }

  /** SAML 2.0 profiles, section 4.1.4.3: a bearer's, for this place, for a request of ours, with an end. */
  #confirmationOf(assertion: Element): Pick<Assertion, 'inResponseTo' | 'validUntil'> {
    const [subject] = (assertion.Subject ?? []) as Element[];
    for (const confirmation of (subject?.SubjectConfirmation ?? []) as Element[]) {
      const [data] = (confirmation.SubjectConfirmationData ?? []) as Element[];
      const { Recipient: recipient, InResponseTo: inResponseTo, NotOnOrAfter: end, NotBefore: begin } = data?.$ ?? {};
      const isBearer = confirmation.$?.Method === 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
      const validUntil = new Date(end ?? Number.NaN);
      const isGood = validUntil.getTime() + CLOCK_TOLERANCE_SECONDS * 1_000 > Date.now();
      if (isBearer && recipient === this.service.consumerUrl && inResponseTo && isGood && begin === undefined)
        return { inResponseTo, validUntil };
    }
    throw new Error('it is for another place, another time, or no request of ours');
  }
}

/** An element as it is parsed: its attributes, and its children by their names. */
interface Element {
  readonly $?: Readonly<Record<string, string>>;
  readonly [child: string]: unknown;
}

/** Refuses, before anything is parsed, what an honest answer has no need of. */
function expectPlain(samlResponse: string): void {
  if (samlResponse.length > MOST_BYTES) throw new Error('it is too long');
  const xml = Buffer.from(samlResponse, 'base64').toString('utf8');
  if (/<!DOCTYPE|<!ENTITY|<\?xml-stylesheet/i.test(xml)) throw new Error('it has declarations');
  for (const [, algorithm = ''] of xml.matchAll(/\bAlgorithm\s*=\s*["']([^"']*)["']/g))
    if (!ALGORITHMS.has(algorithm)) throw new Error('it names an algorithm that is not good');
}

function firstOf(attributes: Record<string, unknown>, names: readonly string[]): string | undefined {
  const values = names.flatMap((name) => attributes[name]);
  return values.find((value): value is string => typeof value === 'string' && value.trim() !== '');
}
