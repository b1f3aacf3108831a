import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../src/domain/audit.js';
import { DataKeys, type KeyLimits } from '../../src/domain/data-keys.js';
import { rewrapDataKeys } from '../../src/domain/key-rotation.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { verifyAudit } from '../../src/domain/verify-audit.js';
import type { KeyUse } from '../../src/encryption/encryption.js';
import { VaultKeyWrapper } from '../../src/encryption/vault-key-wrapper.js';
import { DataKey } from '../../src/entities/data-key.js';
import { selectRows } from '../../src/entities/rows.js';
import { ApiError } from '../../src/errors.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { until } from '../harness/until.js';
import { startVault, type Vault } from '../harness/vault.js';
import { World } from '../harness/world.js';

const NAME = 'data-keys';
const LONG: KeyLimits = { ms: 600_000, number: 10 };

let database: TestDatabase;
let vault: Vault;
let parts: Parts;
let world: World;
beforeAll(async () => {
  database = await createDatabase();
  vault = await startVault(database.dataDir);
  vault.enter();
  vault.addKey(NAME);
  parts = await openParts(database);
}, 60_000);
afterAll(async () => {
  await closeParts(parts);
  await vault?.stop();
  await database?.drop();
});
beforeEach(async () => {
  world = await World.found(parts, null);
  vault.log.length = 0;
  vault.isAway = false;
});

/** The keys of one process. */
const process = (limits = LONG) =>
  new DataKeys(
    parts,
    new VaultKeyWrapper({
      vaultUrl: String(vault.env.KEY_VAULT_URL),
      name: NAME,
      production: true,
      clientId: undefined,
    }),
    limits,
  );
const place = () => ({ companyId: world.companyId, table: 'things', column: 'secret', id: '1' });
const use = (): KeyUse => ({ purpose: 'test', actorId: world.admin.member.id, entryPoint: 'MEMBER' });
const unwraps = () => vault.log.filter(({ path, status }) => path.endsWith('/unwrapkey') && status === 200).length;
const rows = () => selectRows({ orm: parts.orm, companyId: world.companyId }, DataKey, 'generation > 0', []);
const audited = async () =>
  (await readAudit(parts.orm, world.companyId, 0, 100)).filter(({ action }) => action.startsWith('key.'));

it('the vault wraps, and is asked once for what many want to open at once', async () => {
  const sealed = await process().seal(place(), 'a secret', use());
  const [row] = await rows();
  expect(row).toMatchObject({ generation: 1, keyName: NAME, retiredAt: null });
  expect(row?.wrapped.length).toBeGreaterThan(300); // an RSA block, not a key

  const other = process();
  const before = unwraps();
  const opened = await Promise.all(Array.from({ length: 20 }, () => other.open(place(), sealed, use())));
  expect(new Set(opened)).toEqual(new Set(['a secret']));
  expect(unwraps() - before).toBe(1);
  expect(other.counts).toEqual({ wrapped: 0, unwrapped: 1, failed: 0 });
});

it('of processes that seal a first secret at once, all do it by one key', async () => {
  const all = [process(), process(), process()];
  const sealed = await Promise.all(all.map((keys) => keys.seal(place(), 'a secret', use())));
  expect(await rows()).toHaveLength(1);
  for (const text of sealed) expect(await process().open(place(), text, use())).toBe('a secret');
});

it('each use is in the audit log, with whose, why and of what, also by a key that is kept', async () => {
  const keys = process();
  const sealed = await keys.seal(place(), 'a secret', use());
  for (const purpose of ['one', 'another']) await keys.open(place(), sealed, { ...use(), purpose });
  await keys.seal({ ...place(), id: '2' }, 'a secret', { ...use(), actorId: null, entryPoint: 'OPERATOR' });
  const entries = await audited();
  const [row] = await rows();
  const of = (purpose: string) => ({ purpose, generation: 1, keyName: NAME, keyVersion: row?.keyVersion });
  const by = world.admin.member.id;
  const seen = entries.map((entry) => [entry.action, entry.objectId, JSON.parse(entry.details), entry.actorId]);
  expect(seen).toEqual([
    ['key.created', null, of('test'), by],
    ['key.used', '1', of('test'), by],
    ['key.used', '1', of('one'), by],
    ['key.used', '1', of('another'), by],
    ['key.used', '2', of('test'), null],
  ]);
  expect(unwraps()).toBe(1);
  expect((await verifyAudit(parts, world.companyId)).isSound).toBe(true);
});

describe('while the vault is away', () => {
  it('what is known goes on until its end, then it is KEYS_UNAVAILABLE, and all is well when it is back', async () => {
    const keys = process({ ms: 1_500, number: 10 });
    const sealed = await keys.seal(place(), 'a secret', use());
    vault.isAway = true;
    expect(await keys.open(place(), sealed, use())).toBe('a secret');
    const failure = async () => {
      try {
        await keys.open(place(), sealed, use());
        return null;
      } catch (error) {
        return error;
      }
    };
    await until(async () => (await failure()) !== null, 'the end of the key');
    const error = await failure();
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', reason: 'KEYS_UNAVAILABLE' });
    // It is left alone for a moment, however many ask.
    const asked = vault.log.length;
    await Promise.all(Array.from({ length: 20 }, failure));
    expect(vault.log.length - asked).toBeLessThanOrEqual(3);
    vault.isAway = false;
    await until(async () => (await failure()) === null, 'the vault again');
    expect(keys.counts.failed).toBeGreaterThan(0);
  });

  it('a company that has no key yet gets none', async () => {
    vault.isAway = true;
    await expect(process().seal(place(), 'a secret', use())).rejects.toMatchObject({ reason: 'KEYS_UNAVAILABLE' });
    expect(await rows()).toEqual([]);
  });
});

