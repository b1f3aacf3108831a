import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { addComment } from '../../src/domain/comments.js';
import { grantFollow } from '../../src/domain/follows.js';
import { forgetOutcomes } from '../../src/domain/forget-outcomes.js';
import { addMember } from '../../src/domain/members.js';
import type { Once } from '../../src/domain/once.js';
import { savePersonalView, updatePreferences } from '../../src/domain/personal.js';
import { createProject } from '../../src/domain/projects.js';
import { assignTask, createTask, moveTask, updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Comment } from '../../src/entities/comment.js';
import { Follow } from '../../src/entities/follow.js';
import { IdempotencyRecord, UserIdempotencyRecord } from '../../src/entities/idempotency-record.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import { fromJson, toJson } from '../../src/entities/plain-values.js';
import { Project } from '../../src/entities/project.js';
import { findRow, findRows, insertRows, listRows, type Row } from '../../src/entities/rows.js';
import { Task } from '../../src/entities/task.js';
import { TenantGuard } from '../../src/entities/tenant-guard.js';
import { PersonalView, UserPreferences } from '../../src/entities/user.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, isEmbedded, type TestDatabase } from '../harness/column.js';
import { World } from '../harness/world.js';

let database: TestDatabase;
let parts: Parts;
let world: World;
let project: Project;
let task: Row<Task>;
beforeAll(async () => {
  database = await createDatabase();
  parts = await openParts(database);
  world = await World.found(parts, null);
  project = await world.project();
  task = await world.task(project);
}, 60_000);
afterAll(async () => {
  await closeParts(parts);
  await database?.drop();
});
afterEach(() => {
  jest.restoreAllMocks();
});

const hash = (text: string) => parts.keyring.fingerprint('test', text);
const once = (key: string, body = key): Once => ({
  keyHash: hash(`key ${key}`),
  fieldHash: hash('field'),
  bodyHash: hash(`body ${body}`),
});
const outcome = async (promise: Promise<{ result: unknown }>) => {
  const [settled] = await Promise.allSettled([promise]);
  return settled?.status === 'fulfilled' ? settled.value.result : `${settled?.reason.reason ?? settled?.reason}`;
};

describe('a command with a key', () => {
  it('is done once by all who do it at once, be it done, refused or failed', async () => {
    const { viewer } = world.admin;
    // Two of them on one file in one thread would stand in each other's way.
    const another = isEmbedded ? parts : await openParts(database);
    try {
      const own = await world.task(project);
      const stranger = (await world.member()).viewer;
      const race = (act: (given: Parts) => Promise<{ result: unknown }>, key: string) =>
        Promise.all(
          Array.from({ length: 16 }, (_, i) => outcome(act({ ...(i % 2 ? parts : another), once: once(key) }))),
        );
      for (let round = 0; round < 5; round += 1) {
        const key = `race ${round}`;
        const done = await race((given) => addComment(given, viewer, own.id, key), `done ${key}`);
        expect(done).toEqual(Array(16).fill(done[0]));
        expect(done[0]).toMatchObject({ body: key, number: round + 1 });
        const refused = await race((given) => updateTask(given, viewer, own.id, { title: '' }), `refused ${key}`);
        expect(refused).toEqual(Array(16).fill('UserError: A task needs a title.'));
        const failed = await race((given) => addComment(given, stranger, own.id, key), `failed ${key}`);
        expect(failed).toEqual(Array(16).fill('NOT_VISIBLE_OR_ABSENT'));
      }
      expect((await findRow({ orm: parts.orm, ...world }, Task, own.id))?.lastCommentNumber).toBe(5);
    } finally {
      if (another !== parts) await closeParts(another);
    }
  }, 60_000);

  it('answers what the table has, the first time as well as the second', async () => {
    const { viewer } = world.admin;
    const source = forkFor(parts.orm, viewer);
    const input = { workspaceId: world.workspace.id, key: 'ROWS', name: 'Rows' };
    const person = { email: 'rows@example.com', name: 'Rows', role: 'MEMBER', kind: 'EXTERNAL' } as const;
    const commands: [new () => { id: string }, (given: Parts) => Promise<unknown>][] = [
      [
        Task,
        (given) => createTask(given, viewer, project.id, { title: 'Rows', priority: 'HIGH', dueOn: '2026-12-31' }),
      ],
      [Task, (given) => assignTask(given, viewer, task.id, viewer.memberId)],
      [Task, (given) => moveTask(given, viewer, task.id, 'CLOSED', {})],
      [Comment, (given) => addComment(given, viewer, task.id, 'Rows')],
      [Project, (given) => createProject(given, viewer, input)],
      [Member, (given) => addMember(given, viewer, person)],
      [
        Follow,
        (given) => grantFollow(given, viewer, { taskId: task.id }, { expiresAt: new Date(Date.now() + 60_000) }),
      ],
    ];
    for (const [i, [type, command]] of commands.entries()) {
      const act = async () => {
        const { result } = (await command({ ...parts, once: once(`row ${i}`) })) as { result: { follow?: object } };
        return (result.follow ?? result) as { id: string };
      };
      const first = await act();
      expect(first).toEqual(await findRow(source, type, first.id));
      expect(await act()).toStrictEqual(first);
    }
    const { userId } = viewer;
    const view = await savePersonalView({ ...parts, once: once('view row') }, userId, {
      name: 'Rows',
      filter: { a: [1] },
    });
    expect([view]).toEqual(await findRows(source, PersonalView, { userId, id: view.id }));
    const chosen = { locale: 'de', defaultViewId: view.id };
    const preferences = await updatePreferences({ ...parts, once: once('preferences row') }, userId, chosen);
    expect([preferences]).toEqual(await findRows(source, UserPreferences, { userId }));
    expect(preferences.defaultView).toEqual({ id: view.id });
  });

  it('has one transaction: a second one would be answered with what the first has done', async () => {
    const given = { ...parts, once: once('two transactions') };
    await addComment(given, world.admin.viewer, task.id, 'The first');
    expect(() => addComment(given, world.admin.viewer, task.id, 'The second')).toThrow(/one transaction/);
  });

  it('without one says nothing more to the database than it always did', async () => {
    const said: string[] = [];
    const { check } = TenantGuard.prototype;
    jest.spyOn(TenantGuard.prototype, 'check').mockImplementation(function (this: TenantGuard, sql: string) {
      said.push(sql);
      check.call(this, sql);
    });
    const { viewer } = world.admin;
    const all = async (given: (key: string) => Parts) => {
      said.length = 0;
      await addComment(given('comment'), viewer, task.id, 'Said');
      await updatePreferences(given('preferences'), viewer.userId, { locale: 'cs' });
      await savePersonalView(given('view'), viewer.userId, { name: 'View', filter: {} });
      return said.filter((sql) => /idempotency|savepoint/.test(sql)).length;
    };
    expect(await all(() => parts)).toBe(0);
    expect(await all((key) => ({ ...parts, once: once(key) }))).toBeGreaterThanOrEqual(3 * 4);
  });
});

