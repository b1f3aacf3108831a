import { unauthenticated } from '../errors.js';

/** What an assertion has to be made for. */
export interface Expected {
  /** Who has made it. */
  readonly issuer: string;
  /** The request that it answers. */
  readonly requestId: string;
  /** Where it was to be sent. */
  readonly recipient: string;
}

/** What an assertion says of somebody. */
export interface Asserted {
  readonly id: string;
  readonly subject: string;
  readonly email: string | undefined;
  readonly name: string | undefined;
  /** In ms since 1970: when the provider lets the session end; null where it does not say. */
  readonly endsAt: number | null;
}

type Element = { readonly $?: Readonly<Record<string, string>>; readonly _?: string } & {
  readonly [child: string]: unknown;
};

const SKEW_MS = 30_000;
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const FORMATS = 'urn:oasis:names:tc:SAML:1.1:nameid-format:';
/** A name that is another one each time. */
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
/** As the providers in use call it. */
const EMAIL = [
  'email',
  'mail',
  'urn:oid:0.9.2342.19200300.100.1.3',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
];
const NAME = [
  'displayName',
  'name',
  'urn:oid:2.16.840.1.113730.3.1.241',
  'http://schemas.microsoft.com/identity/claims/displayname',
];

/**
 * Reads an assertion whose signature holds, as `xml2js` gives what was signed. Throws UNAUTHENTICATED unless one of its
 * confirmations is for this request, this recipient and this time (SAML 2.0 Profiles, section 4.1.4.3): what the response around it
 * says need not be signed.
 */
export function readAssertion(assertion: unknown, expected: Expected, now = Date.now()): Asserted {
  const root = assertion as Element;
  if (textIn(first(root.Issuer)) !== expected.issuer) throw refused('another issuer has made the assertion');
  const subject = first(root.Subject);
  const isConfirmed = all(subject?.SubjectConfirmation).some((one) => confirms(one, expected, now));
  if (!isConfirmed) throw refused('the assertion was made for another sign-in');
  const nameId = first(subject?.NameID);
  const value = textIn(nameId);
  const format = nameId?.$?.Format;
  if (!value || format === TRANSIENT) throw refused('the assertion names nobody for good');
  const attributes = attributesIn(root);
  const find = (names: readonly string[]) => names.map((name) => attributes.get(name)).find(Boolean);
  const email = find(EMAIL) ?? (format === `${FORMATS}emailAddress` ? value : undefined);
  return { id: root.$?.ID ?? '', subject: value, email, name: find(NAME), endsAt: endIn(root, now) };
}

/** The first end that a statement of the sign-in names (SessionNotOnOrAfter, SAML 2.0 Core, section 2.7.2). */
function endIn(root: Element, now: number): number | null {
  const ends = all(root.AuthnStatement).flatMap(({ $ }) => $?.SessionNotOnOrAfter ?? []);
  if (ends.length === 0) return null;
  const first = Math.min(...ends.map((end) => Date.parse(end)));
  if (!(first > now)) throw refused('the session is over, or its end is no time');
  return first;
}

function confirms(confirmation: Element, { requestId, recipient }: Expected, now: number): boolean {
  const { InResponseTo, Recipient, NotOnOrAfter, NotBefore } = first(confirmation.SubjectConfirmationData)?.$ ?? {};
  return (
    confirmation.$?.Method === BEARER &&
    InResponseTo === requestId &&
    Recipient === recipient &&
    Date.parse(NotOnOrAfter ?? '') > now - SKEW_MS &&
    !(NotBefore !== undefined && !(Date.parse(NotBefore) <= now + SKEW_MS))
  );
}

function attributesIn(root: Element): Map<string, string> {
  const found = all(root.AttributeStatement).flatMap((statement) => all(statement.Attribute));
  return new Map(
    found.flatMap((attribute) => {
      const value = textIn(first(attribute.AttributeValue));
      return attribute.$?.Name && value ? [[attribute.$.Name, value]] : [];
    }),
  );
}

const all = (children: unknown): Element[] => (Array.isArray(children) ? (children as Element[]) : []);
const first = (children: unknown): Element | undefined => all(children)[0];
const textIn = (element: Element | string | undefined): string =>
  (typeof element === 'string' ? element : (element?._ ?? '')).trim();

/** One answer for whatever is wrong with what somebody brings. */
export const refused = (cause: unknown) =>
  Object.assign(unauthenticated('TOKEN_INVALID', 'What the issuer has answered is not good here.'), { cause });
