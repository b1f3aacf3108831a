import { ConstraintViolationException } from '@mikro-orm/core';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { shareLocks } from '../entities/shared-locks.js';
import { canBatch, runAndCommit } from '../entities/statements.js';
import { isRefusal } from '../errors.js';
import type { Logger } from '../log.js';
import type { Success } from './once.js';
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

  constructor(
    readonly em: EntityManager,
    readonly first: FirstLock,
    readonly act: () => Promise<Writing<Success>>,
  ) {}

  get key(): string {
    return `${this.first.companyId} ${this.first.objectId}`;
  }
  get outcome(): Promise<Committed<Success>> {
    return this.#outcome.promise;
  }
  tell(outcome: Promise<Committed<Success>>): void {
    this.isTold = true;
    this.#outcome.resolve(outcome);
  }
}

interface Ready {
  readonly share: Share;
  readonly writing: Writing<Success>;
}

/**
 * Commits several commands at once: where many are sent at a time, what a commit costs is paid for all of them together,
 * and so is each trip to the database. A command that comes alone has a transaction of its own.
 *
 * Nobody notices the others. Who is refused takes no part in what is written; what the database refuses is taken back,
 * and each is done again by itself; nobody waits for a lock while others wait for them; and no two act on the same object.
 */
export class SharedTransactions {
  /** Commands, and the transactions that they were done in. */
  commands = 0;
  transactions = 0;
  #waiting: Share[] = [];
  #busyLanes = 0;
  #isAboutToStart = false;
  readonly #locked = new Set<string>();

  constructor(
    readonly orm: Orm,
    readonly log: Logger,
  ) {}

  /** As `inTransaction` without a record. Nobody else who shares the transaction has the same first lock. */
  run<D extends Success>(em: EntityManager, first: FirstLock, act: () => Promise<Writing<D>>): Promise<Committed<D>> {
    const share = new Share(em, first, act);
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

  /** The next ones, of which no two lock the same first, and none what somebody else has. */
  #take(): Share[] {
    const most = this.#waiting[0] && canBatch(this.#waiting[0].em) ? MOST_SHARES : 1;
    const taken: Share[] = [];
    this.#waiting = this.#waiting.filter((share) => {
      if (taken.length === most || this.#locked.has(share.key)) return true;
      this.#locked.add(share.key);
      taken.push(share);
      return false;
    });
    return taken;
  }

  /** Never rejects: each is told what has come of it. */
  async #commit(shares: readonly Share[]): Promise<void> {
    this.commands += shares.length;
    this.transactions += 1;
    const isShared = shares.length > 1 && (await this.#together(shares));
    if (!isShared)
      await Promise.all(shares.filter(({ isTold }) => !isTold).map((share) => this.#tell(share, alone(share))));
  }

  /** Whether it has come to an end in one transaction; if not, nothing of it has been done. */
  async #together(shares: readonly Share[]): Promise<boolean> {
    const host = forkFor(this.orm, {});
    try {
      await host.begin();
      shareLocks(host);
      const ready = await this.#act(host, shares);
      await this.#write(host, ready);
      return true;
    } catch (error) {
      await host.rollback().catch(() => {});
      this.log.debug({ commands: shares.length, error: String(error) }, 'transaction: not shared, each by itself');
      return false;
    } finally {
      for (const { em, key, isTold } of shares) {
        em.resetTransactionContext();
        em.clear();
        // Who was refused: the others' are given back with their outcome.
        if (isTold) this.#locked.delete(key);
      }
    }
  }

  /** What each is to write. Who is refused is told so; throws when something else stops one of them. */
  async #act(host: EntityManager, shares: readonly Share[]): Promise<Ready[]> {
    const transaction = host.getTransactionContext();
    const outcomes = await Promise.allSettled(
      shares.map((share) => {
        share.em.setTransactionContext(transaction);
        return share.act();
      }),
    );
    const stopped = outcomes.find((outcome) => outcome.status === 'rejected' && !isRefusal(outcome.reason));
    if (stopped?.status === 'rejected') throw stopped.reason;
    return shares.flatMap((share, i) => {
      const outcome = outcomes[i] as PromiseSettledResult<Writing<Success>>;
      if (outcome.status === 'fulfilled') return { share, writing: outcome.value };
      // Its object stays locked as long as the transaction does.
      share.tell(Promise.reject(outcome.reason));
      return [];
    });
  }

  /** Throws when nothing has been written. */
  async #write(host: EntityManager, ready: readonly Ready[]): Promise<void> {
    const { statements, done } = ending(
      host,
      ready.map(({ writing }) => writing),
    );
    const all = runAndCommit(host, statements).then(done);
    await all.catch(async (error) => {
      if (isRolledBack(error)) throw error;
      // Whether it has been committed nobody knows: done again, it might be done twice.
      await host.rollback().catch(() => {});
    });
    for (const [i, { share }] of ready.entries()) {
      void this.#tell(
        share,
        all.then((each) => ({ ...(each[i] as Success), isRepeated: false })),
      );
    }
  }

  async #tell(share: Share, outcome: Promise<Committed<Success>>): Promise<void> {
    share.tell(outcome);
    await outcome.catch(() => {});
    this.#locked.delete(share.key);
    this.#startSoon();
  }
}

/** What the database says of a statement before the commit. */
const isRolledBack = (error: unknown): boolean => isTransient(error) || error instanceof ConstraintViolationException;

const alone = ({ em, act }: Share): Promise<Committed<Success>> => inTransaction(em, null, act);
