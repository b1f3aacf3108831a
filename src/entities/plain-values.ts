import { Utils } from '@mikro-orm/core';
import type { EntityManager } from './orm.js';
import { rowOf } from './rows.js';

/** Before a text that stands for something else, and before one that begins with it by itself. */
const MARK = '\0';
const DATE = `${MARK}d`;
const TEXT = `${MARK}t`;

/** A value as JSON: entities, and those in a list or an object, as rows; a Date comes back as one. */
export function toJson(em: EntityManager, value: unknown): string {
  return JSON.stringify(withRows(em, value), function (this: Record<string, unknown>, key, told) {
    const given = this[key];
    if (given instanceof Date) return DATE + given.toISOString();
    return typeof given === 'string' && given.startsWith(MARK) ? TEXT + given : told;
  });
}

/** What `toJson` was given. */
export const fromJson = (json: string): unknown =>
  JSON.parse(json, (_key, value) => {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
    return value.startsWith(DATE) ? new Date(value.slice(DATE.length)) : value.slice(TEXT.length);
  });

function withRows(em: EntityManager, value: unknown): unknown {
  if (Utils.isEntity<object>(value)) return rowOf(em, value);
  if (Array.isArray(value)) return value.map((item) => withRows(em, item));
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withRows(em, part)]));
}
