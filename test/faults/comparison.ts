import type { Keyring } from '../../src/crypto.js';
import { openCursor } from '../../src/pubsub/cursor.js';
import type { Due } from './log.js';
import type { Subscriber } from './subscriber.js';
import type { Answered } from './writers.js';

/** What a subscriber's record says beside the log. */
export interface Verdict {
  /** Lost, doubled, out of order or of the wrong kind; the first ones only. */
  faults: string[];
  /** Payloads that were the very ones that were due. */
  deliveries: number;
  resyncs: number;
  /** Payloads that showed an older title than the one that they told of. */
  stale: number;
  /** When each change arrived, and how long after its writing. */
  delays: { at: number; ms: number }[];
}

const ENOUGH_FAULTS = 3;

/**
 * Holds a record against what was due, from its first READY to the end of the log. Not only the changes have to be
 * the same ones in the same order: no READY or HEARTBEAT may name a position with something untold before it, because
 * a client that comes back from there would never hear of it.
 */
export function compare(subscriber: Subscriber, due: readonly Due[], keyring: Keyring, titles: Titles): Verdict {
  const verdict: Verdict = { faults: [], deliveries: 0, resyncs: 0, stale: 0, delays: [] };
  const fault = (text: string) => void (verdict.faults.length < ENOUGH_FAULTS && verdict.faults.push(text));
  const companyId = subscriber.seat.company.id;
  const after = (seq: number) => {
    const index = due.findIndex((each) => each.seq > seq);
    return index < 0 ? due.length : index;
  };
  let next = -1;
  for (const { kind, cursor, taskId, title, at } of subscriber.told) {
    const seq = openCursor(keyring, companyId, cursor);
    const expected = due[next];
    if (kind === 'RESYNC' || next < 0) {
      if (kind === 'RESYNC') verdict.resyncs += 1;
      else if (kind !== 'READY') fault(`${kind} ${seq} before READY`);
      next = after(seq);
    } else if (kind === 'READY' || kind === 'HEARTBEAT') {
      if (expected && expected.seq <= seq)
        fault(`${kind} at ${seq}, but ${expected.kind} ${expected.seq} was not told`);
      const last = due[next - 1];
      if (last && seq < last.seq) fault(`${kind} at ${seq}, after ${last.kind} ${last.seq} was told`);
    } else if (expected?.seq === seq && expected.kind === kind && expected.taskId === taskId) {
      next += 1;
      verdict.deliveries += 1;
      verdict.delays.push({ at, ms: at - expected.at });
      if (title !== null && titles.isOlder(companyId, taskId, title, seq)) verdict.stale += 1;
    } else {
      const wanted = expected ? `${expected.kind} ${expected.seq}` : 'nothing';
      const what = expected && seq > expected.seq ? 'lost' : 'doubled, out of order or of another kind';
      fault(`${kind} ${seq} where ${wanted} was due: ${what}`);
      next = after(seq);
    }
  }
  if (next < 0) fault('never live');
  else if (next < due.length)
    fault(`lost at the end: ${due.length - next} from ${due[next]?.kind} ${due[next]?.seq} on`);
  return verdict;
}

/** Which title a task had at which position, as far as the answers to the writers tell. */
export class Titles {
  readonly #seqOf = new Map<string, number>();
  readonly #byTask = new Map<string, number[]>();

  constructor(answered: readonly Answered[]) {
    for (const { company, taskId, title, seq } of answered) {
      if (title === null) continue;
      this.#seqOf.set(title, seq);
      const key = `${company.id} ${taskId}`;
      const seqs = this.#byTask.get(key) ?? [];
      seqs.push(seq);
      this.#byTask.set(key, seqs);
    }
    for (const seqs of this.#byTask.values()) seqs.sort((a, b) => a - b);
  }

  /** Whether a title is known to have been replaced by the change at `seq` or before it. */
  isOlder(companyId: string, taskId: string | null, title: string, seq: number): boolean {
    const from = this.#seqOf.get(title);
    if (from === undefined || from >= seq) return false;
    const seqs = this.#byTask.get(`${companyId} ${taskId}`) ?? [];
    return seqs.some((each) => each > from && each <= seq);
  }
}
