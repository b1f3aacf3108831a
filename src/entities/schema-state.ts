import { ConfigError } from '../config.js';
import { exclusively } from './exclusively.js';
import { type Orm, openOrm } from './orm.js';

/** Brings the database's schema up to date, one process after the other. Returns the names of the migrations that ran. */
export const migrate = (orm: Orm): Promise<string[]> =>
  exclusively(orm, async () => (await orm.migrator.up()).map((migration) => migration.name));

/** The names of the migrations that the database has not seen. */
export async function pendingMigrations(orm: Orm): Promise<string[]> {
  return (await orm.migrator.getPending()).map((migration) => migration.name);
}

/** Throws ConfigError when the database has not seen all migrations. */
export async function expectMigrated(orm: Orm): Promise<void> {
  const { length } = await pendingMigrations(orm);
  if (length > 0) throw new ConfigError([`DATABASE_URL: run "aliteo migrate" first, ${length} migrations are pending`]);
}

/**
 * Where SQLite's migrations and the entities disagree; empty when they do not. Two databases in memory are compared,
 * one of each, because the ORM's own diff does not know SQLite's composite foreign keys.
 */
export async function sqliteDrift(): Promise<string[]> {
  const migrated = await openOrm({ dataDir: ':memory:' });
  const created = await openOrm({ dataDir: ':memory:' });
  try {
    await migrate(migrated);
    await created.schema.create();
    const [theirs, ours] = [await statements(migrated), await statements(created)];
    return [
      ...ours.filter((s) => !theirs.includes(s)).map((s) => `+ ${s}`),
      ...theirs.filter((s) => !ours.includes(s)).map((s) => `- ${s}`),
    ];
  } finally {
    await migrated.close(true);
    await created.close(true);
  }
}

async function statements(orm: Orm): Promise<string[]> {
  const rows: { sql: string }[] = await orm.em
    .getConnection()
    .execute(
      "select sql from sqlite_master where sql is not null and name not like 'mikro_orm_%' and name not like 'sqlite_%'",
    );
  return rows.map(({ sql }) => inOneOrder(sql.replace(/\s+/g, ' ').replace(/ ?([(),]) ?/g, '$1')));
}

/** A table's definitions in one order: a column that a migration adds stands behind those that were there. */
function inOneOrder(sql: string): string {
  const [, head, body] = /^(CREATE TABLE `\w+`\()(.*)\)$/i.exec(sql) ?? [];
  if (head === undefined || body === undefined) return sql;
  let depth = 0;
  const parts = [''];
  for (const character of body) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return `${head}${parts.sort().join()})`;
}
