import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../../src/config.js';
import { KnownOrigins } from '../../src/server/known-origins.js';
import { createAuthority, type IssuedPair, writePair } from '../harness/certificates.js';

const DAY_MS = 86_400_000;
const MARKER = 'marker-of-a-private-key';
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'mysql://aliteo:password@db.example.com:3306/aliteo',
  REDIS_URL: 'redis://redis.example.com:6379',
  SECRET_KEY: 'k'.repeat(32),
  ENCRYPTION_KEY: 'keyvault:data-keys',
  KEY_VAULT_URL: 'https://vault.example.com',
  OIDC_ISSUERS: 'https://issuer.example.com|aliteo',
  PUBLIC_URL: 'https://work.example.com',
};
const DEVELOPMENT = { SECRET_KEY: 'k'.repeat(32) };
const PROXIES = { TRUSTED_PROXIES: '10.0.0.0/8' };

let pair: IssuedPair;
let other: IssuedPair;
let tls: { TLS_CERT: string; TLS_KEY: string };
beforeAll(async () => {
  const authority = await createAuthority();
  [pair, other] = await Promise.all([authority.issue(), authority.issue()]);
  tls = writePair(folder(), pair);
});

const folder = () => mkdtempSync(join(tmpdir(), 'aliteo-settings-'));

function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('in production', () => {
  it('HTTPS is spoken by the server or by proxies that are named, never by nobody and never by both', () => {
    expect(faultsOf({ ...PRODUCTION, ...tls })).toEqual([]);
    expect(faultsOf({ ...PRODUCTION, ...PROXIES })).toEqual([]);
    for (const TRUSTED_PROXIES of [undefined, '', ' ', ',']) {
      const faults = faultsOf({ ...PRODUCTION, TRUSTED_PROXIES });
      expect(faults).toEqual([expect.stringMatching(/^TRUSTED_PROXIES: is required in production.*TLS_CERT/)]);
    }
    expect(faultsOf({ ...PRODUCTION, ...tls, ...PROXIES })).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES: .*both/),
    ]);
  });

  it('a name of this machine is no origin of ours', () => {
    const origins = new KnownOrigins(
      readConfig({ ...PRODUCTION, ...PROXIES, CORS_ORIGINS: 'https://app.example.com' }),
    );
    const judge = (origin?: string) => origins.judge({ headers: { origin } });
    expect(judge()).toBe('none');
    for (const origin of ['https://work.example.com', 'https://app.example.com']) expect(judge(origin)).toBe('known');
    for (const origin of ['http://localhost:4000', 'http://127.0.0.1:4000', 'https://work.example.com:4000', 'null'])
      expect(judge(origin)).toBe('foreign');
  });

  it('no page in the clear may ask', () => {
    const CORS_ORIGINS = 'https://app.example.com,http://app.example.com';
    expect(faultsOf({ ...PRODUCTION, ...PROXIES, CORS_ORIGINS })).toEqual([
      'CORS_ORIGINS: "http://app.example.com" must be https in production',
    ]);
  });
});

describe('a proxy', () => {
  it.each(['0', '1', '10'])('is named, not counted: %s says what to write instead', (TRUSTED_PROXIES) => {
    const faults = faultsOf({ ...DEVELOPMENT, TRUSTED_PROXIES });
    expect(faults).toEqual([
      expect.stringMatching(/^TRUSTED_PROXIES: is the addresses .*10\.0\.0\.0\/8, not how many/),
    ]);
  });

  it.each(['proxy.example.com', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '::/129', '10.0.0.1/8/8', 'fe80::1%eth0'])(
    '%s is none',
    (name) => {
      const faults = faultsOf({ ...DEVELOPMENT, TRUSTED_PROXIES: `192.0.2.1, ${name}` });
      expect(faults).toEqual([`TRUSTED_PROXIES: "${name}" is neither an address nor a range such as 10.0.0.0/8`]);
    },
  );

  it('is not everybody, and is written as what it is', () => {
    for (const name of ['0.0.0.0/0', '::/0', '::ffff:10.0.0.1'])
      expect(faultsOf({ ...DEVELOPMENT, TRUSTED_PROXIES: name })).toEqual([expect.stringContaining(`"${name}" is `)]);
  });
});

