import { WaitingLetter } from '../entities/letter.js';
import type { Orm } from '../entities/orm.js';
import { type Row, selectRows } from '../entities/rows.js';
import { run } from '../entities/statements.js';
import { tableOf } from '../entities/table.js';
import type { Logger } from '../log.js';
import { type Carrier, MailFault } from './carrier.js';
import type { LetterBox } from './letter-box.js';

/** Whoever has taken a letter has it so long: longer than a server that does not answer is waited for. */
const HELD_MS = 5 * 60_000;
const LOOKED_AT = 20;
/** Letters that are sent at the same time. */
const LANES = 4;

export interface Patience {
  /** After the first failure; each time four times as long. */
  retryMs: number;
  longestMs: number;
  /** After so long a letter is given up. */
  giveUpMs: number;
}

const PATIENCE: Patience = { retryMs: 60_000, longestMs: 3_600_000, giveUpMs: 48 * 3_600_000 };

/**
 * Takes letters that are due to the carrier, whichever process posted them; what a process that dies had in its hands is due
 * again a little later. So each letter is sent once at least, and twice only when we could not know that it had gone.
 */
export class Postman {
  readonly counts = { sent: 0, failed: 0, givenUp: 0, waiting: 0 };
  #isStopped = false;
  #round: Promise<void> | null = null;
  #isAsked = false;
  #isAway = false;

  constructor(
    readonly orm: Orm,
    readonly box: LetterBox,
    readonly carrier: Carrier,
    readonly log: Logger,
    readonly patience: Patience = PATIENCE,
  ) {}

  /** Sends what is due. Who asks while a round is going on has it look once more. Throws when the database is away. */
  deliver(): Promise<void> {
    this.#isAsked = true;
    this.#round ??= this.#deliver().finally(() => {
      this.#round = null;
    });
    return this.#round;
  }

  /** Resolves when the letters that are on their way are, and no other is taken. */
  async close(): Promise<void> {
    this.#isStopped = true;
    await this.#round?.catch(() => {});
    this.carrier.close();
  }

  async #deliver(): Promise<void> {
    while (this.#isAsked && !this.#isStopped) {
      this.#isAsked = false;
      this.#isAway = false;
      const lanes = await Promise.allSettled(Array.from({ length: LANES }, () => this.#lane()));
      const { rows } = await run(this.orm.em, 'select count(*) as number from letters', []);
      this.counts.waiting = Number(rows[0]?.number);
      for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
    }
  }

  async #lane(): Promise<void> {
    while (!this.#isStopped && !this.#isAway) {
      const letter = await this.#take();
      if (!letter) return;
      await this.#send(letter);
    }
  }

  /** Takes one that is due. Of several who want it one gets it: who has counted its attempts on. */
  async #take(): Promise<Row<WaitingLetter> | null> {
    for (;;) {
      const now = new Date();
      const due = await selectRows(this.#source, WaitingLetter, 'due_at <= ? order by due_at limit ?', [
        this.#written(now),
        LOOKED_AT,
      ]);
      if (due.length === 0) return null;
      // Not all at the first one.
      for (let start = Math.floor(Math.random() * due.length), i = 0; i < due.length; i += 1) {
        const letter = due[(start + i) % due.length] as Row<WaitingLetter>;
        const attempts = letter.attempts + 1;
        if (await this.#move(letter, attempts, new Date(now.getTime() + HELD_MS))) return { ...letter, attempts };
      }
    }
  }

  async #send(row: Row<WaitingLetter>): Promise<void> {
    const letter = this.box.open(row);
    if (!letter) return this.#giveUp(row, 'UNREADABLE');
    try {
      await this.carrier.carry(letter, row.id);
    } catch (error) {
      return this.#failed(row, error instanceof MailFault ? error : new MailFault('AWAY', nameOf(error)));
    }
    await this.#remove(row);
    this.counts.sent += 1;
  }

  async #failed(row: Row<WaitingLetter>, { kind, code }: MailFault): Promise<void> {
    this.counts.failed += 1;
    if (kind === 'AWAY') this.#isAway = true;
    const waitMs = Math.min(this.patience.retryMs * 4 ** (row.attempts - 1), this.patience.longestMs);
    const dueAt = new Date(Date.now() + waitMs * (0.75 + Math.random() / 2));
    if (kind === 'REFUSED') return this.#giveUp(row, code);
    if (dueAt.getTime() - row.createdAt.getTime() > this.patience.giveUpMs) return this.#giveUp(row, code);
    this.log.warn({ ...told(row), code, dueAt }, 'mail: a letter was not taken, it is tried again');
    await this.#move(row, row.attempts, dueAt);
  }

  async #giveUp(row: Row<WaitingLetter>, code: string): Promise<void> {
    this.counts.givenUp += 1;
    this.log.error({ ...told(row), code }, 'mail: a letter was given up');
    await this.#remove(row);
  }

  /** Whether it is still as we have read it. */
  async #move(row: Row<WaitingLetter>, attempts: number, dueAt: Date): Promise<boolean> {
    const text = 'update letters set attempts = ?, due_at = ? where id = ? and attempts = ?';
    const result = await run(this.orm.em, text, [attempts, this.#written(dueAt), row.id, row.attempts]);
    return Number(result.numAffectedRows ?? 0) === 1;
  }

  async #remove({ id }: Row<WaitingLetter>): Promise<void> {
    await run(this.orm.em, 'delete from letters where id = ?', [id]);
  }

  get #source() {
    return { orm: this.orm };
  }

  #written(time: Date): unknown {
    return tableOf(this.orm.em, WaitingLetter).column('dueAt').write(time);
  }
}

/** What the log says of a letter: nothing of whom it is for, and what it says. */
const told = ({ id, company, kind, attempts }: Row<WaitingLetter>) => ({
  letterId: id,
  companyId: company.id,
  kind,
  attempts,
});

const nameOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).name;
