import type { Writable } from 'node:stream';

/** Outboxes with something to send at the end of this turn of the event loop. */
let waiting: Outbox[] = [];

function flushAll(): void {
  const outboxes = waiting;
  waiting = [];
  for (const outbox of outboxes) outbox.flush();
}

/** Of what is kept for one reader. */
export interface QueueLimits {
  bytes: number;
  messages: number;
}

/**
 * What is to be written to one reader. All of one turn of the event loop goes in one write; what a slow reader does not
 * take stays here, where it can be dropped, up to the limits.
 */
export class Outbox {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #messages = 0;
  #isWaiting = false;
  #isClosed = false;

  constructor(
    readonly sink: Writable,
    readonly limits: QueueLimits,
    /** Called when one of the limits is passed; the outbox is empty by then. */
    readonly onOverflow: () => void,
  ) {}

  /** `messages` is how many of them the chunk holds. */
  push(chunk: Buffer, messages = 1): void {
    if (this.#isClosed) return;
    this.#chunks.push(chunk);
    this.#messages += messages;
    this.#bytes += chunk.length;
    const isFull = this.#bytes > this.limits.bytes || this.#messages > this.limits.messages;
    if (isFull && this.sink.writableNeedDrain) {
      this.#drop();
      this.onOverflow();
    } else this.#wait();
  }

  /** Writes what there is, unless the reader has not taken what was written before. */
  flush(): void {
    this.#isWaiting = false;
    if (this.#isClosed || this.#chunks.length === 0) return;
    if (this.sink.writableNeedDrain) {
      this.#isWaiting = true;
      this.sink.once('drain', () => this.flush());
      return;
    }
    this.#write();
  }

  /** The last that is written: after what is there, or instead of it. */
  close(lastWords: Buffer | null, { drop }: { drop: boolean }): void {
    if (this.#isClosed) return;
    if (drop) this.#drop();
    if (lastWords) this.#chunks.push(lastWords);
    if (this.#chunks.length > 0) this.#write();
    this.#isClosed = true;
  }

  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    if (waiting.push(this) === 1) setImmediate(flushAll);
  }

  #drop(): void {
    this.#chunks = [];
    this.#bytes = 0;
    this.#messages = 0;
  }

  #write(): void {
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#drop();
    this.sink.write(bytes);
  }
}
