import { setTimeout as delay } from 'node:timers/promises';

/** Waits until the condition holds. Throws, with what was waited for, after ten seconds unless told otherwise. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  patienceMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not in ${patienceMs} ms: ${what}`);
    await delay(10);
  }
}
