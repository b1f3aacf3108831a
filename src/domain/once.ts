import { UniqueConstraintViolationException } from '@mikro-orm/core';
import type { Keyring } from '../crypto.js';
import { IdempotencyRecord, type UserIdempotencyRecord } from '../entities/idempotency-record.js';
import { byPrimaryKey } from '../entities/named-rows.js';
import type { EntityManager } from '../entities/orm.js';
import { fromJson, toJson } from '../entities/plain-values.js';
import { findRows, insertion, insertRows, type Row } from '../entities/rows.js';
import { NotSharedError } from '../entities/shared-locks.js';
import type { Statement } from '../entities/statements.js';
import { badInput, UserError } from '../errors.js';
import { unless } from './expectation.js';

/** So long the outcome of a command is kept under its key. */
export const KEPT_MS = 24 * 3_600_000;
const PURPOSE = 'idempotency-outcome';

/** What a command is known by when it is sent again. All are fingerprints. */
export interface Once {
  /** Of whose command it is, and the key that they gave. */
  readonly keyHash: string;
  /** Of the name that the answer has in the document: each has a record of its own. */
  readonly fieldHash: string;
  /** Of the whole request. */
  readonly bodyHash: string;
}

/** What a command has done, and where the log stood then. */
export interface Success {
  readonly result: unknown;
  readonly seq: number;
}
/** What has come of a command: what it has done, or why it was refused. */
export type Outcome = Success | { readonly refusal: Pick<UserError, 'code' | 'message' | 'field'> };

/** An outcome as its row has it, and as it is answered again. */
interface Sealed {
  readonly row: Row<IdempotencyRecord>;
  readonly outcome: Outcome;
}

/** One of the two tables, and whose part of it. */
export type Keeping =
  | { readonly type: typeof IdempotencyRecord; readonly owner: { readonly companyId: string } }
  | { readonly type: typeof UserIdempotencyRecord; readonly owner: { readonly userId: string } };

const begun = new WeakSet<Once>();

/** How each attempt at a command opens its record; null without a key. Throws when the command has had a transaction before. */
export function recordOf(
  { once, keyring }: { once?: Once | undefined; keyring: Keyring },
  keeping: Keeping,
): (em: EntityManager) => OnceRecord | null {
  if (!once) return () => null;
  // A second one would be answered with what the first has done.
  if (begun.has(once)) throw new Error('A command that is done once has one transaction.');
  begun.add(once);
  return (em) => new OnceRecord(em, keyring, once, keeping);
}

/** The record of one command, in the transaction that does it. */
export class OnceRecord {
  readonly #type: typeof IdempotencyRecord;
  readonly #owner: { companyId: string };
  readonly #place: { keyHash: string; fieldHash: string };

  constructor(
    readonly em: EntityManager,
    readonly keyring: Keyring,
    readonly once: Once,
    { type, owner }: Keeping,
  ) {
    // The two differ in nothing but the column of their owner.
    this.#type = type as typeof IdempotencyRecord;
    this.#owner = owner as { companyId: string };
    this.#place = { keyHash: once.keyHash, fieldHash: once.fieldHash };
  }

