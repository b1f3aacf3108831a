import type { EntityManager } from './orm.js';
import { marks } from './row-filter.js';
import { isSqlite, type Statement } from './statements.js';

/** A row by its whole primary key. */
export interface Named {
  readonly companyId: string;
  readonly id: string;
}

/** Which rows these are, in the database's words: of one company, or of several. */
export function namedRows(rows: readonly Named[]): Statement {
  const byCompany = [...Map.groupBy(rows, ({ companyId }) => companyId)];
  return {
    text: byCompany.map(([, { length }]) => `(company_id = ? and id in (${marks(length)}))`).join(' or '),
    parameters: byCompany.flatMap(([companyId, ofIt]) => [companyId, ...ofIt.map(({ id }) => id)]),
  };
}

/**
 * To be said of a table whose rows are named: MySQL first asks each index that begins with the company how many rows it
 * would find there, though no other can be better. That is a third of an update of a task, or more.
 */
export const byPrimaryKey = (em: EntityManager): string => (isSqlite(em) ? '' : ' force index (primary)');
