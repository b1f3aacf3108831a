/**
 * Waits for all, so that nothing is read of a transaction that has ended, and answers what they have. Throws what the
 * first in this order has thrown, whichever did so earlier.
 */
export async function inOrder<T extends readonly unknown[]>(
  promises: readonly [...{ [K in keyof T]: Promise<T[K]> | T[K] }],
): Promise<T> {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }) as unknown as T;
}
