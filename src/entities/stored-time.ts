const SHAPE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/;

/**
 * A point in time as MySQL tells it (`2026-01-31 12:00:00.000`, in UTC). It is a date like any other, but for what it
 * costs: most are only told on, and how they are told is known already.
 */
class StoredTime extends Date {
  readonly #iso: string;

  constructor(text: string) {
    super(
      Date.UTC(
        two(text, 0) * 100 + two(text, 2),
        two(text, 5) - 1,
        two(text, 8),
        two(text, 11),
        two(text, 14),
        two(text, 17),
        digit(text, 20) * 100 + two(text, 21),
      ),
    );
    this.#iso = `${text.slice(0, 10)}T${text.slice(11)}Z`;
  }

  override toISOString(): string {
    return this.#iso;
  }
}

/** The point in time that a column of milliseconds tells. */
export const readTime = (text: string): Date => (SHAPE.test(text) ? new StoredTime(text) : new Date(`${text}Z`));

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;
const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);
