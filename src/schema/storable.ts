import { badInput } from '../errors.js';

/** Years that every database of ours can keep. */
const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00Z');
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Throws BAD_USER_INPUT for what no database of ours can keep or compare, wherever it stands in the arguments: a NUL
 * character, half of a character, a point in time outside the years 1 to 9999.
 */
export function expectStorable(args: object): void {
  const rest: unknown[] = [args];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value === 'string') expectText(value);
    else if (value instanceof Date) expectInstant(value);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        expectText(name);
        rest.push(inner);
      }
    }
  }
}

function expectText(text: string): void {
  if (text.includes('\0') || !text.isWellFormed())
    throw badInput('TEXT_MALFORMED', 'A text has no NUL characters, and no halves of characters.');
}

function expectInstant(instant: Date): void {
  const time = instant.getTime();
  if (!(time >= FIRST_INSTANT && time <= LAST_INSTANT))
    throw badInput('TIME_OUT_OF_RANGE', 'A point in time lies in the years 1 to 9999.');
}
