import 'reflect-metadata';
import { join } from 'node:path';
import { DataloaderType, DriverException, MikroORM, type Options } from '@mikro-orm/core';
import { ReflectMetadataProvider } from '@mikro-orm/decorators/legacy';
import { Migrator } from '@mikro-orm/migrations';
import { MySqlConnection, MySqlDriver } from '@mikro-orm/mysql';
import { type AbstractSqlDriver, type SqlEntityManager, SqliteDriver } from '@mikro-orm/sql';
import { CompiledQuery, type DatabaseConnection } from 'kysely';
import { mysqlMigrations, sqliteMigrations } from '../../migrations/migrations.js';
import { ApiKey, ApiKeySecret } from './api-key.js';
import { AuditEntry, AuditHead } from './audit-entry.js';
import { Comment } from './comment.js';
import { Company } from './company.js';
import { DataKey } from './data-key.js';
import { Event, HistoryEntry, LogHead } from './event.js';
import { Follow } from './follow.js';
import { Follower } from './follower.js';
import { IdempotencyRecord, UserIdempotencyRecord } from './idempotency-record.js';
import { Invitation } from './invitation.js';
import { LastUse } from './last-use.js';
import { LetterCount, WaitingLetter } from './letter.js';
import { Member } from './member.js';
import { Project, ProjectPermission, Workspace } from './project.js';
import { SsoDomain, SsoIdentity, SsoProvider } from './single-sign-on.js';
import { NodeSqliteDialect } from './sqlite-dialect.js';
import { SupportGrant } from './support-grant.js';
import { Task } from './task.js';
import { TenantEntity, UserEntity } from './tenant.js';
import { GuardedDialect, TenantGuard } from './tenant-guard.js';
import { PersonalView, User, UserIdentity, UserPreferences } from './user.js';

export type Orm = MikroORM<AbstractSqlDriver, SqlEntityManager<AbstractSqlDriver>>;
export type EntityManager = Orm['em'];

export const entities = [
  ApiKey,
  ApiKeySecret,
  AuditEntry,
  AuditHead,
  Comment,
  Company,
  DataKey,
  Event,
  Follow,
  Follower,
  HistoryEntry,
  IdempotencyRecord,
  LastUse,
  Invitation,
  LetterCount,
  LogHead,
  Member,
  PersonalView,
  Project,
  ProjectPermission,
  SsoDomain,
  SsoIdentity,
  SsoProvider,
  SupportGrant,
  Task,
  User,
  UserIdempotencyRecord,
  UserIdentity,
  UserPreferences,
  WaitingLetter,
  Workspace,
];

export interface DatabaseOptions {
  /** `mysql://…` for MySQL or MariaDB; absent means the SQLite file `aliteo.sqlite` in `dataDir`. */
  databaseUrl?: string | undefined;
  databasePool?: number;
  dataDir: string;
}

/** Opens the database. The schema is the migrations' matter; nothing is created here. */
export async function openOrm(options: DatabaseOptions): Promise<Orm> {
  const guard = new TenantGuard();
  const orm = (await MikroORM.init({
    entities,
    metadataProvider: ReflectMetadataProvider,
    extensions: [Migrator],
    dataloader: DataloaderType.REFERENCE,
    // What fails is thrown, and logged where it is caught.
    logger: () => {},
    // `companyId` is a column of its own and the first one of every relation inside the company.
    discovery: { checkDuplicateFieldNames: false },
    // The database checks both: a row that lacks a value is refused, and composite keys cannot lead out of the tenant.
    validateRequired: false,
    autoJoinRefsForFilters: false,
    ...(options.databaseUrl
      ? mysqlOptions(options.databaseUrl, options.databasePool ?? 10, guard)
      : sqliteOptions(options.dataDir, guard)),
  } as unknown as Options)) as unknown as Orm;
  guard.protect(guardedTables(orm));
  return orm;
}

