import { ConstraintViolationException } from '@mikro-orm/core';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { NotSharedError, shareLocks } from '../entities/shared-locks.js';
import { canBatch, runAll, runAndCommit } from '../entities/statements.js';
import { isRefusal, UserError } from '../errors.js';
import type { Logger } from '../log.js';
import { inOrder } from './in-order.js';
import { type OnceRecord, type Outcome, recording, refusalOf, type Success, successOf } from './once.js';
import { type Committed, inTransaction, isTransient } from './transaction.js';
import { ending, type Writing } from './writing.js';

/** So many transactions are under way at a time: while the database works at one, the next is prepared. */
const LANES = 3;
/** A transaction that takes longer waits for somebody, and nobody waits for it: the next one has its lane. */
const SLOW_MS = 50;
/** So many commands share a transaction at most. */
const MOST_SHARES = 16;

/** What a command locks with its first statement, and in which company. */
export interface FirstLock {
  readonly companyId: string;
  readonly objectId: string;
}

/** A command that may share its transaction: it writes nothing but the statements that it ends with. */
class Share {
  /** Whether it has been told what has come of it. */
  isTold = false;
  readonly #outcome = Promise.withResolvers<Committed<Success>>();

  /** What nobody else may have meanwhile: the object, and the key that it is done once under. */
  readonly claims: readonly string[];

  constructor(
    readonly em: EntityManager,
    { companyId, objectId }: FirstLock,
    readonly record: OnceRecord | null,
    readonly act: () => Promise<Writing<Success>>,
  ) {
    this.claims = [`${companyId} ${objectId}`, ...(record ? [`${companyId} ${record.once.keyHash}`] : [])];
  }

  /** What it is to write, in a transaction that others have as well. */
  async prepare(): Promise<Writing<Success>> {
    const [, writing] = await inOrder([this.record?.expectNew(), this.act()]);
    return writing;
  }

  get outcome(): Promise<Committed<Success>> {
    return this.#outcome.promise;
  }
  tell(outcome: Promise<Committed<Success>>): void {
    this.isTold = true;
    this.#outcome.resolve(outcome);
  }
}

/** How one of them ends: what it writes, or why it is refused, where that is kept under its key. */
interface Ready {
  readonly share: Share;
  readonly end: Writing<Success> | UserError;
}

/**
 * Commits several commands at once: where many are sent at a time, what a commit costs is paid for all of them together,
 * and so is each trip to the database. A command that comes alone has a transaction of its own.
 *
 * Nobody notices the others. Who is refused takes no part in what is written; who cannot share is done by itself; what the
 * database refuses is taken back, and each is done again by itself; nobody waits for a lock while others wait for them; and
 * no two act on the same object, or under the same key.
 */
export class SharedTransactions {
  /** Commands, and the transactions that they were done in. */
  commands = 0;
  transactions = 0;
  #waiting: Share[] = [];
  #busyLanes = 0;
  #isAboutToStart = false;
  readonly #claimed = new Set<string>();

  constructor(
    readonly orm: Orm,
    readonly log: Logger,
  ) {}

  /** As `inTransaction`. Nobody else who shares the transaction has the same first lock, or the same key. */
  run<D extends Success>(
    em: EntityManager,
    first: FirstLock,
    record: OnceRecord | null,
    act: () => Promise<Writing<D>>,
  ): Promise<Committed<D>> {
    const share = new Share(em, first, record, act);
    this.#waiting.push(share);
    this.#startSoon();
    return share.outcome as Promise<Committed<D>>;
  }

