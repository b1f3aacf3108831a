import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Encryption, KeyUse } from '../encryption/encryption.js';
import type { KeyWrapper, WrappedKey } from '../encryption/key-wrapper.js';
import { generationOf, openValue, type Place, sealValue } from '../encryption/sealed-value.js';
import { DataKey } from '../entities/data-key.js';
import { insertRows, type Row, selectRows } from '../entities/rows.js';
import { run } from '../entities/statements.js';
import { tableOf } from '../entities/table.js';
import { ApiError } from '../errors.js';
import type { Audited } from './audit.js';
import { type Actor, type Foundation, transact } from './unit-of-work.js';

/** How long, in milliseconds, and how many unwrapped keys are kept. */
export interface KeyLimits {
  readonly ms: number;
  readonly number: number;
}

/** Short, for who has a process's memory has these keys; long enough that the vault is asked seldom, and may be away a while. */
const LIMITS: KeyLimits = { ms: 300_000, number: 1_000 };
/** A vault that has just failed is left alone: many may wait for it. */
const PAUSE_MS = 1_000;
const KEY_BYTES = 32;

/** A data key in the clear, and which one it is. */
interface Unwrapped {
  readonly key: KeyObject;
  readonly row: Row<DataKey>;
}

/** The companies' data keys: each company's secrets are sealed with its own, which is here in the clear for a short time only. */
export class DataKeys implements Encryption {
  /** What has been asked of the vault since the process began. */
  readonly counts = { wrapped: 0, unwrapped: 0, failed: 0 };
  /** Who wants a key that somebody else is unwrapping waits for that. */
  readonly #keys: LRUCache<string, Unwrapped>;
  #failure: { error: unknown; at: number } | undefined;

  constructor(
    readonly parts: Foundation,
    readonly wrapper: KeyWrapper,
    limits: KeyLimits = LIMITS,
  ) {
    this.#keys = new LRUCache({
      max: limits.number,
      ttl: limits.ms,
      ttlResolution: 0,
      fetchMethod: (name) => this.#unwrapped(name),
    });
  }

  async seal(place: Place, plain: string, use: KeyUse): Promise<string> {
    const { companyId } = place;
    const { generation } = (await this.#newest(companyId)) ?? (await this.renew(companyId, 0, use));
    return sealValue(await this.#key(place, generation, use), generation, place, plain);
  }

  async open(place: Place, sealed: string, use: KeyUse): Promise<string> {
    return openValue(await this.#key(place, generationOf(place, sealed), use), place, sealed);
  }

  /**
   * Makes the generation after the given one, 0 for the first, which seals from then on. Of several at once, also on other
   * processes, one does, and all are answered with it.
   */
  async renew(companyId: string, after: number, use: KeyUse): Promise<Row<DataKey>> {
    const plain = randomBytes(KEY_BYTES);
    const { name, version, wrapped } = await this.#wrapped(plain);
    const { result } = await transact(this.parts, actorOf(companyId, use), async ({ em, audit }) => {
      const newest = await this.#newest(companyId, em);
      if (newest && newest.generation > after) return newest;
      const createdAt = new Date();
      const generation = (newest?.generation ?? 0) + 1;
      const retired = tableOf(em, DataKey).column('retiredAt').write(createdAt);
      if (newest)
        await run(em, 'update data_keys set retired_at = ? where company_id = ? and generation = ?', [
          retired,
          companyId,
          newest.generation,
        ]);
      const row = { companyId, generation, wrapped, keyName: name, keyVersion: version, createdAt, retiredAt: null };
      await insertRows(em, DataKey, [row]);
      audit(entryOf(newest ? 'key.rotated' : 'key.created', use, row));
      return row;
    });
    this.parts.log.info({ companyId, generation: result.generation, ...use }, 'keys: a data key was made');
    // What it could not find out stands in the log, and the next rotation sees the row.
    if (result.wrapped === wrapped) await this.#keepUp(result, plain, use).catch(() => {});
    plain.fill(0);
    return result;
  }

  async #wrapped(plain: Buffer): Promise<WrappedKey> {
    const wrapped = await this.#asked(() => this.wrapper.wrap(plain));
    this.counts.wrapped += 1;
    return wrapped;
  }

  /** Whoever rotated since it was wrapped has not seen the row, and counts on it that the old version is not needed any more. */
  async #keepUp(row: Row<DataKey>, plain: Buffer, use: KeyUse): Promise<void> {
    const newest = await this.#asked(() => this.wrapper.newest());
    if (newest.name === row.keyName && newest.version === row.keyVersion) return;
    await replaceWrapped(this.parts, row, await this.#wrapped(plain), use);
  }

  async #newest(companyId: string, em?: Parameters<typeof selectRows>[0]): Promise<Row<DataKey> | undefined> {
    const source = em ?? { orm: this.parts.orm, companyId };
    const [row] = await selectRows(source, DataKey, 'generation > 0 order by generation desc limit 1', []);
    return row;
  }

  /** Nobody uses a key before it stands in the audit log that they do, and for what; also where it is at hand. */
  async #key({ companyId, id }: Place, generation: number, use: KeyUse): Promise<KeyObject> {
    const unwrapped = await this.#keys.fetch(`${companyId} ${generation}`);
    if (!unwrapped) throw new Error(`There is no data key ${generation} of ${companyId}.`);
    const { key, row } = unwrapped;
    const entry = { ...entryOf('key.used', use, row), objectId: id };
    await transact(this.parts, actorOf(companyId, use), async ({ audit }) => audit(entry));
    return key;
  }

  async #unwrapped(name: string): Promise<Unwrapped> {
    const [companyId = '', generation = ''] = name.split(' ');
    const { orm, log } = this.parts;
    const [row] = await selectRows({ orm, companyId }, DataKey, 'generation = ?', [Number(generation)]);
    if (!row) throw new Error(`There is no data key ${generation} of ${companyId}.`);
    const wrapped = { name: row.keyName, version: row.keyVersion, wrapped: row.wrapped };
    const plain = await this.#asked(() => this.wrapper.unwrap(wrapped));
    this.counts.unwrapped += 1;
    const key = createSecretKey(plain);
    plain.fill(0);
    log.info({ companyId, generation: row.generation, keyVersion: row.keyVersion }, 'keys: a data key was unwrapped');
    return { key, row };
  }

  async #asked<T>(act: () => Promise<T>): Promise<T> {
    const failed = this.#failure;
    if (failed && performance.now() - failed.at < PAUSE_MS) throw failed.error;
    try {
      return await act();
    } catch (error) {
      this.counts.failed += 1;
      if (error instanceof ApiError) this.#failure = { error, at: performance.now() };
      this.parts.log.error({ error: describe(error) }, 'keys: the vault has not done what it was asked for');
      throw error;
    }
  }
}

