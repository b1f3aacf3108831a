import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.js';

/** What is done now and then, by every process at moments of its own: about every `everyMs`, and for the first time within it. */
export class Upkeep {
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    readonly act: (signal: AbortSignal) => Promise<unknown>,
    readonly everyMs: number,
    readonly log: Logger,
  ) {
    this.#running = this.#run();
  }

  /** Resolves when nothing of it is at work any more. */
  stop(): Promise<void> {
    this.#stopped.abort();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    for (let part = Math.random(); ; part = 0.5 + Math.random()) {
      await delay(part * this.everyMs, undefined, { ref: false, signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.act(signal);
      } catch (error) {
        this.log.warn({ error: String(error) }, 'upkeep: failed, it is tried again later');
      }
    }
  }
}