  /** With those that have come in the same turn. */
  #startSoon(): void {
    if (this.#isAboutToStart) return;
    this.#isAboutToStart = true;
    setImmediate(() => {
      this.#isAboutToStart = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#busyLanes < LANES) {
      const shares = this.#take();
      if (shares.length === 0) return;
      this.#busyLanes += 1;
      let isFreed = false;
      const free = () => {
        if (isFreed) return;
        isFreed = true;
        this.#busyLanes -= 1;
        this.#startSoon();
      };
      const slow = setTimeout(free, SLOW_MS);
      void this.#commit(shares).finally(() => {
        clearTimeout(slow);
        free();
      });
    }
  }

  /** The next ones, of which no two claim the same, and none what somebody else has. */
  #take(): Share[] {
    const most = this.#waiting[0] && canBatch(this.#waiting[0].em) ? MOST_SHARES : 1;
    const taken: Share[] = [];
    this.#waiting = this.#waiting.filter((share) => {
      if (taken.length === most || share.claims.some((claim) => this.#claimed.has(claim))) return true;
      for (const claim of share.claims) this.#claimed.add(claim);
      taken.push(share);
      return false;
    });
    return taken;
  }

  /** Never rejects: each is told what has come of it. */
  async #commit(shares: readonly Share[]): Promise<void> {
    this.commands += shares.length;
    this.transactions += 1;
    if (shares.length > 1) await this.#together(shares);
    await Promise.all(shares.filter(({ isTold }) => !isTold).map((share) => this.#tell(share, alone(share))));
  }

  /** Of who has not been told of an outcome then, nothing has been done. */
  async #together(shares: readonly Share[]): Promise<void> {
    const host = forkFor(this.orm, {});
    try {
      await host.begin();
      shareLocks(host);
      const ready = await this.#act(host, shares);
      await this.#write(host, ready);
    } catch (error) {
      await host.rollback().catch(() => {});
      this.log.debug({ commands: shares.length, error: String(error) }, 'transaction: not shared, each by itself');
    } finally {
      for (const share of shares) {
        share.em.resetTransactionContext();
        share.em.clear();
        // Who was refused: the others' are given back with their outcome.
        if (share.isTold) this.#giveBack(share);
      }
    }
  }

  /**
   * What each is to write. Who is refused is told so, unless that has to be kept; who cannot share is left out. Throws when
   * something else stops one of them.
   */
  async #act(host: EntityManager, shares: readonly Share[]): Promise<Ready[]> {
    const transaction = host.getTransactionContext();
    const outcomes = await Promise.allSettled(
      shares.map((share) => {
        share.em.setTransactionContext(transaction);
        return share.prepare();
      }),
    );
    return shares.flatMap((share, i): Ready | never[] => {
      const outcome = outcomes[i] as PromiseSettledResult<Writing<Success>>;
      if (outcome.status === 'fulfilled') return { share, end: outcome.value };
      const { reason } = outcome;
      if (share.record && reason instanceof UserError) return { share, end: reason };
      if (reason instanceof NotSharedError) return [];
      if (!isRefusal(reason)) throw reason;
      // Its object stays locked as long as the transaction does.
      share.tell(Promise.reject(reason));
      return [];
    });
  }

  /** Throws when nothing has been written. */
  async #write(host: EntityManager, ready: readonly Ready[]): Promise<void> {
    const { statements, done } = ending(
      host,
      ready.flatMap(({ end }) => (end instanceof UserError ? [] : end)),
    );
    const outcomesOf = (written: readonly Success[]): Outcome[] => {
      const each = written.values();
      return ready.map(({ end }) => (end instanceof UserError ? refusalOf(end) : (each.next().value as Success)));
    };
    // What is kept under a key has in it where the log stands then: that takes one more trip.
    const kept = ready.some(({ share }) => share.record)
      ? sealedOf(host, ready, outcomesOf(done(await runAll(host, statements))))
      : null;
    const all = runAndCommit(host, kept?.statements ?? statements).then(
      (results) => kept?.outcomes ?? outcomesOf(done(results)),
    );
    await all.catch(async (error) => {
      if (isRolledBack(error)) throw error;
      // Whether it has been committed nobody knows: done again, it might be done twice.
      await host.rollback().catch(() => {});
    });
    for (const [i, { share }] of ready.entries()) {
      void this.#tell(
        share,
        all.then((each) => ({ ...successOf(each[i] as Outcome), isRepeated: false })),
      );
    }
  }

  async #tell(share: Share, outcome: Promise<Committed<Success>>): Promise<void> {
    share.tell(outcome);
    await outcome.catch(() => {});
    this.#giveBack(share);
    this.#startSoon();
  }

  #giveBack({ claims }: Share): void {
    for (const claim of claims) this.#claimed.delete(claim);
  }
}

/** How what has come of those who have a key is kept, and what has come of all. */
function sealedOf(host: EntityManager, ready: readonly Ready[], outcomes: readonly Outcome[]) {
  const sealed = ready.map(({ share }, i) => share.record?.sealed(outcomes[i] as Outcome));
  const rows = sealed.flatMap((each) => each?.row ?? []);
  return {
    statements: recording(host, rows),
    outcomes: outcomes.map((outcome, i) => sealed[i]?.outcome ?? outcome),
  };
}

/** What the database says of a statement before the commit. */
const isRolledBack = (error: unknown): boolean => isTransient(error) || error instanceof ConstraintViolationException;

const alone = ({ em, record, act }: Share): Promise<Committed<Success>> => inTransaction(em, record, act);
