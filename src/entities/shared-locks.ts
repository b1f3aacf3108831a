import type { EntityManager } from './orm.js';

/** What a command does that cannot be done in a transaction which others have as well. */
export class NotSharedError extends Error {
  constructor(what: string) {
    super(`In a shared transaction: ${what}`);
    this.name = 'NotSharedError';
  }
}

/** Of each shared transaction: what is locked, and by whom. To the database all who share one are the same. */
const locks = new WeakMap<object, Map<string, EntityManager>>();

const locksOf = (em: EntityManager): Map<string, EntityManager> | undefined => {
  const transaction = em.getTransactionContext<object>();
  return transaction && locks.get(transaction);
};

/** Several EntityManagers are to act in this one's transaction: from now on none of them waits for a lock. */
export function shareLocks(host: EntityManager): void {
  locks.set(host.getTransactionContext<object>() as object, new Map());
}

/** Whether a lock has to be had at once, or not at all: whoever waited would let the others wait as well. */
export const isShared = (em: EntityManager): boolean => locksOf(em) !== undefined;

/** Throws NotSharedError when somebody else who shares the transaction has locked one of the rows. */
export function expectLockedByNobodyElse(em: EntityManager, table: string, ids: readonly string[]): void {
  const held = locksOf(em);
  if (!held) return;
  for (const id of ids) {
    const key = `${table} ${id}`;
    const holder = held.get(key) ?? em;
    if (holder !== em) throw new NotSharedError(`${key} is somebody else's.`);
    held.set(key, em);
  }
}