  /**
   * Takes the key until the transaction ends: who comes with the same one meanwhile waits for that. Answers what came of
   * the command before, or null when it is to be done now. Throws BAD_USER_INPUT for a key that came with another request.
   */
  async take(): Promise<Outcome | null> {
    const isTaken = await this.#insert();
    const { keyHash, fieldHash, bodyHash } = this.once;
    // Held, so that another request under the same key is waited for as well, and after our row is there: of two that
    // come at once one sees the other.
    const those = { ...this.#owner, keyHash };
    const rows = await findRows(this.em, this.#type, those, { lock: 'LOCK IN SHARE MODE' });
    const kept = rows.filter(({ createdAt }) => createdAt.getTime() > Date.now() - KEPT_MS);
    if (kept.some((row) => row.bodyHash !== bodyHash)) {
      throw badInput('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came with another request before.');
    }
    if (isTaken) return null;
    const mine = kept.find((row) => row.fieldHash === fieldHash);
    if (mine) return this.#open(mine);
    // What was there is too old, or has been swept away meanwhile.
    const createdAt = { $lte: new Date(Date.now() - KEPT_MS) };
    await this.em.nativeDelete(this.#type, { ...this.#place, createdAt });
    return this.take();
  }

  /** Keeps what has come of the command, and answers it as it will be answered again. */
  async keep(outcome: Outcome): Promise<Outcome> {
    const { row, outcome: kept } = this.sealed(outcome);
    await this.em.nativeUpdate(this.#type, this.#place, { outcome: row.outcome });
    return kept;
  }

  /** `take` where others have the transaction too, and nobody waits: throws NotSharedError for a key that was given before. */
  async expectNew(): Promise<void> {
    const { keyHash } = this.once;
    const rows = await findRows(this.em, this.#type, { ...this.#owner, keyHash }, { lock: 'FOR UPDATE' });
    if (rows.length > 0) throw new NotSharedError('the key was given before.');
  }

  /** What has come of the command, to be kept by `recording`, and as it will be answered again. */
  sealed(outcome: Outcome): Sealed {
    const json = toJson(this.em, outcome);
    const sealed = this.keyring.seal(PURPOSE, this.#bound, Buffer.from(json));
    return { row: this.#row(sealed), outcome: fromJson(json) as Outcome };
  }

  #row(outcome: string | null): Row<IdempotencyRecord> {
    return { ...this.#owner, ...this.once, outcome, createdAt: new Date() };
  }

  async #insert(): Promise<boolean> {
    try {
      await insertRows(this.em, this.#type, [this.#row(null)]);
      return true;
    } catch (error) {
      if (error instanceof UniqueConstraintViolationException) return false;
      throw error;
    }
  }

  #open({ outcome }: Row<IdempotencyRecord>): Outcome {
    const json = this.keyring.open(PURPOSE, this.#bound, outcome ?? '');
    if (!json) throw new Error('The outcome of a command is not as it was kept.');
    return fromJson(json.toString()) as Outcome;
  }

  /** The fingerprints tell whose it is: moved to somebody else, it cannot be opened. */
  get #bound(): string {
    const { keyHash, fieldHash, bodyHash } = this.once;
    return `${keyHash} ${fieldHash} ${bodyHash}`;
  }
}

/**
 * How the records of several commands are written at the end of their transaction. The database fails where one of the keys
 * was given meanwhile, with the same request or another, or is being given: then nothing of the transaction has been done.
 */
export function recording(em: EntityManager, rows: readonly Row<IdempotencyRecord>[]): Statement[] {
  const found = (more: string) => {
    const those = rows.map(() => `(company_id = ? and key_hash = ?${more})`).join(' or ');
    return `select ${unless('count(*) > 0')} from idempotency_records${byPrimaryKey(em)} where ${those} for update nowait`;
  };
  return [
    // Looked at once more: the insert would wait for whoever is giving one of them.
    { text: found(''), parameters: rows.flatMap(({ companyId, keyHash }) => [companyId, keyHash]) },
    insertion(em, IdempotencyRecord, rows),
    {
      text: found(' and body_hash <> ?'),
      parameters: rows.flatMap(({ companyId, keyHash, bodyHash }) => [companyId, keyHash, bodyHash]),
    },
  ];
}

/** Why a command was refused, as it is kept. */
export const refusalOf = ({ code, message, field }: UserError): Outcome => ({
  refusal: { code, message, ...(field !== undefined && { field }) },
});

/** What the command has done. Throws why it was refused. */
export function successOf(outcome: Outcome): Success {
  if (!('refusal' in outcome)) return outcome;
  const { code, message, field } = outcome.refusal;
  throw new UserError(code, message, field);
}
