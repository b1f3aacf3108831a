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

it('keep every row of tables that are made anew, and all that leads to them', async () => {
  await onDatabase(async (orm) => {
    await orm.migrator.up({ to: '0004-audit-log' });
    const run = (sql: string) => orm.em.getConnection().execute(sql, [], 'run');
    const [c, at] = ["'company_1'", "'2026-01-01 00:00:00.000'"];
    await run(`insert into companies (id, name, created_at) values (${c}, 'C', ${at})`);
    await run(`insert into users (id, email, name, created_at) values ('user_1', 'a@example.com', 'A', ${at})`);
    await run(`insert into members (company_id, id, user_id, role, kind, licensed_as_internal, created_at)
      values (${c}, 'member_1', 'user_1', 'ADMIN', 'INTERNAL', 0, ${at})`);
    await run(
      `insert into workspaces (company_id, id, name, closing_policy) values (${c}, 'workspace_1', 'W', 'ANYONE')`,
    );
    await run(`insert into projects (company_id, id, workspace_id, \`key\`, name, description, manager_id, status, visibility, created_at, last_task_number)
      values (${c}, 'project_1', 'workspace_1', 'K', 'P', '', 'member_1', 'PLANNED', 'MEMBERS', ${at}, 2)`);
    for (const [number, awaited] of [
      [1, 'null'],
      [2, "'task_1'"],
    ] as const)
      await run(`insert into tasks (company_id, id, project_id, number, title, description, privacy, status, priority, author_id, owner_id, awaited_task_id, progress_percent, version, created_at, updated_at, last_comment_number)
        values (${c}, 'task_${number}', 'project_1', ${number}, 'T', 'D', 'PUBLIC', 'NEW', 2, 'member_1', 'member_1', ${awaited}, 7, 3, ${at}, ${at}, 1)`);
    await run(`insert into comments (company_id, id, task_id, number, author_id, body, privacy, created_at)
      values (${c}, 'comment_1', 'task_1', 1, 'member_1', 'B', 'PUBLIC', ${at})`);
    await run(`insert into follows (company_id, id, object_kind, task_id, label, secret_hash, granted_by_id, created_at)
      values (${c}, 'follow_1', 'TASK', 'task_1', '', 'hash', 'member_1', ${at})`);
    const filled = async () => {
      const kept: unknown[] = [];
      for (const table of ['tasks', 'comments', 'follows'])
        kept.push(
          ...(await orm.em.getConnection().execute(`select * from ${table} where company_id = ${c} order by id`)),
        );
      return kept as Record<string, unknown>[];
    };
    const before = await filled();
    expect(before).toHaveLength(4);
    await migrate(orm);
    expect(await filled()).toEqual(before.map((row) => expect.objectContaining(row)));
    // What leads to them still has to.
    await expect(run(`delete from tasks where company_id = ${c} and id = 'task_1'`)).rejects.toThrow(/foreign key/i);
    await expect(
      run(`update comments set author_id = 'member_2' where company_id = ${c} and id = 'comment_1'`),
    ).rejects.toThrow(/foreign key/i);
  });
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
