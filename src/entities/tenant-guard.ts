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

/** A statement that touches a tenant's table without the tenant's key: a fault of the program, never of a user. */
export class TenantKeyMissingError extends Error {
  constructor(sql: string, table: string, key: string) {
    super(`A statement on "${table}" lacks its key ${key}: ${sql.slice(0, 300)}`);
    this.name = 'TenantKeyMissingError';
  }
}

/** Of every guarded table, the columns of which one must stand in each statement that names the table. */
export type GuardedTables = ReadonlyMap<string, readonly string[]>;

const DATA_STATEMENT = /^\s*(select|insert|update|delete|replace|with)\b/i;
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

  /** Throws TenantKeyMissingError. */
  check(sql: string): void {
    const text = sql.replace(QUOTED_TEXT, "''");
    if (this.#sound.has(text)) return;
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

/** The same dialect with the guard before each statement. */
export class GuardedDialect implements Dialect {
  readonly #inner: Dialect;
  readonly #guard: TenantGuard;

  constructor(inner: Dialect, guard: TenantGuard) {
    this.#inner = inner;
    this.#guard = guard;
  }

  createDriver(): Driver {
    return new GuardedDriver(this.#inner.createDriver(), this.#guard);
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
  ) {}

  init() {
    return this.inner.init();
  }
  async acquireConnection() {
    const connection = await this.inner.acquireConnection();
    const guarded = this.#wrapped.get(connection) ?? new GuardedConnection(connection, this.guard);
    this.#wrapped.set(connection, guarded);
    return guarded;
  }
  beginTransaction(connection: DatabaseConnection, settings: TransactionSettings) {
    return this.inner.beginTransaction(unwrap(connection), settings);
  }
  commitTransaction(connection: DatabaseConnection) {
    return this.inner.commitTransaction(unwrap(connection));
  }
  rollbackTransaction(connection: DatabaseConnection) {
    return this.inner.rollbackTransaction(unwrap(connection));
  }
  async savepoint(connection: DatabaseConnection, name: string, compile: QueryCompiler['compileQuery']) {
    await this.inner.savepoint?.(unwrap(connection), name, compile);
  }
  async rollbackToSavepoint(connection: DatabaseConnection, name: string, compile: QueryCompiler['compileQuery']) {
    await this.inner.rollbackToSavepoint?.(unwrap(connection), name, compile);
  }
  async releaseSavepoint(connection: DatabaseConnection, name: string, compile: QueryCompiler['compileQuery']) {
    await this.inner.releaseSavepoint?.(unwrap(connection), name, compile);
  }
  releaseConnection(connection: DatabaseConnection) {
    return this.inner.releaseConnection(unwrap(connection));
  }
  destroy() {
    return this.inner.destroy();
  }
}

const unwrap = (connection: DatabaseConnection) =>
  connection instanceof GuardedConnection ? connection.inner : connection;

class GuardedConnection implements DatabaseConnection {
  constructor(
    readonly inner: DatabaseConnection,
    readonly guard: TenantGuard,
  ) {}

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.guard.check(query.sql);
    return this.inner.executeQuery<R>(query);
  }
  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    this.guard.check(query.sql);
    return this.inner.streamQuery<R>(query, chunkSize);
  }
}
