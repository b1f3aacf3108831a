import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../../src/config.js';

const SECRET_KEY = 'k'.repeat(32);
const DEVELOPMENT = { SECRET_KEY };
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'mysql://aliteo:password@db.example.com:3306/aliteo',
  REDIS_URL: 'redis://redis.example.com:6379',
  SECRET_KEY,
  ENCRYPTION_KEY: 'keyvault:data-keys',
  KEY_VAULT_URL: 'https://vault.example.com',
  OIDC_ISSUERS: 'https://issuer.example.com|aliteo',
  PUBLIC_URL: 'https://work.example.com',
  TRUSTED_PROXIES: '10.0.0.0/8',
};
const REQUIRED = [
  'DATABASE_URL',
  'REDIS_URL',
  'SECRET_KEY',
  'ENCRYPTION_KEY',
  'OIDC_ISSUERS',
  'PUBLIC_URL',
  'TRUSTED_PROXIES',
];

/** The faults that are found, or none. */
function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** The names of the variables that are at fault. */
const atFault = (env: NodeJS.ProcessEnv) => [...new Set(faultsOf(env).map((fault) => fault.split(':')[0]))].sort();

describe('in production', () => {
  it('what the operator has decided is taken as it is', () => {
    expect(readConfig(PRODUCTION)).toMatchObject({
      production: true,
      databaseUrl: PRODUCTION.DATABASE_URL,
      redisUrl: PRODUCTION.REDIS_URL,
      secretKey: SECRET_KEY,
      publicUrl: PRODUCTION.PUBLIC_URL,
      issuers: [{ issuer: 'https://issuer.example.com', audience: 'aliteo' }],
    });
  });

  it('all that is missing is told at once', () => {
    expect(atFault({ NODE_ENV: 'production' })).toEqual([...REQUIRED].sort());
  });

  it.each(REQUIRED)('%s has no default', (name) => {
    expect(atFault({ ...PRODUCTION, [name]: undefined })).toEqual([name]);
    expect(atFault({ ...PRODUCTION, [name]: '' })).toEqual([name]);
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['PUBLIC_URL', { PUBLIC_URL: 'http://work.example.com' }],
    ['OIDC_ISSUERS', { OIDC_ISSUERS: 'http://issuer.example.com|aliteo' }],
    ['OIDC_ISSUERS', { OIDC_ISSUERS: 'https://issuer.example.com|aliteo, http://other.example.com|aliteo' }],
  ])('%s is https: %j is not', (name, env) => {
    expect(atFault({ ...PRODUCTION, ...env })).toEqual([name]);
    expect(atFault({ ...DEVELOPMENT, ...env })).toEqual([]);
  });

  it('the development issuer and the demo never run', () => {
    for (const name of ['DEV_ISSUER', 'SEED_DEMO']) expect(atFault({ ...PRODUCTION, [name]: 'on' })).toEqual([name]);
    for (const env of [{}, { DEV_ISSUER: 'off', SEED_DEMO: 'off' }]) {
      expect({ env, ...readConfig({ ...PRODUCTION, ...env }) }).toMatchObject({ devIssuer: false, seedDemo: false });
    }
  });

  it('nothing kills the process on purpose', () => {
    expect(atFault({ ...PRODUCTION, FAILPOINT: 'after-commit:1' })).toEqual(['FAILPOINT']);
    expect(atFault({ ...DEVELOPMENT, FAILPOINT: 'after-commit:1' })).toEqual([]);
  });

  it('data keys are wrapped in the vault, and nowhere else', () => {
    const { KEY_VAULT_URL: vaultUrl } = PRODUCTION;
    expect(readConfig(PRODUCTION).encryptionKey).toEqual({ kind: 'keyvault', vaultUrl, name: 'data-keys' });
    expect(faultsOf({ ...PRODUCTION, ENCRYPTION_KEY: 'file:/etc/key' })).toEqual([
      'ENCRYPTION_KEY: must be keyvault:NAME in production, a key file is for development',
    ]);
    expect(atFault({ ...PRODUCTION, ENCRYPTION_KEY: 'keyvault:../secrets/x' })).toEqual(['ENCRYPTION_KEY']);
    for (const url of [undefined, 'http://vault.example.com', 'vault'])
      expect(atFault({ ...PRODUCTION, KEY_VAULT_URL: url })).toEqual(['KEY_VAULT_URL']);
  });

  it('GraphiQL is off unless it is asked for', () => {
    expect(readConfig(PRODUCTION).graphiql).toBe(false);
    expect(readConfig({ ...PRODUCTION, GRAPHIQL: 'on' }).graphiql).toBe(true);
  });

  it('what is malformed is told together with what is missing', () => {
    const { REDIS_URL, ...rest } = PRODUCTION;
    const env = { ...rest, PORT: 'many', PUBLIC_URL: 'http://work.example.com', DEV_ISSUER: 'on' };
    expect(atFault(env)).toEqual(['DEV_ISSUER', 'PORT', 'PUBLIC_URL', 'REDIS_URL']);
  });
});

