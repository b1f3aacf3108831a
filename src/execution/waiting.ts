export const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/** What an object or a list that is being answered still waits for; nothing is made as long as there is nothing. */
export class Waiting {
  #promises: Promise<unknown>[] | null = null;

  /** Puts a value in its place when it is known. */
  place(holder: object, key: string | number, value: Promise<unknown>): void {
    this.#promises ??= [];
    this.#promises.push(
      value.then((known) => {
        (holder as Record<string | number, unknown>)[key] = known;
      }),
    );
  }

  whenAll<T>(holder: T): T | Promise<T> {
    return this.#promises ? after(this.#promises, holder) : holder;
  }

  /** Throws, after what is under way has ended: nobody else listens to it. */
  fail(error: unknown): Promise<never> {
    if (!this.#promises) throw error;
    return Promise.allSettled(this.#promises).then(() => Promise.reject(error));
  }
}

const after = <T>(promises: Promise<unknown>[], holder: T): Promise<T> => Promise.all(promises).then(() => holder);
