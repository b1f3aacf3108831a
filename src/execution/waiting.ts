export const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/** What an object or a list that is being answered still waits for. */
export class Waiting {
  readonly #promises: Promise<unknown>[] = [];

  add(value: Promise<unknown>): void {
    this.#promises.push(value);
  }

  whenAll<T>(holder: T): Promise<T> {
    return Promise.all(this.#promises).then(() => holder);
  }

  /** Rejects, after what is under way has ended: nobody else listens to it. */
  fail(error: unknown): Promise<never> {
    return Promise.allSettled(this.#promises).then(() => Promise.reject(error));
  }
}
