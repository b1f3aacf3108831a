import type { CohortHost } from './cohort.js';
import type { Group, Word } from './group.js';
import { Batch } from './subscriber.js';
import type { Answer, Reading } from './topic.js';

/**
 * Words about a stream itself. The same word at the same position is made once for all of one turn of the event loop
 * whose own it would be. Never for longer: a cursor that comes again would tell its reader that the company rests.
 */
export class Words<S, R extends Reading> {
  readonly #made = new Map<string, Promise<{ answer: Answer<S>; batch: Batch }>>();

  constructor(readonly host: CohortHost<S, R>) {}

  /** Throws when the database is away. */
  async make(group: Group<S, R>, standing: S, kind: Word, seq: number): Promise<Batch> {
    const key = `${group.key} ${kind} ${seq}`;
    const made = this.#made.get(key);
    const known = made && (await made);
    if (known && !known.answer.isPersonal && known.answer.holdsFor(standing)) return known.batch;
    const making = this.#make(group, standing, kind, seq);
    if (this.#made.size === 0) setImmediate(() => this.#made.clear());
    this.#made.set(key, making);
    return (await making).batch;
  }

  async #make({ rendering }: Group<S, R>, standing: S, kind: Word, seq: number) {
    for (;;) {
      const reading = this.host.reading();
      const answer = await this.host.render(rendering, { kind, seq, objectId: null }, standing, reading);
      if (!reading.isUsed || (await this.host.confirmRights())) return { answer, batch: new Batch([answer.json]) };
    }
  }
}