/** An EntityManager of its own for one request or one event; company and user data stay closed until they are bound. */
export function forkFor(
  orm: Orm,
  keys: { companyId?: string | undefined; userId?: string | undefined },
): EntityManager {
  // As `orm.em.fork()` where nothing was set of `orm.em`; that sets an option for a moment, and with it the environment.
  const em = orm.driver.createEntityManager(false) as EntityManager;
  if (keys.companyId) em.setFilterParams('tenant', { companyId: keys.companyId });
  if (keys.userId) em.setFilterParams('user', { userId: keys.userId });
  return em;
}

/** Whether it is the database that failed, or the way to it, and not the program: trying again may help. */
export function isDatabaseFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // The ORM wraps most of what its drivers throw, but not all; Node's SQLite has a code, the network and MySQL a number.
  const { errno, syscall, code } = error as NodeJS.ErrnoException;
  const isDrivers = errno !== undefined || syscall !== undefined || code === 'ERR_SQLITE_ERROR';
  return isDrivers || error instanceof DriverException;
}

/** What the network and the server say of a connection that is not there, or not any more. */
const AWAY = /^(E(CONN\w+|PIPE|TIMEDOUT|HOST\w+|NOTFOUND|AI_AGAIN)|PROTOCOL_\w+|ER_(SERVER_SHUTDOWN|CON_COUNT_ERROR))$/;

/** Whether the database could not be reached: nothing is wrong with what it was asked. */
export const isDatabaseAway = (error: unknown): boolean =>
  isDatabaseFault(error) && AWAY.test(String((error as NodeJS.ErrnoException).code));

/** Whoever waits longer for a lock is told so, and tries again: others may wait for what they have. Ten times as long is usual. */
const LOCK_PATIENCE_SECONDS = 5;
const SESSION = [
  'set session transaction isolation level read committed',
  `set session innodb_lock_wait_timeout = ${LOCK_PATIENCE_SECONDS}`,
].map((text) => CompiledQuery.raw(text));

function mysqlOptions(url: string, pool: number, guard: TenantGuard): object {
  class GuardedConnection extends MySqlConnection {
    override async createKyselyDialect(overrides: Parameters<MySqlConnection['createKyselyDialect']>[0]) {
      return new GuardedDialect(await super.createKyselyDialect(overrides), guard, { isBatched: true }) as never;
    }
  }
  class GuardedDriver extends MySqlDriver {
    protected override readonly connection = new GuardedConnection(this.config);
  }
  return {
    driver: GuardedDriver,
    clientUrl: url,
    charset: 'utf8mb4',
    forceUtcTimezone: true,
    // Said to the driver, and not to the ORM, which would make texts of several statements of its own.
    driverOptions: { multipleStatements: true },
    pool: { min: 0, max: pool },
    // What is read after a lock is taken is what the lock protects. Said once, and not with each transaction.
    onCreateConnection: async (connection: DatabaseConnection) => {
      for (const setting of SESSION) await connection.executeQuery(setting);
    },
    migrations: { migrationsList: mysqlMigrations, snapshot: false, transactional: false },
  };
}

function sqliteOptions(dataDir: string, guard: TenantGuard): object {
  const file = dataDir === ':memory:' ? dataDir : join(dataDir, 'aliteo.sqlite');
  return {
    driver: SqliteDriver,
    dbName: file,
    driverOptions: new GuardedDialect(new NodeSqliteDialect(file), guard, { isBatched: false }),
    migrations: { migrationsList: sqliteMigrations, snapshot: false },
  };
}

/** By what else than its company a row may be found: so whoever signs in is led to the companies and invitations that are theirs. */
const OTHER_KEYS = new Map<unknown, string>([
  [Member, 'user_id'],
  [Invitation, 'email'],
  [SsoDomain, 'proven_domain'],
]);

function guardedTables(orm: Orm): Map<string, string[]> {
  const tables = new Map<string, string[]>();
  for (const meta of orm.getMetadata().getAll().values()) {
    if (!meta.class || meta.abstract) continue;
    if (meta.class.prototype instanceof UserEntity) tables.set(meta.tableName, ['user_id']);
    if (meta.class.prototype instanceof TenantEntity) {
      const other = OTHER_KEYS.get(meta.class);
      tables.set(meta.tableName, other ? ['company_id', other] : ['company_id']);
    }
  }
  return tables;
}
