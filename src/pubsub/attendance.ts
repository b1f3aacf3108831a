import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { Logger } from '../log.js';

/** What a process has said is good for so long; it says it again before. One that dies is not counted after that. */
const GOOD_MS = 15_000;
const SAY_MS = 5_000;
/** Changes of a moment are said together. */
const GATHER_MS = 100;

const keyOf = (followId: string) => `aliteo:watching:{${followId}}`;

/**
 * How many connections watch each follow, over all processes: each says its own number in Redis, a field for each process,
 * with the time until when that is good. Without Redis this process is all there is.
 */
export class Attendance {
  readonly #process = randomUUID();
  readonly #counts = new Map<string, number>();
  /** Whose number has changed since it was said. */
  readonly #changed = new Set<string>();
  #gathering: NodeJS.Timeout | null = null;
  readonly #repeating: NodeJS.Timeout | null;

  constructor(
    readonly client: Redis | Cluster | null,
    readonly log: Logger,
  ) {
    this.#repeating = client && setInterval(() => void this.#say([...this.#counts.keys()]), SAY_MS).unref();
  }

  /** Counts one more, until what is answered is called. */
  enter(followId: string): () => void {
    this.#add(followId, 1);
    let isIn = true;
    return () => {
      if (isIn) this.#add(followId, -1);
      isIn = false;
    };
  }

  /** How many watch now, anywhere; null while that cannot be known. */
  async count(followId: string): Promise<number | null> {
    const own = this.#counts.get(followId) ?? 0;
    if (!this.client) return own;
    try {
      const said = await this.client.hgetall(keyOf(followId));
      const now = Date.now();
      return Object.entries(said).reduce((sum, [process, text]) => {
        const [count = 0, until = 0] = text.split(' ').map(Number);
        return process === this.#process || until < now ? sum : sum + count;
      }, own);
    } catch {
      return null;
    }
  }

  /** Nobody watches through this process any more. */
  async close(): Promise<void> {
    if (this.#repeating) clearInterval(this.#repeating);
    if (this.#gathering) clearTimeout(this.#gathering);
    const known = [...this.#counts.keys(), ...this.#changed];
    this.#counts.clear();
    await this.#say(known);
  }

  #add(followId: string, change: number): void {
    const count = (this.#counts.get(followId) ?? 0) + change;
    if (count > 0) this.#counts.set(followId, count);
    else this.#counts.delete(followId);
    if (!this.client) return;
    this.#changed.add(followId);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      const changed = [...this.#changed];
      this.#changed.clear();
      void this.#say(changed);
    }, GATHER_MS).unref();
  }

  /** What is not said now is said with the next repetition; what is not there any more ends by its time. */
  async #say(followIds: readonly string[]): Promise<void> {
    const { client } = this;
    if (!client) return;
    try {
      await Promise.all(followIds.map((followId) => this.#sayOne(client, keyOf(followId), this.#counts.get(followId))));
    } catch (error) {
      this.log.debug({ error: String(error) }, 'follow: how many watch could not be told');
    }
  }

  async #sayOne(client: Redis | Cluster, key: string, count: number | undefined): Promise<void> {
    if (!count) {
      await client.hdel(key, this.#process);
      return;
    }
    const said = `${count} ${Date.now() + GOOD_MS}`;
    await client.multi().hset(key, this.#process, said).pexpire(key, GOOD_MS).exec();
  }
}
