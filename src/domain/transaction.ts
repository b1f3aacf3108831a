import { setTimeout } from 'node:timers/promises';
import { DeadlockException, LockWaitTimeoutException, UniqueConstraintViolationException } from '@mikro-orm/core';
import type { EntityManager } from '../entities/orm.js';
import { run, runAll, runAndCommit } from '../entities/statements.js';
import { UserError } from '../errors.js';
import type { Logger } from '../log.js';
import { UNMET } from './expectation.js';
import { type OnceRecord, type Outcome, refusalOf, type Success, successOf } from './once.js';
import { ending, type Writing } from './writing.js';

const ATTEMPTS = 4;
/** Whoever waits for the same command begins again so long when those before them have failed; nothing is done yet. */
const KEY_PATIENCE_MS = 10_000;

/** Does it again after a deadlock, or when another transaction has taken a key that was free a moment before. */
export async function untilCommitted<T>(log: Logger, whose: object, act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (attempt === ATTEMPTS || !isTransient(error)) throw error;
      log.info({ attempt, ...whose }, 'transaction: lost against another one, trying again');
      await setTimeout(Math.random() * 20 * 2 ** attempt);
    }
  }
}

/** What has been done, and whether it had been before, under the same key. */
export type Committed<D> = D & { isRepeated: boolean };

/**
 * Does `act` in one transaction. With a record its outcome commits with it, a UserError as well, but then nothing else;
 * and what has an outcome already is not done again.
 */
export async function inTransaction<D extends Success>(
  em: EntityManager,
  record: OnceRecord | null,
  act: () => Promise<Writing<D>>,
): Promise<Committed<D>> {
  const before = await begin(em, record);
  if (before) {
    await em.rollback();
    return { ...(successOf(before) as D), isRepeated: true };
  }
  try {
    const { statements, done } = ending(em, [await act()]);
    const doing = async (run: typeof runAll) => done(await run(em, statements))[0] as D;
    if (!record) return { ...(await doing(runAndCommit)), isRepeated: false };
    // The first answer is made of what the others will be made of.
    const told = successOf(await record.keep(await doing(runAll))) as D;
    await em.commit();
    return { ...told, isRepeated: false };
  } catch (error) {
    if (record && error instanceof UserError) await commitRefusal(em, record, error);
    else await em.rollback().catch(() => {});
    throw error;
  }
}

/** Begins, and takes the key. Answers what came of the command before, if anything did. */
async function begin(em: EntityManager, record: OnceRecord | null): Promise<Outcome | null> {
  const deadline = performance.now() + KEY_PATIENCE_MS;
  for (;;) {
    await em.begin();
    if (!record) return null;
    try {
      const before = await record.take();
      if (!before) await run(em, 'savepoint taken', []);
      return before;
    } catch (error) {
      await em.rollback().catch(() => {});
      if (!isTransient(error) || performance.now() > deadline) throw error;
    }
    // Several waited for one that has failed: the database lets one of them go on, and turns the others out.
    await setTimeout(Math.random() * 50);
  }
}

/** Takes back what was done, but for the key, and keeps under it why. */
async function commitRefusal(em: EntityManager, record: OnceRecord, error: UserError): Promise<void> {
  try {
    await run(em, 'rollback to savepoint taken', []);
    em.clear();
    await record.keep(refusalOf(error));
    await em.commit();
  } catch (failure) {
    await em.rollback().catch(() => {});
    throw failure;
  }
}

/** What is not so any more, and what somebody else holds who is not waited for. */
const LOST: ReadonlySet<unknown> = new Set([UNMET, 'ER_LOCK_NOWAIT']);

export const isTransient = (error: unknown): boolean =>
  error instanceof DeadlockException ||
  error instanceof LockWaitTimeoutException ||
  error instanceof UniqueConstraintViolationException ||
  LOST.has((error as { code?: unknown }).code) ||
  /SQLITE_BUSY|database is locked/.test(String(error));