it('a wrapped key that was changed opens nothing', async () => {
  const sealed = await process().seal(place(), 'a secret', use());
  const [row] = await rows();
  const wrapped = `${row?.wrapped.slice(0, 20)}AAAA${row?.wrapped.slice(24)}`;
  const change = 'update data_keys set wrapped = ? where company_id = ?';
  await parts.orm.em.getConnection().execute(change, [wrapped, world.companyId]);
  await expect(process().open(place(), sealed, use())).rejects.toThrow('cannot be unwrapped');
});

it('keys are kept in bounded number', async () => {
  const keys = process({ ms: 600_000, number: 1 });
  const first = await keys.seal(place(), 'a secret', use());
  const another = await World.found(parts, null);
  await keys.seal({ ...place(), companyId: another.companyId }, 'another', use());
  const before = unwraps();
  await keys.open(place(), first, use());
  expect(unwraps() - before).toBe(1);
});

it('without an entry in the audit log no key is used, also none that is kept', async () => {
  const keys = process();
  const sealed = await keys.seal(place(), 'a secret', use());
  const execute = (sql: string) => parts.orm.em.getConnection().execute(sql);
  await execute('alter table audit_entries rename to lost');
  try {
    for (const each of [keys, process()]) {
      await expect(each.open(place(), sealed, use())).rejects.toThrow();
      await expect(each.seal(place(), 'a secret', use())).rejects.toThrow();
    }
  } finally {
    await execute('alter table lost rename to audit_entries');
  }
  expect(await keys.open(place(), sealed, use())).toBe('a secret');
});

describe('a rotation', () => {
  it('wraps all keys by the newest version, once, while others read and write; then the old version may go', async () => {
    const keys = process();
    const sealed = await keys.seal(place(), 'a secret', use());
    const [before] = await rows();
    const version = vault.addKey(NAME);
    const during = Promise.all(Array.from({ length: 10 }, () => process().open(place(), sealed, use())));
    const counts = await Promise.all([rewrapDataKeys(keys), rewrapDataKeys(process())]);
    expect(new Set(await during)).toEqual(new Set(['a secret']));
    expect(counts[0].done + counts[1].done).toBeGreaterThan(0);
    expect((await audited()).filter(({ action }) => action === 'key.rotated')).toHaveLength(1);
    const [after] = await rows();
    expect(after).toMatchObject({ generation: 1, keyVersion: version });
    vault.removeKey(NAME, before?.keyVersion ?? '');
    expect(await process().open(place(), sealed, use())).toBe('a secret');
    expect((await rewrapDataKeys(keys)).done).toBe(0);
  });

  it('that was cut off goes on', async () => {
    const sealed = await process().seal(place(), 'a secret', use());
    vault.addKey(NAME);
    vault.isAway = true;
    await expect(rewrapDataKeys(process())).rejects.toMatchObject({ reason: 'KEYS_UNAVAILABLE' });
    vault.isAway = false;
    expect((await rewrapDataKeys(process())).done).toBeGreaterThan(0);
    expect(await process().open(place(), sealed, use())).toBe('a secret');
  });

  it('tells of a company whose key is broken, and does all others', async () => {
    await process().seal(place(), 'a secret', use());
    await parts.orm.em
      .getConnection()
      .execute("update data_keys set wrapped = 'AAAA' where company_id = ?", [world.companyId]);
    const sound = await World.found(parts, null);
    await process().seal({ ...place(), companyId: sound.companyId }, 'another', use());
    vault.addKey(NAME);
    const { done, failed } = await rewrapDataKeys(process());
    expect(done).toBeGreaterThan(0);
    expect(failed).toBeGreaterThan(0);
    const source = { orm: parts.orm, companyId: sound.companyId };
    const [row] = await selectRows(source, DataKey, 'generation > 0', []);
    expect(row?.keyVersion).toBe((await process().wrapper.newest()).version);
  });

  it('to a new generation leaves what older ones have sealed to be opened', async () => {
    const keys = process();
    const old = await keys.seal(place(), 'old', use());
    const renewals = await Promise.all([
      keys.renew(world.companyId, 1, use()),
      process().renew(world.companyId, 1, use()),
    ]);
    expect(renewals.map(({ generation }) => generation)).toEqual([2, 2]);
    const sealed = await keys.seal(place(), 'new', use());
    expect([old.split('.')[1], sealed.split('.')[1]]).toEqual(['1', '2']);
    const other = process();
    expect([await other.open(place(), old, use()), await other.open(place(), sealed, use())]).toEqual(['old', 'new']);
    expect((await rows()).map(({ retiredAt }) => retiredAt !== null)).toEqual([true, false]);
  });
});
