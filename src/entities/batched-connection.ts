import { CompiledQuery, type DatabaseConnection, type QueryResult } from 'kysely';

/** Several statements that go to the database in one text. They answer with a row for each: what it has answered. */
export type Batch = CompiledQuery & { readonly statements: readonly CompiledQuery[] };

export const batchOf = (statements: readonly CompiledQuery[]): Batch => ({
  ...CompiledQuery.raw(
    statements.map(({ sql }) => sql).join(';\n'),
    statements.flatMap(({ parameters }) => parameters),
  ),
  statements,
});

/** What a text is made of. */
export const statementsOf = (query: CompiledQuery | Batch): readonly CompiledQuery[] =>
  'statements' in query ? query.statements : [query];

/** What MySQL tells of a statement that answers no rows. */
interface Written {
  insertId: number | string;
  affectedRows: number;
  changedRows?: number;
}

/**
 * A connection that takes batches: a trip costs more than most statements do. The database runs them in their order and
 * stops at the first that fails, so a `commit` at the end is only reached when everything before it has been done. A
 * transaction begins with its first statement, and may end with its last. For a connection with `multipleStatements`.
 */
export class BatchedConnection implements DatabaseConnection {
  /** A transaction that begins with the next statement. */
  #isToBegin = false;
  /** A transaction that has begun, and whose end the database has not told. */
  #isOpen = false;

  constructor(readonly inner: DatabaseConnection) {}

  /** Begins a transaction with the next statement. */
  begin(): void {
    this.#isToBegin = true;
  }

  async executeQuery<R>(query: CompiledQuery | Batch): Promise<QueryResult<R>> {
    const asked = statementsOf(query);
    const statements = this.#isToBegin ? [BEGIN, ...asked] : asked;
    this.#isOpen ||= this.#isToBegin;
    this.#isToBegin = false;
    const results = await this.#send(statements);
    if (END.test(asked.at(-1)?.sql ?? '')) this.#isOpen = false;
    const answers = results.slice(-asked.length);
    return ('statements' in query ? { rows: answers } : answers[0]) as QueryResult<R>;
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.inner.streamQuery<R>(query, chunkSize);
  }

  /** Ends the transaction, unless it has ended with its last statement, or has never begun. */
  async end(how: 'commit' | 'rollback'): Promise<void> {
    if (this.#isOpen) await this.executeQuery(CompiledQuery.raw(how));
    this.#isToBegin = false;
  }

  async #send(statements: readonly CompiledQuery[]): Promise<QueryResult<unknown>[]> {
    const [only] = statements;
    if (only && statements.length === 1) return [await this.inner.executeQuery(only)];
    const { rows } = await this.inner.executeQuery(batchOf(statements));
    return (rows as (unknown[] | Written)[]).map(resultOf);
  }
}

const BEGIN = CompiledQuery.raw('begin');
const END = /^(commit|rollback)$/;

function resultOf(answer: unknown[] | Written): QueryResult<unknown> {
  if (Array.isArray(answer)) return { rows: answer };
  const { insertId, affectedRows, changedRows } = answer;
  return {
    rows: [],
    numAffectedRows: BigInt(affectedRows),
    ...(Number(insertId) !== 0 && { insertId: BigInt(insertId) }),
    ...(changedRows !== undefined && { numChangedRows: BigInt(changedRows) }),
  };
}

interface Waiting<R> {
  readonly make: () => CompiledQuery;
  resolve(result: QueryResult<R>): void;
  reject(error: unknown): void;
}

/**
 * Makes a batch of the statements that are issued before the program next waits for anything. When one fails, all of
 * them throw what that one did. For statements of which each may be done without the others: nothing says which of them
 * come to stand in one batch.
 */
export class Gathering<R> {
  #waiting: Waiting<R>[] = [];

  constructor(readonly client: { executeQuery(query: CompiledQuery): Promise<QueryResult<R>> }) {}

  /** A statement may be made when the batch is. */
  executeQuery(query: CompiledQuery | (() => CompiledQuery)): Promise<QueryResult<R>> {
    return new Promise((resolve, reject) => {
      // After all that is ready to run: what that issues goes along.
      if (this.#waiting.length === 0) process.nextTick(() => void this.#send());
      this.#waiting.push({ make: typeof query === 'function' ? query : () => query, resolve, reject });
    });
  }

  async #send(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const queries = waiting.map(({ make }) => make());
      const [only] = queries;
      const results =
        only && queries.length === 1
          ? [await this.client.executeQuery(only)]
          : (await this.client.executeQuery(batchOf(queries))).rows;
      for (const [i, { resolve }] of waiting.entries()) resolve(results[i] as QueryResult<R>);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