it('what is kept comes back as it was, dates and all', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, 0.5, '\0', '\0d', '\0t2026-01-01', '2026-01-01T00:00:00.000Z'),
      fc.string({ unit: 'binary' }),
      fc.date({ noInvalidDate: true }),
      fc.array(tie('value')),
      fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
    ),
  }));
  fc.assert(fc.property(value, (given) => expect(fromJson(toJson(parts.orm.em, given))).toStrictEqual(given)));
});

describe('outcomes that are too old', () => {
  const DAY_MS = 24 * 3_600_000;

  it('are deleted, of all companies and users, however many, also by several processes at once', async () => {
    const worlds = [world, await World.found(parts, null), await World.found(parts, null)];
    const make = (keys: object, i: number, ageMs: number) => ({
      ...keys,
      ...once(`${i}`),
      outcome: 'sealed',
      createdAt: new Date(Date.now() - ageMs),
    });
    for (const { companyId, admin } of worlds) {
      const em = forkFor(parts.orm, admin.viewer);
      await em.nativeDelete(IdempotencyRecord, {});
      await em.nativeDelete(UserIdempotencyRecord, {});
      const ages = Array.from({ length: 1_200 }, (_, i) => (i < 1_150 ? DAY_MS + 1 + i : DAY_MS - 60_000));
      const rowsOf = (keys: object) => ages.map((ageMs, i) => make(keys, i, ageMs)) as never[];
      await insertRows(em, IdempotencyRecord, rowsOf({ companyId }));
      await insertRows(em, UserIdempotencyRecord, rowsOf({ userId: admin.viewer.userId }));
    }
    const counts = await Promise.all([forgetOutcomes(parts.orm), forgetOutcomes(parts.orm)]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(worlds.length * 2 * 1_150);
    for (const { admin } of worlds) {
      const source = forkFor(parts.orm, admin.viewer);
      expect(await listRows(source, IdempotencyRecord, true)).toHaveLength(50);
      expect(await findRows(source, UserIdempotencyRecord, { userId: admin.viewer.userId })).toHaveLength(50);
    }
    expect(await forgetOutcomes(parts.orm)).toBe(0);
  }, 60_000);

  it('stay while they are told to stop', async () => {
    const em = forkFor(parts.orm, world.admin.viewer);
    const createdAt = new Date(Date.now() - 2 * DAY_MS);
    await em.nativeUpdate(IdempotencyRecord, {}, { createdAt });
    expect(await forgetOutcomes(parts.orm, AbortSignal.abort())).toBe(0);
    expect(await forgetOutcomes(parts.orm)).toBe(50);
  });
});