describe('an origin', () => {
  it.each([
    '*',
    'null',
    'https://app.example.com/',
    'https://APP.example.com',
    'app.example.com',
    'https://*.example.com',
  ])('is written as a browser does: %s is not', (name) => {
    const faults = faultsOf({ ...DEVELOPMENT, CORS_ORIGINS: `https://app.example.com, ${name}` });
    expect(faults).toEqual([expect.stringContaining(`CORS_ORIGINS: "${name}" is not an origin`)]);
  });
});

describe('a certificate and its key', () => {
  const faultsWith = (cert: string, key: string) => faultsOf({ ...DEVELOPMENT, ...writePair(folder(), { cert, key }) });

  it('go together', () => {
    expect(faultsOf({ ...DEVELOPMENT, ...tls })).toEqual([]);
    expect(faultsOf({ ...DEVELOPMENT, TLS_CERT: tls.TLS_CERT })).toEqual(['TLS_KEY: goes with TLS_CERT']);
    expect(faultsOf({ ...DEVELOPMENT, TLS_KEY: tls.TLS_KEY })).toEqual(['TLS_CERT: goes with TLS_KEY']);
    expect(faultsWith(pair.cert, other.key)).toEqual([expect.stringMatching(/^TLS_KEY: is the key of another/)]);
  });

  it('are files in PEM, and nothing of what is in them is told', () => {
    const bad = `-----BEGIN PRIVATE KEY-----\n${MARKER}\n-----END PRIVATE KEY-----\n`;
    const faults = [
      ...faultsWith(bad, pair.key),
      ...faultsWith(pair.cert, bad),
      ...faultsOf({ ...DEVELOPMENT, ...tls, TLS_KEY: bad }),
      ...faultsOf({ ...DEVELOPMENT, ...tls, TLS_CERT: '/nowhere' }),
    ];
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['TLS_CERT', 'TLS_KEY', 'TLS_KEY', 'TLS_CERT']);
    expect(faults.join()).not.toContain(MARKER);
  });

  it('have begun and not ended', async () => {
    const authority = await createAuthority();
    const late = await authority.issue({ from: new Date(Date.now() - 2 * DAY_MS), to: new Date(Date.now() - DAY_MS) });
    const early = await authority.issue({ from: new Date(Date.now() + DAY_MS) });
    expect(faultsWith(late.cert, late.key)).toEqual([expect.stringMatching(/^TLS_CERT: has ended/)]);
    expect(faultsWith(early.cert, early.key)).toEqual([expect.stringMatching(/^TLS_CERT: begins only/)]);
  });

  it('make the address https, and HTTP_PORT is a port of its own that leads there', () => {
    expect(readConfig({ ...DEVELOPMENT, ...tls }).publicUrl).toBe('https://127.0.0.1:4000');
    expect(faultsOf({ ...DEVELOPMENT, ...tls, PUBLIC_URL: 'http://a.example.com' })).toEqual([
      'PUBLIC_URL: is https with TLS_CERT',
    ]);
    expect(faultsOf({ ...DEVELOPMENT, HTTP_PORT: '8080' })).toEqual([expect.stringMatching(/^HTTP_PORT: leads to/)]);
    for (const env of [{ HTTP_PORT: '4000' }, { HTTP_PORT: '9000', METRICS_PORT: '9000' }])
      expect(faultsOf({ ...DEVELOPMENT, ...tls, ...env })).toEqual(['HTTP_PORT: is a port of its own']);
    expect(faultsOf({ ...DEVELOPMENT, ...tls, HTTP_PORT: '8080' })).toEqual([]);
  });

  it('may be kept in any files that can be read', () => {
    const file = join(folder(), 'both.pem');
    writeFileSync(file, `${pair.key}\n${pair.cert}`);
    expect(faultsOf({ ...DEVELOPMENT, TLS_CERT: file, TLS_KEY: file })).toEqual([]);
  });
});
