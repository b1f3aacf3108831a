import { CompiledQuery, type DatabaseConnection, type QueryResult } from 'kysely';

interface Statement {
  query: CompiledQuery;
  resolve(result: QueryResult<never>): void;
  reject(error: unknown): void;
}

/** What MySQL tells of a statement that answers no rows. */
interface Written {
  insertId: number | string;
  affectedRows: number;
  changedRows?: number;
}

/**
 * A connection whose statements travel together: those that are issued before the program next waits for anything go to
 * the database in one text, because a trip costs more than most statements do. They run in their order. When one fails
 * the rest is not run, and all of them throw what that one did. For a connection with `multipleStatements`.
 */
export class BatchedConnection implements DatabaseConnection {
  #waiting: Statement[] = [];
  /** A transaction that begins with the next statement. */
  #isToBegin = false;
  /** A transaction that has begun, and whose end the database has not told. */
  #isOpen = false;

  constructor(readonly inner: DatabaseConnection) {}

  /** Begins a transaction with the next statement. */
  begin(): void {
    this.#isToBegin = true;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return new Promise((resolve, reject) => {
      // After all that is ready to run: what that issues goes along.
      if (this.#waiting.length === 0) process.nextTick(() => void this.#send());
      this.#waiting.push({ query, resolve: resolve as (result: QueryResult<never>) => void, reject });
    });
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.inner.streamQuery<R>(query, chunkSize);
  }

  /** Ends the transaction, unless it has ended with its last statement, or has never begun. */
  async end(how: 'commit' | 'rollback'): Promise<void> {
    if (this.#waiting.length > 0 || this.#isOpen) await this.executeQuery(CompiledQuery.raw(how));
    this.#isToBegin = false;
  }

  async #send(): Promise<void> {
    const statements = this.#waiting;
    this.#waiting = [];
    const queries = statements.map(({ query }) => query);
    if (this.#isToBegin) queries.unshift(BEGIN);
    this.#isOpen ||= this.#isToBegin;
    this.#isToBegin = false;
    try {
      const results = await this.#sendAll(queries);
      if (END.test(queries.at(-1)?.sql ?? '')) this.#isOpen = false;
      const ofThese = results.slice(-statements.length) as QueryResult<never>[];
      for (const [i, { resolve }] of statements.entries()) resolve(ofThese[i] as QueryResult<never>);
    } catch (error) {
      for (const { reject } of statements) reject(error);
    }
  }

  async #sendAll(queries: readonly CompiledQuery[]): Promise<QueryResult<unknown>[]> {
    const [only] = queries;
    if (only && queries.length === 1) return [await this.inner.executeQuery(only)];
    const text = queries.map(({ sql }) => sql).join(';\n');
    const parameters = queries.flatMap((query) => query.parameters);
    const { rows } = await this.inner.executeQuery(CompiledQuery.raw(text, parameters));
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
