import { execFile } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sealCursor } from '../../src/pubsub/cursor.js';
import { ask } from '../harness/client.js';
import { closeParts, openParts, SECRET_KEY, startNode } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { startVault, type Vault } from '../harness/vault.js';
import { World } from '../harness/world.js';

const HIDDEN = 'a value that nobody is to see, long enough to be one';

let database: TestDatabase;
let issuer: TestIssuer;
let vault: Vault;
beforeAll(async () => {
  database = await createDatabase();
  issuer = await startIssuer();
  vault = await startVault(database.dataDir);
}, 60_000);
afterAll(async () => {
  await vault?.stop();
  await issuer?.stop();
  await database?.drop();
});
beforeEach(() => {
  vault.secrets.clear();
  vault.forbidden.clear();
  vault.log.length = 0;
});

/** Starts the server with nothing but this, and waits for its end. */
const start = (env: NodeJS.ProcessEnv) =>
  new Promise<{ code: unknown; output: string }>((resolve) => {
    const all = { PATH: process.env.PATH, DATA_DIR: database.dataDir, LOG_LEVEL: 'debug', ...vault.env, ...env };
    const args = ['--disable-warning=ExperimentalWarning', 'dist/src/main.js'];
    execFile(process.execPath, args, { env: all, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });

it('a value of the vault is what the server works with, and never in its log', async () => {
  const parts = await openParts(database);
  const world = await World.found(parts, issuer);
  vault.secrets.set('secret-key', SECRET_KEY);
  const node = await startNode(database, issuer, {
    ...vault.env,
    NODE_ENV: 'development',
    SECRET_KEY: 'keyvault:secret-key',
    LOG_LEVEL: 'debug',
  });
  try {
    // Sealed with the key that the vault has.
    const minCursor = sealCursor(parts.keyring, world.companyId, 1);
    const document = 'query ($at: String) { workspaces(minCursor: $at) { name } }';
    const { data } = await ask(node, world.admin.caller, document, { at: minCursor });
    expect(data).toEqual({ workspaces: [{ name: 'General' }] });
    expect(vault.log.map(({ status }) => status)).toEqual([401, 200]);
    expect(node.output()).not.toContain(SECRET_KEY);
  } finally {
    await node.stop();
    await closeParts(parts);
  }
});

it('in production the managed identity reads it', async () => {
  vault.secrets.set('secret-key', 'short');
  const { code, output } = await start({ NODE_ENV: 'production', SECRET_KEY: 'keyvault:secret-key' });
  expect(code).toBe(1);
  // It was read, and then looked at like any other value, beside what else is missing.
  expect(output).toContain('SECRET_KEY: must have at least 32 characters');
  expect(output).toContain('DATABASE_URL: is required in production');
  expect(vault.log.at(-1)).toMatchObject({ status: 200, isAuthorized: true });
});

describe('a start fails, and says by which variable', () => {
  it('where the vault has no such secret, does not give it, or has an empty one', async () => {
    vault.secrets.set('not-for-us', HIDDEN).set('empty', '');
    vault.forbidden.add('not-for-us');
    const { code, output } = await start({
      SECRET_KEY: 'keyvault:absent',
      DATABASE_URL: 'keyvault:not-for-us',
      REDIS_URL: 'keyvault:empty',
    });
    expect(code).toBe(1);
    expect(output).toContain('The configuration has 3 faults');
    expect(output).toContain('SECRET_KEY: the key vault has no secret "absent"');
    expect(output).toContain('DATABASE_URL: the key vault does not let this identity read "not-for-us"');
    expect(output).toContain('REDIS_URL: "empty" is empty');
    expect(output).not.toContain(HIDDEN);
  });

  it('where a value is no good, without showing it', async () => {
    vault.secrets.set('database', `mysql://root:${HIDDEN}@`);
    const { code, output } = await start({ DATABASE_URL: 'keyvault:database' });
    expect([code, output.includes('DATABASE_URL: must look like'), output.includes(HIDDEN)]).toEqual([1, true, false]);
  });

  it('where the name or the address is none', async () => {
    const { code, output } = await start({ SECRET_KEY: 'keyvault:../keys/x', KEY_VAULT_URL: 'http://127.0.0.1:1' });
    expect(code).toBe(1);
    expect(output).toContain('SECRET_KEY: what comes after "keyvault:" is no name of a secret');
    expect(output).toContain('KEY_VAULT_URL: must be the https address');
    expect(vault.log).toEqual([]);
  });

  it('where there is no identity', async () => {
    const none = { IDENTITY_ENDPOINT: 'http://127.0.0.1:1/msi/token', IDENTITY_HEADER: 'another' };
    const { code, output } = await start({ NODE_ENV: 'production', SECRET_KEY: 'keyvault:secret-key', ...none });
    expect(code).toBe(1);
    expect(output).toMatch(/SECRET_KEY: (there is no identity to read|the key vault does not answer for) "secret-key"/);
  }, 60_000);
});
