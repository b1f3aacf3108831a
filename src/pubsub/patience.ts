import { setTimeout } from 'node:timers/promises';
import { isDatabaseFault } from '../entities/orm.js';
import type { Logger } from '../log.js';

const PATIENCE_MS = 60_000;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Tries again, with growing pauses, what fails because the database is away for a while; a stream then goes on where it
 * stood. Gives up with the last error after a minute, or when `signal` aborts; with any other error at once.
 */
export async function patiently<T>(act: () => Promise<T>, signal: AbortSignal, log: Logger): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await act();
    } catch (error) {
      if (signal.aborted || Date.now() > deadline || !isDatabaseFault(error)) throw error;
      log.warn({ error: String(error) }, 'stream: reading failed, trying again');
      await setTimeout(pauseMs, undefined, { signal }).catch(() => {});
    }
  }
}
