import type { Constructor } from '@mikro-orm/core';
import type { Migration } from '@mikro-orm/migrations';
import { Initial as MysqlInitial } from './mysql/0001-initial.js';
import { Initial as SqliteInitial } from './sqlite/0001-initial.js';

interface ListedMigration {
  name: string;
  class: Constructor<Migration>;
}

/** MySQL and MariaDB, in the order in which they run. */
export const mysqlMigrations: ListedMigration[] = [{ name: '0001-initial', class: MysqlInitial }];

/** SQLite, in the order in which they run. */
export const sqliteMigrations: ListedMigration[] = [{ name: '0001-initial', class: SqliteInitial }];