describe('outside production', () => {
  it('everything has a default', () => {
    expect(readConfig(DEVELOPMENT)).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 4000,
      publicUrl: 'http://127.0.0.1:4000',
      databaseUrl: undefined,
      redisUrl: undefined,
      issuers: [],
      devIssuer: true,
      seedDemo: true,
      graphiql: true,
      bodyLimitBytes: 1_048_576,
      anonymousBodyLimitBytes: 65_536,
    });
  });

  it('data keys are wrapped by a file of DATA_DIR, by another one, or in the vault', () => {
    const keyOf = (env: NodeJS.ProcessEnv) => readConfig({ ...DEVELOPMENT, DATA_DIR: '/data', ...env }).encryptionKey;
    expect(keyOf({})).toEqual({ kind: 'file', file: '/data/encryption.key' });
    expect(keyOf({ ENCRYPTION_KEY: 'file:/etc/key' })).toEqual({ kind: 'file', file: '/etc/key' });
    expect(keyOf({ ENCRYPTION_KEY: 'keyvault:a', KEY_VAULT_URL: 'https://v' })).toMatchObject({ kind: 'keyvault' });
    expect(atFault({ ...DEVELOPMENT, ENCRYPTION_KEY: 'a-key' })).toEqual(['ENCRYPTION_KEY']);
  });

  it('what is for development can be switched off', () => {
    const config = readConfig({ ...DEVELOPMENT, DEV_ISSUER: 'off', SEED_DEMO: 'off', GRAPHIQL: 'off' });
    expect(config).toMatchObject({ devIssuer: false, seedDemo: false, graphiql: false });
  });

  it('the key is made once, for the eyes of its owner only', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'aliteo-config-'));
    try {
      const { secretKey } = readConfig({ DATA_DIR: dataDir });
      expect(secretKey.length).toBeGreaterThanOrEqual(32);
      expect(readConfig({ DATA_DIR: dataDir }).secretKey).toBe(secretKey);
      const file = join(dataDir, 'secret.key');
      expect(await readFile(file, 'utf8')).toBe(secretKey);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});