/** In words that have no part of a request in them. */
function describe(error: unknown): string {
  const { message, cause } = error as Error;
  const { name, statusCode, code } = (cause ?? {}) as { name?: string; statusCode?: number; code?: string };
  return [message, name, statusCode, code].filter(Boolean).join(' ');
}

export const actorOf = (companyId: string, { actorId, entryPoint }: KeyUse): Actor => ({
  companyId,
  userId: null,
  actorId,
  entryPoint: entryPoint as Actor['entryPoint'],
});

/** Which key it was, of which generation and by which version of the wrapping one; never the key. */
export const entryOf = (
  action: string,
  { purpose }: KeyUse,
  { generation, keyName, keyVersion }: Pick<DataKey, 'generation' | 'keyName' | 'keyVersion'>,
): Audited => ({ action, details: { purpose, generation, keyName, keyVersion } });

/** Puts a data key as it is wrapped now in the place of how it was. Answers whether it was still that. */
export async function replaceWrapped(
  parts: Foundation,
  { companyId, generation, wrapped: before }: Row<DataKey>,
  { name: keyName, version: keyVersion, wrapped }: WrappedKey,
  use: KeyUse,
): Promise<boolean> {
  const update =
    'update data_keys set wrapped = ?, key_name = ?, key_version = ? where company_id = ? and generation = ? and wrapped = ?';
  const { result } = await transact(parts, actorOf(companyId, use), async ({ em, audit }) => {
    const { numAffectedRows } = await run(em, update, [wrapped, keyName, keyVersion, companyId, generation, before]);
    if (!numAffectedRows) return false;
    audit(entryOf('key.rotated', use, { generation, keyName, keyVersion }));
    return true;
  });
  return result;
}
