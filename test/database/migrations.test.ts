import { expect, it } from '@jest/globals';
import { type Orm, openOrm } from '../../src/entities/orm.js';
import { migrate, pendingMigrations, sqliteDrift } from '../../src/entities/schema-state.js';
import { createDatabase, isEmbedded, type TestDatabase } from '../harness/column.js';

/** What a MySQL or MariaDB database is made of. Character sets are left out: they are the migrations' own decision. */
const SHAPE = [
  `select table_name as t, column_name as c, column_type as kind, is_nullable as nullable, column_default as value
   from information_schema.columns where table_schema = database() order by t, c`,
  `select table_name as t, index_name as i, seq_in_index as position, column_name as c, non_unique as many
   from information_schema.statistics where table_schema = database() order by t, i, position`,
  `select k.table_name as t, k.constraint_name as i, k.ordinal_position as position, k.column_name as c,
     k.referenced_table_name as rt, k.referenced_column_name as rc, r.update_rule as u, r.delete_rule as d
   from information_schema.key_column_usage k join information_schema.referential_constraints r
     on r.constraint_schema = k.constraint_schema and r.constraint_name = k.constraint_name and r.table_name = k.table_name
   where k.table_schema = database() order by t, i, position`,
];

async function shapeOf(orm: Orm): Promise<string[]> {
  const rows: Record<string, unknown>[] = [];
  for (const sql of SHAPE) rows.push(...(await orm.em.getConnection().execute<Record<string, unknown>[]>(sql)));
  return rows.filter((row) => !String(row.t).startsWith('mikro_orm')).map((row) => JSON.stringify(row));
}

async function onDatabase<T>(act: (orm: Orm, database: TestDatabase) => Promise<T>): Promise<T> {
  const database = await createDatabase();
  const orm = await openOrm(database);
  try {
    return await act(orm, database);
  } finally {
    await orm.close(true);
    await database.drop();
  }
}

it('make the very database that the entities describe', async () => {
  if (isEmbedded) {
    expect(await sqliteDrift()).toEqual([]);
    return;
  }
  const migrated = await onDatabase(async (orm) => {
    await migrate(orm);
    return shapeOf(orm);
  });
  const created = await onDatabase(async (orm) => {
    await orm.schema.create();
    return shapeOf(orm);
  });
  expect(migrated.length).toBeGreaterThan(100);
  expect(migrated).toEqual(created);
});

it('run once, and say what is pending', async () => {
  await onDatabase(async (orm) => {
    const pending = await pendingMigrations(orm);
    expect(pending.length).toBeGreaterThan(0);
    expect(await migrate(orm)).toEqual(pending);
    expect(await pendingMigrations(orm)).toEqual([]);
    expect(await migrate(orm)).toEqual([]);
  });
});

it('run once when several processes begin at the same time, on a database that may not be there yet', async () => {
  const database = await createDatabase();
  const databaseUrl = database.databaseUrl && `${database.databaseUrl}_new`;
  const orms = await Promise.all(Array.from({ length: 4 }, () => openOrm({ ...database, databaseUrl })));
  try {
    const ran = await Promise.all(orms.map((orm) => migrate(orm)));
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
    for (const orm of orms) expect(await pendingMigrations(orm)).toEqual([]);
    if (databaseUrl) await orms[0]?.schema.dropDatabase();
  } finally {
    await Promise.all(orms.map((orm) => orm.close(true)));
    await database.drop();
  }
}, 30_000);

it('compare addresses and subjects letter by letter, so that nobody is taken for somebody else', async () => {
  await onDatabase(async (orm) => {
    await migrate(orm);
    const insert = 'insert into users (id, email, name, created_at) values (?, ?, ?, ?)';
    const run = (sql: string, params: unknown[]) => orm.em.getConnection().execute(sql, params, 'run');
    await run(insert, ['user_1', 'jose@example.com', 'Jose', '2026-01-01']);
    await expect(run(insert, ['user_2', 'josé@example.com', 'José', '2026-01-01'])).resolves.toBeDefined();
    const identity = 'insert into user_identities (issuer, subject, user_id, created_at) values (?, ?, ?, ?)';
    await run(identity, ['https://issuer', 'abc', 'user_1', '2026-01-01']);
    await expect(run(identity, ['https://issuer', 'ABC', 'user_2', '2026-01-01'])).resolves.toBeDefined();
    await expect(run(identity, ['https://issuer', 'ABC', 'user_1', '2026-01-01'])).rejects.toThrow(/unique|duplicate/i);
  });
});