describe('the issuers', () => {
  const issuersIn = (OIDC_ISSUERS: string, more: NodeJS.ProcessEnv = {}) =>
    readConfig({ ...DEVELOPMENT, OIDC_ISSUERS, ...more }).issuers;
  const B2C = 'https://contoso.b2clogin.com/6a1f0e6c-0000-4000-8000-000000000000/v2.0/';
  const policy = (name: string) =>
    `metadata=https://contoso.b2clogin.com/contoso.onmicrosoft.com/${name}/v2.0/.well-known/openid-configuration|policy=${name}`;

  it('may say more of themselves than whose tokens are for whom', () => {
    const text = `
      ${B2C}|api|name=b2c|${policy('B2C_1_signin')}|client=web|apps=phone desktop
      ${B2C}|api|name=invited|${policy('B2C_1A_invited')}|client=web|email=trusted
      https://issuer.example.com|aliteo`;
    const metadata = (name: string) => expect.stringContaining(`/contoso.onmicrosoft.com/${name}/v2.0/.well-known/`);
    expect(issuersIn(text)).toEqual([
      {
        issuer: B2C,
        audience: 'api',
        name: 'b2c',
        metadata: metadata('B2C_1_signin'),
        policy: 'B2C_1_signin',
        client: 'web',
        apps: ['phone', 'desktop'],
      },
      {
        issuer: B2C,
        audience: 'api',
        name: 'invited',
        metadata: metadata('B2C_1A_invited'),
        policy: 'B2C_1A_invited',
        client: 'web',
        trustsEmail: true,
      },
      { issuer: 'https://issuer.example.com', audience: 'aliteo' },
    ]);
  });

  it('are called by their host when they have no other name', () => {
    expect(issuersIn('https://issuer.example.com|aliteo|client=web')[0]?.name).toBe('issuer.example.com');
  });

  it('have the secrets of our clients from elsewhere', () => {
    const text = 'https://a.example.com|api|name=a|client=web, https://b.example.com|api|name=b|client=web';
    const issuers = issuersIn(text, { OIDC_CLIENT_SECRETS: 'a=x=%2C%25~, b=second' });
    expect(issuers.map(({ clientSecret }) => clientSecret)).toEqual(['x=,%~', 'second']);
  });

  it.each([
    ['https://a.example.com|api|clientt=web', /has an option "clientt"; there are name, metadata/],
    ['https://a.example.com|api|client=a|client=b', /has client twice/],
    ['https://a.example.com|api|client=', /client of https:\/\/a.example.com must be a client id/],
    ['https://a.example.com|api|client=api', /client of .* is its audience as well/],
    ['https://a.example.com|api|email=yes', /email of .* must be "trusted" or left out/],
    ['https://a.example.com|api|name=A B', /name of .* must be small letters/],
    ['https://a.example.com|api|metadata=here', /metadata of .* must be a URL/],
    ['https://a.example.com|client=web', /is not ISSUER_URL\|AUDIENCE/],
    ['https://user:word@a.example.com|api', /^(?!.*word).*is not ISSUER_URL\|AUDIENCE/],
    [' , ', /names no issuer/],
    ['https://a.example.com|x|client=web,https://a.example.com|y|client=web', /several issuers are called/],
    ['https://a.example.com|x, https://a.example.com|y', /is there more than once/],
    ['https://a.example.com|x|policy=p, https://a.example.com|y|policy=P', /is there more than once/],
  ])('are told what is wrong with them: %s', (OIDC_ISSUERS, words) => {
    const faults = faultsOf({ ...DEVELOPMENT, OIDC_ISSUERS });
    expect(faults).toEqual(faults.map(() => expect.stringMatching(/^OIDC_ISSUERS: /)));
    expect(faults.join('\n')).toMatch(words);
  });

  it('have metadata at https in production', () => {
    const OIDC_ISSUERS = 'https://a.example.com|api|metadata=http://a.example.com/.well-known/openid-configuration';
    expect(atFault({ ...PRODUCTION, OIDC_ISSUERS })).toEqual(['OIDC_ISSUERS']);
    expect(atFault({ ...DEVELOPMENT, OIDC_ISSUERS })).toEqual([]);
  });

  it.each(['no-such=hunter2', 'hunter2', 'a=', '=hunter2', 'a=%zzhunter2', 'b=hunter2'])(
    'are told of a secret that is for none of them, and it is not repeated: %s',
    (OIDC_CLIENT_SECRETS) => {
      const OIDC_ISSUERS = 'https://a.example.com|api|name=a|client=web, https://b.example.com|api|name=b';
      const faults = faultsOf({ ...DEVELOPMENT, OIDC_ISSUERS, OIDC_CLIENT_SECRETS });
      expect(faults).toEqual([expect.stringMatching(/^OIDC_CLIENT_SECRETS: entry 1 is /)]);
      expect(faults.join()).not.toContain('hunter2');
    },
  );
});

describe('a value that is none', () => {
  it.each<[name: string, bad: string, good: string]>([
    ['NODE_ENV', 'prod', 'test'],
    ['PORT', 'many', '8080'],
    ['PORT', '0', '1'],
    ['PORT', '65536', '65535'],
    ['PORT', '80.5', '80'],
    ['PUBLIC_URL', 'work.example.com', 'http://work.example.com'],
    ['DATABASE_URL', 'postgres://db.example.com/aliteo', 'mysql://db.example.com/aliteo'],
    ['DATABASE_URL', 'mysql://db.example.com', 'mariadb://db.example.com/aliteo'],
    ['DATABASE_POOL', '1', '2'],
    ['REDIS_URL', 'http://redis.example.com', 'rediss://redis.example.com'],
    ['SECRET_KEY', 'k'.repeat(31), 'k'.repeat(32)],
    ['OIDC_ISSUERS', 'https://issuer.example.com', 'https://issuer.example.com|aliteo'],
    ['OIDC_ISSUERS', 'issuer|aliteo', 'https://issuer.example.com|aliteo, https://other.example.com|aliteo'],
    ['SESSION_IDLE_SECONDS', '0', '600'],
    ['SESSION_SECONDS', 'a day', '86400'],
    ['DEV_ISSUER', 'yes', 'on'],
    ['SEED_DEMO', 'no', 'off'],
    ['GRAPHIQL', 'true', 'on'],
    ['LOG_LEVEL', 'loud', 'debug'],
    ['BODY_LIMIT_BYTES', '1 MiB', '2097152'],
    ['ANONYMOUS_BODY_LIMIT_BYTES', '-1', '1024'],
    ['HEARTBEAT_MS', '99', '100'],
    ['HEAD_POLL_MS', '251', '250'],
    ['DRAIN_MS', '-1', '0'],
    ['TRUSTED_PROXIES', '1', '192.0.2.10, 10.0.0.0/8, 2001:db8::/32'],
    ['CORS_ORIGINS', '*', 'https://app.example.com, http://localhost:5173, capacitor://localhost'],
    ['TLS_RELOAD_MS', '99', '100'],
    ['FAILPOINT', 'sometimes', 'after-commit:1'],
  ])('%s: %j is refused, %j is not', (name, bad, good) => {
    expect(atFault({ ...DEVELOPMENT, [name]: bad })).toEqual([name]);
    expect(atFault({ ...DEVELOPMENT, [name]: good })).toEqual([]);
  });

  it('is told of together with all the others', () => {
    const env = { ...DEVELOPMENT, PORT: 'many', REDIS_URL: 'http://redis.example.com', GRAPHIQL: 'true' };
    expect(atFault(env)).toEqual(['GRAPHIQL', 'PORT', 'REDIS_URL']);
  });
});

