import type { Constructor } from '@mikro-orm/core';
import type { Migration } from '@mikro-orm/migrations';
import { Initial as MysqlInitial } from './mysql/0001-initial.js';
import { Idempotency as MysqlIdempotency } from './mysql/0003-idempotency.js';
import { Initial as SqliteInitial } from './sqlite/0001-initial.js';
import { Idempotency as SqliteIdempotency } from './sqlite/0003-idempotency.js';

interface ListedMigration {
  name: string;
  class: Constructor<Migration>;
}

/** MySQL and MariaDB, in the order in which they run. */
export const mysqlMigrations: ListedMigration[] = [
  { name: '0001-initial', class: MysqlInitial },
  { name: '0003-idempotency', class: MysqlIdempotency },
];

/** SQLite, in the order in which they run. */
export const sqliteMigrations: ListedMigration[] = [
  { name: '0001-initial', class: SqliteInitial },
  { name: '0003-idempotency', class: SqliteIdempotency },
];
