import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { savePersonalView, updatePreferences } from '../../src/domain/personal.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Comment } from '../../src/entities/comment.js';
import { Member } from '../../src/entities/member.js';
import { entities, forkFor } from '../../src/entities/orm.js';
import { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import { Task } from '../../src/entities/task.js';
import { PersonalView, UserPreferences } from '../../src/entities/user.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { World } from '../harness/world.js';

describe('the database', () => {
  let database: TestDatabase;
  let parts: Parts;
  let ours: World;
  let theirs: World;
  let task: Row<Task>;
  let theirProject: Project;
  let theirTask: Row<Task>;

  beforeAll(async () => {
    database = await createDatabase();
    parts = await openParts(database);
    ours = await World.found(parts, null, 'Ours');
    theirs = await World.found(parts, null, 'Theirs');
    task = await ours.task(await ours.project());
    theirProject = await theirs.project();
    theirTask = await theirs.task(theirProject);
  });
  afterAll(async () => {
    await closeParts(parts);
    await database?.drop();
  });

  const raw = (sql: string, params: unknown[]) => parts.orm.em.getConnection().execute(sql, params, 'run');

  describe('refuses a row that refers to another company, even by raw SQL', () => {
    const refused = /foreign key/i;

    it.each([
      ['a solver', 'solver_id', () => theirs.admin.member.id, () => ours.admin.member.id],
      ['an owner', 'owner_id', () => theirs.admin.member.id, () => ours.admin.member.id],
      ['a project', 'project_id', () => theirProject.id, () => task.project.id],
      ['an awaited task', 'awaited_task_id', () => theirTask.id, () => task.id],
      ['an awaited project', 'awaited_project_id', () => theirProject.id, () => task.project.id],
    ])('%s of a task', async (_what, column, foreign, own) => {
      const update = `update tasks set ${column} = ? where company_id = ? and id = ?`;
      await expect(raw(update, [foreign(), ours.companyId, task.id])).rejects.toThrow(refused);
      await expect(raw(update, [own(), ours.companyId, task.id])).resolves.toBeDefined();
    });

    it('a comment under a task', async () => {
      const insert =
        'insert into comments (company_id, id, task_id, number, author_id, body, privacy, created_at) values (?, ?, ?, 1, ?, ?, ?, ?)';
      const row = (taskId: string, id: string) => [
        ours.companyId,
        id,
        taskId,
        ours.admin.member.id,
        'text',
        'PUBLIC',
        '2026-01-01',
      ];
      await expect(raw(insert, row(theirTask.id, 'comment_foreign'))).rejects.toThrow(refused);
      await expect(raw(insert, row(task.id, 'comment_own'))).resolves.toBeDefined();
    });

    it('a permission for a member', async () => {
      const insert =
        'insert into project_permissions (company_id, project_id, member_id, level, as_internal) values (?, ?, ?, ?, 0)';
      await expect(raw(insert, [ours.companyId, task.project.id, theirs.admin.member.id, 'EDIT'])).rejects.toThrow(
        refused,
      );
      await expect(raw(insert, [ours.companyId, task.project.id, ours.admin.member.id, 'EDIT'])).resolves.toBeDefined();
    });

    it('a row moved to another company', async () => {
      const update = 'update tasks set company_id = ? where company_id = ? and id = ?';
      await expect(raw(update, [theirs.companyId, ours.companyId, task.id])).rejects.toThrow(refused);
    });

    it("a default view of another user's", async () => {
      const [me, other] = [ours.admin.viewer.userId, theirs.admin.viewer.userId];
      const own = await savePersonalView(parts, me, { name: 'Mine', filter: {} });
      const foreign = await savePersonalView(parts, other, { name: 'Theirs', filter: {} });
      await updatePreferences(parts, me, { locale: 'cs' });
      const update = 'update user_preferences set default_view_id = ? where user_id = ?';
      await expect(raw(update, [foreign.id, me])).rejects.toThrow(refused);
      await expect(raw(update, [own.id, me])).resolves.toBeDefined();
    });
  });

  it('gives every table of a company or a user a key that begins with the tenant', () => {
    for (const meta of parts.orm.getMetadata().getAll().values()) {
      const keys = meta.getPrimaryProps().flatMap((property) => property.fieldNames);
      // Letters are the post's: sealed, and found by when they are due, whichever company's they are.
      const global = ['companies', 'users', 'user_identities', 'letters'].includes(meta.tableName);
      if (!global)
        expect([meta.tableName, keys[0]]).toEqual([meta.tableName, expect.stringMatching(/^(company|user)_id$/)]);
    }
    expect(entities.length).toBeGreaterThan(10);
  });

  it('gives every reference between tenant tables the tenant as its first column', () => {
    for (const meta of parts.orm.getMetadata().getAll().values()) {
      for (const property of meta.relations) {
        if (['companies', 'users'].includes(property.targetMeta?.tableName ?? '')) continue;
        expect([meta.tableName, property.name, property.fieldNames[0]]).toEqual([
          meta.tableName,
          property.name,
          expect.stringMatching(/^(company|user)_id$/),
        ]);
      }
    }
  });

  describe('the ORM filter', () => {
    it('throws when no company is bound', async () => {
      for (const entity of [Task, Project, Member, Comment]) {
        await expect(parts.orm.em.fork().find(entity as typeof Task, {})).rejects.toThrow(/tenant/);
      }
      await expect(parts.orm.em.fork().find(PersonalView, {})).rejects.toThrow(/user/);
      await expect(parts.orm.em.fork().find(UserPreferences, {})).rejects.toThrow(/user/);
    });

    it('keeps every question inside the bound company', async () => {
      const em = forkFor(parts.orm, { companyId: ours.companyId });
      expect(await em.findOne(Task, { id: theirTask.id })).toBeNull();
      expect(await em.findOne(Task, { id: task.id })).not.toBeNull();
      expect(await em.count(Task, { $or: [{ id: theirTask.id }, { companyId: theirs.companyId }] })).toBe(0);
      expect(await em.nativeUpdate(Task, { id: theirTask.id }, { title: 'taken' })).toBe(0);
      expect(await em.nativeDelete(Comment, { task: { id: theirTask.id } })).toBe(0);
    });

    it('does not lead out of the company by a reference', async () => {
      const em = forkFor(parts.orm, { companyId: ours.companyId });
      expect(await em.findOne(Task, { companyId: theirs.companyId, id: theirTask.id })).toBeNull();
    });
  });

  describe('the driver guard', () => {
    const lacking = /lacks its key/;

    it.each([
      'select * from tasks',
      'select * from tasks where id = ?',
      'select t.* from tasks t join projects p on p.company_id = t.company_id and p.id = t.project_id where t.id = ?',
      'update tasks set title = ? where id = ?',
      'delete from comments where id = ?',
      'select count(*) from members where role = ?',
      'select * from personal_views where id = ?',
      'insert into comments (id) values (?)',
      'with rows_ as (select * from tasks) select * from rows_',
    ])('fails: %s', async (sql) => {
      await expect(raw(sql, ['x', 'y'].slice(0, sql.split('?').length - 1))).rejects.toThrow(lacking);
    });

    it('fails what the bare query builder asks without the key, and lets it pass with it', async () => {
      // biome-ignore lint/suspicious/noExplicitAny: the builder is typed by tables that the test does not have
      const builder = parts.orm.em.getKysely<any>();
      await expect(builder.selectFrom('tasks').selectAll().execute()).rejects.toThrow(lacking);
      const rows = await builder.selectFrom('tasks').selectAll().where('company_id', '=', ours.companyId).execute();
      expect(rows.map((row) => row.id)).toEqual([task.id]);
    });

    it.each([
      ['one that names the key', "select id from tasks where company_id = 'a'; select id from users"],
      ['one that ends another', "select id from users where name = 'a\\'b'; delete from users; --'"],
    ])('refuses a text of several statements: %s', async (_what, sql) => {
      await expect(raw(sql, [])).rejects.toThrow(/several statements/);
    });

    it('lets a semicolon pass in a value', async () => {
      const [row] = await parts.orm.em.getConnection().execute("select 'a; b' as word", [], 'all');
      expect(row).toEqual({ word: 'a; b' });
    });

    it('is not fooled by the key in a text', async () => {
      await expect(raw("select * from tasks where title = 'company_id = 1'", [])).rejects.toThrow(lacking);
    });
  });
});
