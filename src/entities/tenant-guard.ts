import type {
  CompiledQuery,
  DatabaseConnection,
  DatabaseIntrospector,
  Dialect,
  DialectAdapter,
  Driver,
  Kysely,
  QueryCompiler,
  QueryResult,
  TransactionSettings,
} from 'kysely';
import { BatchedConnection, statementsOf } from './batched-connection.js';

/** A statement that touches a tenant's table without the tenant's key: a fault of the program, never of a user. */
export class TenantKeyMissingError extends Error {
  constructor(sql: string, table: string, key: string) {
    super(`A statement on "${table}" lacks its key ${key}: ${sql.slice(0, 300)}`);
    this.name = 'TenantKeyMissingError';
  }
}

/** Two statements in one text: several travel together only when each has been looked at. */
export class SeveralStatementsError extends Error {
  constructor(sql: string) {
    super(`A text of several statements: ${sql.slice(0, 300)}`);
    this.name = 'SeveralStatementsError';
  }
}

/** Of every guarded table, the columns of which one must stand in each statement that names the table. */
export type GuardedTables = ReadonlyMap<string, readonly string[]>;

const DATA_STATEMENT = /^\s*(select|insert|update|delete|replace|with)\b/i;
const SEVERAL = /;(?!\s*$)/;
const INSERT = /^\s*(insert|replace)\b/i;
const QUOTED_TEXT = /'(?:[^'\\]|\\.|'')*'/g;
const WORD = /[a-z_][a-z0-9_]*/g;
const CACHE_LIMIT = 5_000;

/**
 * The second lock under the ORM's tenant filter: sees every statement on its way to the database, from whatever
 * builder it comes. Reads and changes must compare the key with a value (comparing it with another table's key in a
 * join is not enough), inserts must write it.
 */
export class TenantGuard {
  #tables: GuardedTables = new Map();
  readonly #sound = new Set<string>();

  protect(tables: GuardedTables): void {
    this.#tables = tables;
    this.#sound.clear();
  }

  /** Throws TenantKeyMissingError or SeveralStatementsError. */
  check(sql: string): void {
    // Most have no texts in them.
    if (this.#sound.has(sql)) return;
    const text = sql.replace(QUOTED_TEXT, "''");
    if (this.#sound.has(text)) return;
    if (SEVERAL.test(text)) throw new SeveralStatementsError(text);
    if (DATA_STATEMENT.test(text)) this.#checkText(text.toLowerCase().replaceAll(/["`]/g, ''));
    if (this.#sound.size >= CACHE_LIMIT) this.#sound.clear();
    this.#sound.add(text);
  }

  #checkText(text: string): void {
    const words = new Set(text.match(WORD));
    const insert = INSERT.test(text);
    for (const [table, keys] of this.#tables) {
      if (!words.has(table)) continue;
      const sound = keys.some((key) => (insert ? words.has(key) : isBound(text, key)));
      if (!sound) throw new TenantKeyMissingError(text, table, keys.join(' or '));
    }
  }
}

/** `key = ?`, `key in (?)`, `(key, id) = (?, ?)`, `(key, id) in ((?, ?))`. */
function isBound(text: string, key: string): boolean {
  return new RegExp(`\\b${key}\\s*(?:=|in)\\s*(?:\\?|''|\\()|\\([^()]*\\b${key}\\b[^()]*\\)\\s*(?:=|in)\\s*\\(`).test(
    text,
  );
}

/** The same dialect with the guard before each statement; where the database allows it they travel together. */
export class GuardedDialect implements Dialect {
  readonly #inner: Dialect;
  readonly #guard: TenantGuard;
  readonly #isBatched: boolean;

  constructor(inner: Dialect, guard: TenantGuard, { isBatched }: { isBatched: boolean }) {
    this.#inner = inner;
    this.#guard = guard;
    this.#isBatched = isBatched;
  }

  createDriver(): Driver {
    return new GuardedDriver(this.#inner.createDriver(), this.#guard, this.#isBatched);
  }
  createQueryCompiler(): QueryCompiler {
    return this.#inner.createQueryCompiler();
  }
  createAdapter(): DialectAdapter {
    return this.#inner.createAdapter();
  }
  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return this.#inner.createIntrospector(db);
  }
}

class GuardedDriver implements Driver {
  readonly #wrapped = new WeakMap<DatabaseConnection, GuardedConnection>();

  constructor(
    readonly inner: Driver,
    readonly guard: TenantGuard,
    readonly isBatched: boolean,
  ) {}

  init() {
    return this.inner.init();
  }
  async acquireConnection() {
    const connection = await this.inner.acquireConnection();
    const guarded = this.#wrapped.get(connection) ?? new GuardedConnection(connection, this.guard, this.isBatched);
    this.#wrapped.set(connection, guarded);
    return guarded;
  }
  async beginTransaction(connection: GuardedConnection, settings: TransactionSettings) {
    if (connection.batched && !settings.isolationLevel && !settings.accessMode) connection.batched.begin();
    else await this.inner.beginTransaction(connection.unguarded, settings);
  }
  async commitTransaction({ batched, unguarded }: GuardedConnection) {
    await (batched ? batched.end('commit') : this.inner.commitTransaction(unguarded));
  }
  async rollbackTransaction({ batched, unguarded }: GuardedConnection) {
    await (batched ? batched.end('rollback') : this.inner.rollbackTransaction(unguarded));
  }
  async savepoint(connection: GuardedConnection, name: string, compile: QueryCompiler['compileQuery']) {
    await this.inner.savepoint?.(connection.unguarded, name, compile);
  }
  async rollbackToSavepoint(connection: GuardedConnection, name: string, compile: QueryCompiler['compileQuery']) {
    await this.inner.rollbackToSavepoint?.(connection.unguarded, name, compile);
  }
  async releaseSavepoint(connection: GuardedConnection, name: string, compile: QueryCompiler['compileQuery']) {
    await this.inner.releaseSavepoint?.(connection.unguarded, name, compile);
  }
  releaseConnection(connection: GuardedConnection) {
    return this.inner.releaseConnection(connection.inner);
  }
  destroy() {
    return this.inner.destroy();
  }
}

class GuardedConnection implements DatabaseConnection {
  readonly batched: BatchedConnection | null;

  constructor(
    readonly inner: DatabaseConnection,
    readonly guard: TenantGuard,
    isBatched: boolean,
  ) {
    this.batched = isBatched ? new BatchedConnection(inner) : null;
  }

  /** What the guard lets statements through to. */
  get unguarded(): DatabaseConnection {
    return this.batched ?? this.inner;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    for (const { sql } of statementsOf(query)) this.guard.check(sql);
    return this.unguarded.executeQuery<R>(query);
  }
  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    this.guard.check(query.sql);
    return this.unguarded.streamQuery<R>(query, chunkSize);
  }
}
