import type { Origin } from '../auth/door-book.js';
import { Company } from '../entities/company.js';
import { findRow } from '../entities/rows.js';
import type { Audited } from './audit.js';
import { type Parts, transact } from './unit-of-work.js';

/** What commits with no change: somebody came in, or was refused. */
export type Observation = Audited & Required<Pick<Audited, 'by'>> & { from: Origin };

const GATHER_MS = 50;
/** A database takes a statement with so many values. */
const AT_ONCE = 500;
const ATTEMPTS = 3;
/** Of one process. What is beyond is told in its own log only. */
const MOST_WAITING = 10_000;

/**
 * Writes into audit logs what no command commits, after its answer: what comes within a moment for one company goes into one
 * transaction, one after the other. What cannot be written, with the database away for long, is in the process's own log.
 */
export class AuditWriter {
  readonly #waiting = new Map<string, Observation[]>();
  readonly #writing = new Map<string, Promise<void>>();
  #count = 0;

  constructor(readonly parts: Parts) {}

  add(companyId: string, observation: Observation): void {
    if (this.#count >= MOST_WAITING) {
      this.#tellLoss(companyId, [observation], 'too many wait');
      return;
    }
    this.#count += 1;
    const waiting = this.#waiting.get(companyId);
    if (waiting) waiting.push(observation);
    else this.#waiting.set(companyId, [observation]);
    if (!this.#writing.has(companyId)) this.#begin(companyId);
  }

  /** Resolves when all that was added is written. */
  async close(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing.values());
  }

  #begin(companyId: string): void {
    const gathered = new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    const writing = gathered
      .then(() => this.#write(companyId))
      .finally(() => {
        this.#writing.delete(companyId);
        if (this.#waiting.has(companyId)) this.#begin(companyId);
      });
    this.#writing.set(companyId, writing);
  }

  async #write(companyId: string): Promise<void> {
    const waiting = this.#waiting.get(companyId) ?? [];
    const observations = waiting.splice(0, AT_ONCE);
    if (waiting.length === 0) this.#waiting.delete(companyId);
    const nobody = { companyId, userId: null, actorId: null, entryPoint: 'NOBODY' } as const;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await transact(this.parts, nobody, async ({ em, audit }) => {
          // Strangers name companies that do not exist.
          if (await findRow(em, Company, companyId)) for (const one of observations) audit(one);
        });
        break;
      } catch (error) {
        if (attempt === ATTEMPTS) {
          this.#tellLoss(companyId, observations, String(error));
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 1_000 * attempt));
      }
    }
    this.#count -= observations.length;
  }

  #tellLoss(companyId: string, observations: readonly Observation[], error: string): void {
    for (const { action, reason, by } of observations)
      this.parts.log.error({ companyId, action, reason, ...by, error }, 'audit: an entry could not be written');
  }
}
