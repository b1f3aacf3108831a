/** Of a point in time with milliseconds. */
const LENGTH = 'yyyy-mm-dd hh:mm:ss.mmm'.length;
const KNOWN_DAYS = 10_000;

/**
 * A point in time as MySQL tells it (`2026-01-31 12:00:00.000`, in UTC). It is a date like any other, but for what it
 * costs: most are only told on, and how they are told is known already.
 */
class StoredTime extends Date {
  readonly #iso: string;

  constructor(text: string) {
    const day = text.slice(0, 10);
    const seconds = two(text, 11) * 3_600 + two(text, 14) * 60 + two(text, 17);
    super(beginOf(day) + seconds * 1_000 + digit(text, 20) * 100 + two(text, 21));
    this.#iso = `${day}T${text.slice(11)}Z`;
  }

  override toISOString(): string {
    return this.#iso;
  }
}

/** The point in time that a column of milliseconds tells. */
export const readTime = (text: string): Date => (text.length === LENGTH ? new StoredTime(text) : new Date(`${text}Z`));

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;
const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);

const days = new Map<string, number>();

/** When a day begins: to work that out costs more than all the rest, and the days of what is read are few. */
function beginOf(day: string): number {
  let begin = days.get(day);
  if (begin === undefined) {
    begin = Date.parse(day);
    if (days.size >= KNOWN_DAYS) days.clear();
    days.set(day, begin);
  }
  return begin;
}
