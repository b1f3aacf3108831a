import { byPrimaryKey, type Named, namedRows } from './named-rows.js';
import type { EntityManager } from './orm.js';
import { type Results, runLate } from './statements.js';
import type { Table, Values } from './table.js';

/** What a command does that cannot be done in a transaction which others have as well. */
export class NotSharedError extends Error {
  constructor(what: string) {
    super(`In a shared transaction: ${what}`);
    this.name = 'NotSharedError';
  }
}

/** Rows of one table that are asked for in one turn, and what the database answers. */
interface Question {
  readonly wanted: Named[];
  readonly answer: Promise<Results[number]>;
}

/** What several lock in one transaction. To the database all of them are the same. */
class SharedLocks {
  /** Who has locked a row. */
  readonly holders = new Map<string, EntityManager>();
  /** By table, what has not been sent yet. */
  readonly #questions = new Map<Table, Question>();

  /** Asks for these rows with all that is asked for in this turn. */
  ask(em: EntityManager, table: Table, wanted: readonly Named[]): Question['answer'] {
    const { answer, wanted: all } = this.#questions.get(table) ?? this.#begin(em, table);
    all.push(...wanted);
    return answer;
  }

  #begin(em: EntityManager, table: Table): Question {
    const wanted: Named[] = [];
    const answer = runLate(em, () => {
      this.#questions.delete(table);
      const { text, parameters } = namedRows(wanted);
      const from = `${table.selection().sql}${byPrimaryKey(em)}`;
      return { text: `${from} where ${text} order by company_id, id FOR UPDATE SKIP LOCKED`, parameters };
    });
    const question = { wanted, answer };
    this.#questions.set(table, question);
    return question;
  }
}

const locks = new WeakMap<object, SharedLocks>();

const locksOf = (em: EntityManager): SharedLocks | undefined => {
  const transaction = em.getTransactionContext<object>();
  return transaction && locks.get(transaction);
};

/** Several EntityManagers are to act in this one's transaction: from now on none of them waits for a lock. */
export function shareLocks(host: EntityManager): void {
  locks.set(host.getTransactionContext<object>() as object, new SharedLocks());
}

/** Whether a lock has to be had at once, or not at all: whoever waited would let the others wait as well. */
export const isShared = (em: EntityManager): boolean => locksOf(em) !== undefined;

/**
 * Locks and reads rows of a company, in one question with what the others who share the transaction ask for in the same
 * turn: a trip is theirs together anyway, and a statement costs more than the rows. Throws NotSharedError as below, and where
 * one of them is not to be had: whether somebody else has it, or there is none, is seen by who asks alone.
 */
export async function lockTogether(
  em: EntityManager,
  table: Table,
  companyId: string,
  ids: readonly string[],
): Promise<Values[]> {
  const wanted = ids.map((id) => ({ companyId, id }));
  const { rows } = (await locksOf(em)?.ask(em, table, wanted)) ?? { rows: [] };
  const theirs = rows.filter(({ company_id, id }) => company_id === companyId && ids.includes(String(id)));
  if (theirs.length < new Set(ids).size) throw new NotSharedError(`a row of ${table.sql} is locked, or absent.`);
  expectLockedByNobodyElse(
    em,
    table.sql,
    theirs.map(({ id }) => String(id)),
  );
  return theirs.map(table.selection().read);
}

/** Throws NotSharedError when somebody else who shares the transaction has locked one of the rows. */
export function expectLockedByNobodyElse(em: EntityManager, table: string, ids: readonly string[]): void {
  const holders = locksOf(em)?.holders;
  if (!holders) return;
  for (const id of ids) {
    const key = `${table} ${id}`;
    const holder = holders.get(key) ?? em;
    if (holder !== em) throw new NotSharedError(`${key} is somebody else's.`);
    holders.set(key, em);
  }
}
