import { typeidUnboxed } from 'typeid-js';
import { notFound } from '../errors.js';

/** What a global id may name; the word is the id's prefix. */
export type IdPrefix =
  | 'company'
  | 'user'
  | 'view'
  | 'preferences'
  | 'member'
  | 'workspace'
  | 'project'
  | 'permission'
  | 'task'
  | 'comment'
  | 'follow'
  | 'apikey'
  | 'support'
  | 'follower'
  | 'invitation'
  | 'letter'
  | 'history'
  | 'audit'
  | 'session'
  | 'domain'
  | 'provider';

const SHAPE = /^([a-z]+)_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** A new global id: the kind, then a UUIDv7 in 26 characters, so that ids of one kind sort by their time of birth. */
export const newId = (prefix: IdPrefix): string => typeidUnboxed(prefix);

/** What distinguishes an id from others of its kind. */
export const suffixOf = (prefix: IdPrefix, id: string): string => id.slice(prefix.length + 1);

/** The id of that kind with this suffix, or null when it would be none of ours. */
export function idWith(prefix: IdPrefix, suffix: string): string | null {
  const id = `${prefix}_${suffix}`;
  return isId(prefix, id) ? id : null;
}

/** The kind that an id names, or null when it is no id of ours. */
export const prefixOf = (id: string): string | null => SHAPE.exec(id)?.[1] ?? null;

/** Whether this names an object of that kind; what does not is asked of no database. */
export const isId = (prefix: IdPrefix, id: string): boolean => prefixOf(id) === prefix;

/** Returns the id when it names that kind. Throws NOT_FOUND otherwise: a malformed id names nothing. */
export function expectId(prefix: IdPrefix, id: string): string {
  if (!isId(prefix, id)) throw notFound(prefix);
  return id;
}
