export const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/** What an object or a list that is being answered still waits for; nothing is made as long as there is nothing. */
export class Waiting {
  #promises: Promise<unknown>[] | null = null;

  /** Puts a value in its place, at once or when it is known. The place is taken at once: the order of the answer is that of the document. */
  place(holder: object, key: string | number, value: unknown): void {
    const places = holder as Record<string | number, unknown>;
    places[key] = value;
    if (!isPromise(value)) return;
    this.#promises ??= [];
    this.#promises.push(
      value.then((known) => {
        places[key] = known;
      }),
    );
  }

  whenAll<T>(holder: T): T | Promise<T> {
    return this.#promises ? Promise.all(this.#promises).then(() => holder) : holder;
  }

  /** Throws, after what is under way has ended: nobody else listens to it. */
  fail(error: unknown): Promise<never> {
    if (!this.#promises) throw error;
    return Promise.allSettled(this.#promises).then(() => Promise.reject(error));
  }
}
