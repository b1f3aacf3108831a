import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../../src/config.js';
import { createDatabase, isEmbedded, type TestDatabase } from '../harness/column.js';

const SECRET = 'not-for-the-terminal';
const PATIENCE_MS = 60_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database?.drop());

/** Runs what the operator runs, until it ends. */
function run(script: 'main' | 'cli', env: NodeJS.ProcessEnv, ...args: string[]) {
  const { dataDir, databaseUrl = '' } = database;
  const all = { PATH: process.env.PATH, DATA_DIR: dataDir, DATABASE_URL: databaseUrl, SEED_DEMO: 'off', ...env };
  const flags = ['--disable-warning=ExperimentalWarning', `dist/src/${script}.js`];
  return new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(process.execPath, [...flags, ...args], { env: all, timeout: PATIENCE_MS }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig({ DATA_DIR: database.dataDir, ...env });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('the configuration', () => {
  it.each([
    'mysql://root@127.0.0.1:3306/aliteo',
    'mysql://user:p%23ss%2F%25@db.example.com/aliteo',
    'mariadb://user:p@ss:word@[::1]:3306/aliteo',
  ])('takes the database %s', (DATABASE_URL) => {
    expect(faultsOf({ DATABASE_URL })).toEqual([]);
  });

  it.each([
    `mysql://user:${SECRET}#@127.0.0.1:3306/aliteo`,
    `mysql://user:${SECRET}/@127.0.0.1:3306/aliteo`,
    `mysql://user:3306/${SECRET}@127.0.0.1:3306/aliteo`,
    `mysql://user:3306?${SECRET}@127.0.0.1:3306/aliteo`,
    `mysql://user:${SECRET}%zz@127.0.0.1:3306/aliteo`,
    `mysql://user:${SECRET}@127.0.0.1:99999/aliteo`,
    `mysql://user:${SECRET}@127.0.0.1:3306`,
    `mysql://user:${SECRET}@/aliteo`,
    `postgres://user:${SECRET}@127.0.0.1/aliteo`,
    SECRET,
  ])('names a database address that is none, and does not repeat it: %s', (DATABASE_URL) => {
    const faults = faultsOf({ DATABASE_URL });
    expect(faults).toEqual([expect.stringMatching(/^DATABASE_URL: must look like mysql:/)]);
    expect(faults.join()).not.toContain(SECRET);
  });

  it('takes addresses of Redis, with and without what may be absent', () => {
    for (const REDIS_URL of ['redis://127.0.0.1:6379', 'rediss://:p%23@redis.example.com/2', 'redis://u:p@[::1]/'])
      expect(faultsOf({ REDIS_URL })).toEqual([]);
  });

  it.each([
    `redis://:${SECRET}#@127.0.0.1`,
    `redis://:${SECRET}/x@127.0.0.1`,
    `redis://:%zz${SECRET}@127.0.0.1`,
    SECRET,
  ])('names an address of Redis that is none, and does not repeat it: %s', (REDIS_URL) => {
    const faults = faultsOf({ REDIS_URL });
    expect(faults).toEqual([expect.stringMatching(/^REDIS_URL: /)]);
    expect(faults.join()).not.toContain(SECRET);
  });

  it('has no room for the demo in production', () => {
    const production = {
      NODE_ENV: 'production',
      ENCRYPTION_KEY: 'keyvault:data-keys',
      KEY_VAULT_URL: 'https://vault.example.com',
      DATABASE_URL: 'mysql://root@127.0.0.1:3306/aliteo',
      REDIS_URL: 'redis://127.0.0.1:6379',
      SECRET_KEY: 'x'.repeat(32),
      OIDC_ISSUERS: 'https://issuer.example.com|aliteo',
      PUBLIC_URL: 'https://aliteo.example.com',
      TRUSTED_PROXIES: '10.0.0.0/8',
    };
    expect(faultsOf(production)).toEqual([]);
    expect(faultsOf({ ...production, DEV_ISSUER: 'on', SEED_DEMO: 'on' })).toEqual([
      expect.stringContaining('DEV_ISSUER'),
      expect.stringContaining('SEED_DEMO'),
    ]);
  });

  it.each([
    [{}, 'http://127.0.0.1:4000'],
    [{ HOST: 'localhost', PORT: '80' }, 'http://localhost:80'],
    [{ HOST: '0.0.0.0' }, 'http://127.0.0.1:4000'],
    [{ HOST: '::' }, 'http://127.0.0.1:4000'],
    [{ HOST: '::1' }, 'http://[::1]:4000'],
    [{ HOST: '0.0.0.0', PUBLIC_URL: 'http://aliteo.test/' }, 'http://aliteo.test'],
  ])('says where clients reach a server at %j', (env, publicUrl) => {
    expect(readConfig({ DATA_DIR: database.dataDir, ...env }).publicUrl).toBe(publicUrl);
  });
});

describe('the operator is told in a sentence, without a stack or a secret,', () => {
  const expectSentence = ({ code, output }: { code: unknown; output: string }, words: RegExp) => {
    expect(code).toBe(1);
    expect(output).toMatch(words);
    expect(output).not.toMatch(/^\s+at |errno|\bsql:/m);
    expect(output).not.toContain(SECRET);
    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('{')).length,
    ).toBeLessThanOrEqual(2);
  };

  it.each(['main', 'cli'] as const)(
    'by %s, that an address is none',
    async (script) => {
      const env = { DATABASE_URL: `mysql://u:${SECRET}#x@127.0.0.1/a` };
      expectSentence(await run(script, env, 'migrate'), /DATABASE_URL: must look like/);
    },
    PATIENCE_MS,
  );

  it.each(['main', 'cli'] as const)(
    'by %s, that the database does not answer',
    async (script) => {
      const env = { DATABASE_URL: `mysql://u:${SECRET}@127.0.0.1:1/a` };
      expectSentence(await run(script, env, 'migrate'), /DATABASE_URL: the database refuses: .*ECONNREFUSED/);
    },
    PATIENCE_MS,
  );

  if (!isEmbedded) {
    it(
      'that the database does not know the user',
      async () => {
        const url = new URL(database.databaseUrl ?? '');
        Object.assign(url, { username: 'stranger', password: SECRET });
        expectSentence(await run('cli', { DATABASE_URL: url.href }, 'migrate'), /the database refuses: Access denied/);
      },
      PATIENCE_MS,
    );
  }

  it(
    'that the port is taken',
    async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      try {
        const words = new RegExp(`cannot listen on 127.0.0.1 port ${port}: EADDRINUSE`);
        expectSentence(await run('main', { PORT: String(port), DEV_ISSUER: 'off' }), words);
      } finally {
        server.close();
      }
    },
    PATIENCE_MS,
  );

  it(
    'that there is no place for the data',
    async () => {
      expectSentence(await run('cli', { DATA_DIR: '/dev/null/data' }, 'migrate'), /The file system refuses: ENOTDIR/);
    },
    PATIENCE_MS,
  );

  it('what is wrong with a company', async () => {
    const fresh = await createDatabase();
    const env = { DATA_DIR: fresh.dataDir, DATABASE_URL: fresh.databaseUrl ?? '' };
    const create = (...args: string[]) => run('cli', env, 'company', 'create', ...args);
    try {
      expectSentence(await create('Example', '--admin', 'ada@example.com'), /run "aliteo migrate" first/);
      expect((await run('cli', env, 'migrate')).code).toBe(0);
      expectSentence(await create('', '--admin', 'ada@example.com'), /A company needs a name/);
      expectSentence(await create('  ', '--admin', 'ada@example.com'), /A company needs a name/);
      expectSentence(await create('x'.repeat(201), '--admin', 'ada@example.com'), /at most 200 characters/);
      expectSentence(await create('Example', '--admin', 'ada'), /not an e-mail address/);
      expectSentence(await create('Example', '--admin', `${'a'.repeat(250)}@b.cz`), /not an e-mail address/);
      const named = ['--admin', 'ada@example.com', '--admin-name', 'x'.repeat(201)];
      expectSentence(await create('Example', ...named), /at most 200 characters/);
      expect(await create('Example', '--admin', 'ada@example.com')).toMatchObject({ code: 0 });
    } finally {
      await fresh.drop();
    }
  }, 120_000);
});
