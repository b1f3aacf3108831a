import type { Constructor } from '@mikro-orm/core';
import type { Migration } from '@mikro-orm/migrations';
import { Initial as MysqlInitial } from './mysql/0001-initial.js';
import { ListIndexes as MysqlListIndexes } from './mysql/0002-list-indexes.js';
import { Idempotency as MysqlIdempotency } from './mysql/0003-idempotency.js';
import { AuditLog as MysqlAuditLog } from './mysql/0004-audit-log.js';
import { ApiKeys as MysqlApiKeys } from './mysql/0005-api-keys.js';
import { Invitations as MysqlInvitations } from './mysql/0006-invitations.js';
import { Followers as MysqlFollowers } from './mysql/0007-followers.js';
import { DataKeys as MysqlDataKeys } from './mysql/0008-data-keys.js';
import { SingleSignOn as MysqlSingleSignOn } from './mysql/0009-single-sign-on.js';
import { EntryPoints as MysqlEntryPoints } from './mysql/0010-entry-points.js';
import { Readmissions as MysqlReadmissions } from './mysql/0011-readmissions.js';
import { Initial as SqliteInitial } from './sqlite/0001-initial.js';
import { ListIndexes as SqliteListIndexes } from './sqlite/0002-list-indexes.js';
import { Idempotency as SqliteIdempotency } from './sqlite/0003-idempotency.js';
import { AuditLog as SqliteAuditLog } from './sqlite/0004-audit-log.js';
import { ApiKeys as SqliteApiKeys } from './sqlite/0005-api-keys.js';
import { Invitations as SqliteInvitations } from './sqlite/0006-invitations.js';
import { Followers as SqliteFollowers } from './sqlite/0007-followers.js';
import { DataKeys as SqliteDataKeys } from './sqlite/0008-data-keys.js';
import { SingleSignOn as SqliteSingleSignOn } from './sqlite/0009-single-sign-on.js';
import { EntryPoints as SqliteEntryPoints } from './sqlite/0010-entry-points.js';
import { Readmissions as SqliteReadmissions } from './sqlite/0011-readmissions.js';

interface ListedMigration {
  name: string;
  class: Constructor<Migration>;
}

/** MySQL and MariaDB, in the order in which they run. */
export const mysqlMigrations: ListedMigration[] = [
  { name: '0001-initial', class: MysqlInitial },
  { name: '0002-list-indexes', class: MysqlListIndexes },
  { name: '0003-idempotency', class: MysqlIdempotency },
  { name: '0004-audit-log', class: MysqlAuditLog },
  { name: '0005-api-keys', class: MysqlApiKeys },
  { name: '0006-invitations', class: MysqlInvitations },
  { name: '0007-followers', class: MysqlFollowers },
  { name: '0008-data-keys', class: MysqlDataKeys },
  { name: '0009-single-sign-on', class: MysqlSingleSignOn },
  { name: '0010-entry-points', class: MysqlEntryPoints },
  { name: '0011-readmissions', class: MysqlReadmissions },
];

/** SQLite, in the order in which they run. */
export const sqliteMigrations: ListedMigration[] = [
  { name: '0001-initial', class: SqliteInitial },
  { name: '0002-list-indexes', class: SqliteListIndexes },
  { name: '0003-idempotency', class: SqliteIdempotency },
  { name: '0004-audit-log', class: SqliteAuditLog },
  { name: '0005-api-keys', class: SqliteApiKeys },
  { name: '0006-invitations', class: SqliteInvitations },
  { name: '0007-followers', class: SqliteFollowers },
  { name: '0008-data-keys', class: SqliteDataKeys },
  { name: '0009-single-sign-on', class: SqliteSingleSignOn },
  { name: '0010-entry-points', class: SqliteEntryPoints },
  { name: '0011-readmissions', class: SqliteReadmissions },
];
