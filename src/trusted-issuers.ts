/** An OpenID Connect issuer whose access tokens for `audience` are accepted. */
export interface TrustedIssuer {
  issuer: string;
  audience: string;
  /** How the login route calls it. */
  name?: string;
  /** Where its metadata are, when not under the issuer's own URL: Azure AD B2C has them under each policy. */
  metadata?: string;
  /** Its policy, as the tokens name it in `tfp` or `acr`: the policies of one B2C tenant are one issuer. */
  policy?: string;
  /** The clients whose tokens are accepted; without them any client's, of a token with one audience. */
  apps?: readonly string[];
  /** Our own client there, by which browsers sign in; without one they cannot. */
  client?: string;
  clientSecret?: string;
  /** Whether an address counts as verified although the token does not say so. */
  trustsEmail?: boolean;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;
/** Identities are kept under it. */
const ISSUER_LENGTH = 255;

type Options = Map<string, string>;

/** What each option must look like, and what it sets. */
const OPTIONS: Record<string, { is: (value: string) => boolean; form: string; set(value: string): object }> = {
  name: { is: (value) => NAME.test(value), form: 'small letters, digits and "-"', set: (name) => ({ name }) },
  metadata: { is: isHttpUrl, form: 'a URL', set: (metadata) => ({ metadata }) },
  policy: { is: (value) => /^[\w-]+$/.test(value), form: 'the name of a policy', set: (policy) => ({ policy }) },
  apps: {
    is: (value) => value.trim() !== '',
    form: 'client ids parted by spaces',
    set: (value) => ({ apps: value.trim().split(/\s+/) }),
  },
  client: { is: (value) => value !== '', form: 'a client id', set: (client) => ({ client }) },
  email: { is: (value) => value === 'trusted', form: '"trusted" or left out', set: () => ({ trustsEmail: true }) },
};

/**
 * Reads `ISSUER|AUDIENCE|option=value|…`, several parted by commas or line breaks, and tells `fault` of what is wrong
 * with them.
 */
export function parseIssuers(text: string, fault: (message: string) => void): TrustedIssuer[] {
  const entries = entriesOf(text);
  if (entries.length === 0) fault('names no issuer');
  const issuers = entries.map((entry) => parseIssuer(entry, fault));
  const names = issuers.map(({ name }) => name);
  for (const name of new Set(names.filter((each, i) => each && names.indexOf(each) !== i)))
    fault(`several issuers are called "${name}": give each a name of its own, |name=…`);
  for (const { issuer, policy } of issuers) {
    const same = issuers.filter((other) => other.issuer === issuer);
    if (same.length > 1 && (!policy || same.filter((other) => isSamePolicy(other.policy, policy)).length > 1))
      fault(`${issuer} is there more than once: each time it takes another |policy=…`);
  }
  return issuers;
}

/** The secrets of our clients at the issuers, `NAME=SECRET` parted by commas, put where they belong. */
export function withSecrets(
  issuers: readonly TrustedIssuer[],
  text: string,
  fault: (message: string) => void,
): TrustedIssuer[] {
  const secrets = new Map<string, string>();
  for (const [i, pair] of entriesOf(text).entries()) {
    const at = pair.indexOf('=');
    const secret = decoded(pair.slice(at + 1));
    // Nothing is quoted: it could be a part of the secret.
    if (at < 1 || !secret) fault(`entry ${i + 1} is not NAME=SECRET, with %2C for a "," and %25 for a "%"`);
    else if (!issuers.some(({ name, client }) => name === pair.slice(0, at) && client))
      fault(`entry ${i + 1} is for no issuer of OIDC_ISSUERS that has a client`);
    else secrets.set(pair.slice(0, at), secret);
  }
  return issuers.map((issuer) => {
    const clientSecret = secrets.get(issuer.name ?? '');
    return clientSecret ? { ...issuer, clientSecret } : issuer;
  });
}

/** The entries in which a URL is not https. */
export const insecureEntries = (text: string): string[] =>
  entriesOf(withoutUser(text)).filter((entry) =>
    entry.split('|').some((part, i) => {
      const url = i === 0 ? part : /^metadata=(.*)/.exec(part)?.[1];
      return url !== undefined && !url.startsWith('https://');
    }),
  );

/** Policies are the same whatever their case: B2C itself changes it. */
export const isSamePolicy = (a: unknown, b: string): boolean =>
  typeof a === 'string' && a.toLowerCase() === b.toLowerCase();

const entriesOf = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter(Boolean);

function parseIssuer(entry: string, fault: (message: string) => void): TrustedIssuer {
  const [issuer = '', audience = '', ...rest] = entry.split('|').map((part) => part.trim());
  if (!isHttpUrl(issuer) || !audience || audience.includes('='))
    fault(`"${withoutUser(entry)}" is not ISSUER_URL|AUDIENCE, with options after it`);
  const shown = withoutUser(issuer);
  if (issuer.length > ISSUER_LENGTH) fault(`an issuer has at most ${ISSUER_LENGTH} characters`);
  const options: Options = new Map();
  let parsed: TrustedIssuer = { issuer, audience };
  for (const part of rest) {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(part) ?? [];
    const option = OPTIONS[name];
    if (!option) fault(`${shown} has an option "${name}"; there are ${Object.keys(OPTIONS).join(', ')}`);
    else if (options.has(name)) fault(`${shown} has ${name} twice`);
    else if (!option.is(value)) fault(`${name} of ${shown} must be ${option.form}`);
    else parsed = { ...parsed, ...option.set(value) };
    options.set(name, value);
  }
  // Its ID tokens would look like access tokens.
  if (parsed.client === audience) fault(`client of ${shown} is its audience as well: register the API for itself`);
  if (parsed.client) parsed.name ??= URL.parse(issuer)?.hostname ?? issuer;
  return parsed;
}

/** A URL has no name or password of a user; what is told of one that has them does not have them. */
export const withoutUser = (text: string): string => text.replace(/\/\/[^/|]*@/g, '//…@');

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.hash;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
