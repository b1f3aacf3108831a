import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataKeys } from '../../src/domain/data-keys.js';
import { renewDataKeys } from '../../src/domain/key-rotation.js';
import { findProvider, saveProvider, secretOf } from '../../src/domain/sso-providers.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { VaultKeyWrapper } from '../../src/encryption/vault-key-wrapper.js';
import { closeParts, openParts, SECRET_KEY } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { startIssuer } from '../harness/issuer.js';
import { startVault, type Vault } from '../harness/vault.js';
import { World } from '../harness/world.js';

const NAME = 'data-keys';
const USE = { purpose: 'test', actorId: null, entryPoint: 'OPERATOR' };

let database: TestDatabase;
let vault: Vault;
let parts: Parts;
let world: World;
beforeAll(async () => {
  database = await createDatabase();
  vault = await startVault(database.dataDir);
  vault.enter();
  parts = await openParts(database);
  world = await World.found(parts, null);
}, 60_000);
afterAll(async () => {
  await closeParts(parts);
  await vault?.stop();
  await database?.drop();
});

const keys = () =>
  new DataKeys(
    parts,
    new VaultKeyWrapper({
      vaultUrl: String(vault.env.KEY_VAULT_URL),
      name: NAME,
      production: true,
      clientId: undefined,
    }),
  );

/** What the operator types. */
const rotate = (...args: string[]) =>
  new Promise<{ code: unknown; output: string }>((resolve) => {
    const env = {
      PATH: process.env.PATH,
      DATA_DIR: database.dataDir,
      DATABASE_URL: database.databaseUrl ?? '',
      SECRET_KEY,
      ...vault.env,
      ENCRYPTION_KEY: `keyvault:${NAME}`,
    };
    const cli = ['--disable-warning=ExperimentalWarning', 'dist/src/cli.js', 'keys', 'rotate'];
    execFile(process.execPath, [...cli, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });

it('the operator rotates both kinds of keys, by the identity of the server, and no secret is told', async () => {
  const first = vault.addKey(NAME);
  const place = { companyId: world.companyId, table: 'things', column: 'secret', id: '1' };
  const sealed = await keys().seal(place, 'planted-and-never-to-be-seen', USE);

  vault.addKey(NAME);
  const { code, output } = await rotate('--data-keys');
  expect([code, output]).toEqual([0, expect.stringContaining('1 data keys wrapped anew.')]);
  expect(output).toMatch(/go on with --data-keys --begun 2/);
  expect(output).toContain('keys: a data key was made');
  expect(output).not.toContain('planted');
  vault.removeKey(NAME, first);
  expect(await keys().open(place, sealed, USE)).toBe('planted-and-never-to-be-seen');
  expect(await keys().seal(place, 'another', USE)).toMatch(/^v1\.2\./);

  const begun = /--begun (\S+)/.exec(output)?.[1] ?? '';
  expect((await rotate('--data-keys', '--begun', begun)).output).toContain('0 data keys wrapped anew.');
  expect(await keys().seal(place, 'another', USE)).toMatch(/^v1\.2\./);
}, 60_000);

it('the client secrets of issuers are sealed anew, and are the same', async () => {
  const own = { ...parts, encryption: keys() };
  const issuer = await startIssuer();
  try {
    const input = { issuer: issuer.url, clientId: 'client', clientSecret: 'planted-secret-of-a-client' };
    const { result: saved } = await saveProvider(own, world.admin.viewer, input);
    const begun = /^v1\.(\d+)\./.exec(saved.clientSecret ?? '')?.[1];
    const { code, output } = await rotate('--data-keys');
    expect([code, output]).toEqual([0, expect.stringContaining('1 secrets sealed anew.')]);
    expect(output).not.toContain('planted');
    const found = await findProvider(parts, world.companyId);
    expect(found?.clientSecret).toMatch(new RegExp(`^v1\\.${Number(begun) + 1}\\.`));
    const other = { ...parts, encryption: keys() };
    expect(await secretOf(other, found as NonNullable<typeof found>, USE)).toBe('planted-secret-of-a-client');
    // And a value that was put into another company's row opens for nobody.
    const thief = await World.found(parts, null);
    const moved = { ...(found as NonNullable<typeof found>), companyId: thief.companyId };
    await expect(secretOf(other, moved, USE)).rejects.toThrow();
  } finally {
    await issuer.stop();
  }
}, 60_000);

it('a client secret that is saved while the operator rotates is the one that stays', async () => {
  const issuer = await startIssuer();
  try {
    const { companyId, admin } = await World.found(parts, null);
    const save = (clientSecret: string) =>
      saveProvider({ ...parts, encryption: keys() }, admin.viewer, {
        issuer: issuer.url,
        clientId: 'client',
        clientSecret,
      });
    await save('the secret before');
    const rotating = keys();
    const open = rotating.open.bind(rotating);
    // The old one has been read, and is not written yet.
    rotating.open = async (place, sealed, use) => {
      if (place.companyId === companyId) await save('the secret of now');
      return open(place, sealed, use);
    };
    await renewDataKeys(rotating, new Date());
    const found = await findProvider(parts, companyId);
    const other = { ...parts, encryption: keys() };
    expect(await secretOf(other, found as NonNullable<typeof found>, USE)).toBe('the secret of now');
  } finally {
    await issuer.stop();
  }
}, 60_000);

it('a key that is made while the operator rotates is not left with the old version', async () => {
  const old = vault.addKey(NAME);
  const beside = keys();
  const wrap = beside.wrapper.wrap.bind(beside.wrapper);
  let isRotated = false;
  // The vault has answered, and the row is not there yet.
  beside.wrapper.wrap = async (key) => {
    const wrapped = await wrap(key);
    if (!isRotated) {
      isRotated = true;
      vault.addKey(NAME);
      expect((await rotate()).code).toBe(0);
    }
    return wrapped;
  };
  const { companyId } = await World.found(parts, null);
  const place = { companyId, table: 'things', column: 'secret', id: '1' };
  const sealed = await beside.seal(place, 'a first secret', USE);
  vault.removeKey(NAME, old);
  expect(await keys().open(place, sealed, USE)).toBe('a first secret');
}, 60_000);

it('while the vault is away it says so', async () => {
  vault.isAway = true;
  const { code, output } = await rotate();
  vault.isAway = false;
  expect([code, output]).toEqual([1, expect.stringContaining('The vault of the keys does not answer')]);
}, 60_000);