describe('a server with a faulty configuration', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'aliteo-config-'));
  });
  afterAll(() => rm(dataDir, { recursive: true }));

  /** Runs `main.js` with these variables and no others. */
  const run = (env: NodeJS.ProcessEnv) =>
    new Promise<{ code: unknown; output: string }>((resolve) => {
      const main = ['--disable-warning=ExperimentalWarning', join(process.cwd(), 'dist/src/main.js')];
      execFile(process.execPath, main, { env, cwd: dataDir }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: stdout + stderr }),
      );
    });

  it('ends at once, with every fault and nothing else, and leaves nothing behind', async () => {
    const { code, output } = await run({ NODE_ENV: 'production' });
    expect(code).toBe(1);
    const [headline, ...faults] = output.trimEnd().split('\n');
    expect(headline).toBe('The configuration has 7 faults:');
    expect(faults.map((line) => line.trim())).toEqual(
      REQUIRED.map((name) => expect.stringContaining(`${name}: is required in production`)),
    );
    expect(await readdir(dataDir)).toEqual([]);
  });
});

describe('mail', () => {
  const mailOf = (env: NodeJS.ProcessEnv) => readConfig({ ...DEVELOPMENT, ...env }).mail;

  it('goes to the server that is named, and comes from whom the operator says', () => {
    const MAIL_URL = 'smtps://apikey:SG.a%2Fb%40c%3Ad%25@smtp.sendgrid.net';
    expect(mailOf({ MAIL_URL, MAIL_FROM: 'Example, Inc. <work@example.com>' })).toEqual({
      server: {
        host: 'smtp.sendgrid.net',
        port: 465,
        isImplicitTls: true,
        requiresTls: true,
        login: { user: 'apikey', password: 'SG.a/b@c:d%' },
      },
      from: { name: 'Example, Inc.', address: 'work@example.com' },
    });
    expect(mailOf({ MAIL_URL: 'smtp://[::1]:2525', MAIL_FROM: 'work@example.com' })).toEqual({
      server: { host: '::1', port: 2525, isImplicitTls: false, requiresTls: false, login: null },
      from: { name: '', address: 'work@example.com' },
    });
  });

  it('in production is never sent in the clear, and without a server there is none', () => {
    const MAIL_URL = 'smtp://user:password@smtp.example.com';
    const { mail } = readConfig({ ...PRODUCTION, MAIL_URL, MAIL_FROM: 'work@example.com' });
    expect(mail?.server).toMatchObject({ port: 587, isImplicitTls: false, requiresTls: true });
    expect(readConfig(PRODUCTION).mail).toBeNull();
    expect(mailOf({})).toMatchObject({ server: null });
  });

  it('faults are told by their variable, and repeat no password', () => {
    const MAIL_FROM = 'work@example.com';
    const ways = ['?tls.rejectUnauthorized=false', '/path', '#x', ''].map((end) => `smtps://user:se/cret@h${end}`);
    const urls = [
      'smtp.example.com',
      'http://h',
      'smtps://',
      'smtps://u:secret%zz@h',
      'smtps://u:secret@h?a=b',
      ...ways,
    ];
    for (const MAIL_URL of urls) {
      expect([MAIL_URL, atFault({ ...DEVELOPMENT, MAIL_URL, MAIL_FROM })]).toEqual([MAIL_URL, ['MAIL_URL']]);
      expect(faultsOf({ ...DEVELOPMENT, MAIL_URL, MAIL_FROM }).join()).not.toContain('secret');
    }
    expect(atFault({ ...DEVELOPMENT, MAIL_URL: 'smtps://h' })).toEqual(['MAIL_FROM']);
    for (const from of ['nobody', 'a@b\r\nBcc: c@d', '<a@b>, <c@d>', 'A <a@b> <c@d>'])
      expect(atFault({ ...DEVELOPMENT, MAIL_URL: 'smtps://h', MAIL_FROM: from })).toEqual(['MAIL_FROM']);
  });
});
