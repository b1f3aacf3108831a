import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds since the epoch with a fraction, comparable between processes of one machine. */
export const now = () => performance.timeOrigin + performance.now();

/** The promise, or an error that says what was waited for. */
export async function within(seconds, what, promise) {
  const patience = new AbortController();
  const late = delay(seconds * 1000, null, { signal: patience.signal }).then(
    () => {
      throw new Error(`${what}: not within ${seconds} s`);
    },
    () => {},
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    patience.abort();
  }
}
