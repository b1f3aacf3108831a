import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { generate } from 'selfsigned';

export interface IssuedPair {
  cert: string;
  key: string;
}

export interface Lifetime {
  from?: Date;
  to?: Date;
}

/** Who issues certificates for loopback, and whom a client has to trust for them. */
export interface Authority {
  ca: string;
  issue(lifetime?: Lifetime): Promise<IssuedPair>;
  /** An authority below this one; its certificates come with its own. */
  subordinate(): Promise<Authority>;
}

const DAY_MS = 86_400_000;
const fromNow = (days: number) => new Date(Date.now() + days * DAY_MS);

const ofAuthority = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
] as const;
const ofServer = [
  { name: 'basicConstraints', cA: false, critical: true },
  { name: 'keyUsage', digitalSignature: true, critical: true },
  { name: 'extKeyUsage', serverAuth: true },
  {
    name: 'subjectAltName',
    altNames: [
      { type: 7, ip: '127.0.0.1' },
      { type: 2, value: 'localhost' },
    ],
  },
] as const;

async function make(name: string, extensions: readonly object[], ca?: IssuedPair, life: Lifetime = {}) {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: life.from ?? fromNow(-1),
    notAfterDate: life.to ?? fromNow(90),
    extensions: [...extensions] as never,
    ...(ca && { ca }),
  });
  return { cert, key };
}

const authorityOf = (pair: IssuedPair, root: string, chain: string): Authority => ({
  ca: root,
  async issue(lifetime) {
    const { cert, key } = await make('127.0.0.1', ofServer, pair, lifetime);
    return { cert: cert + chain, key };
  },
  async subordinate() {
    const below = await make(`intermediate ${randomUUID()}`, ofAuthority, pair);
    return authorityOf(below, root, `\n${below.cert}${chain}`);
  },
});

/** Each has a name of its own: a client that trusts two of one name looks at the first one only. */
export async function createAuthority(): Promise<Authority> {
  const pair = await make(`authority ${randomUUID()}`, ofAuthority);
  return authorityOf(pair, pair.cert, '');
}

/** Has everything in this process trust an authority. */
export const trust = ({ ca }: Authority): void => setDefaultCACertificates([...getCACertificates('default'), ca]);

/** Writes both files, each in one step as tools that renew certificates do; answers the variables that name them. */
export function writePair(dir: string, { cert, key }: IssuedPair): { TLS_CERT: string; TLS_KEY: string } {
  mkdirSync(dir, { recursive: true });
  const put = (name: string, text: string): string => {
    const file = join(dir, name);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return file;
  };
  return { TLS_CERT: put('tls.crt', cert), TLS_KEY: put('tls.key', key) };
}
