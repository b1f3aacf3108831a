import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadGrants } from '../../src/auth/grants.js';
import type { KnownRights } from '../../src/domain/known-rights.js';
import { deactivateMember } from '../../src/domain/members.js';
import { moveTask, updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { type EntityManager, forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { findRow, type Row } from '../../src/entities/rows.js';
import { run } from '../../src/entities/statements.js';
import { Task } from '../../src/entities/task.js';
import { readEvents, readHeads } from '../../src/pubsub/event-log.js';
import { isEmbedded } from '../harness/column.js';
import { withOwnParts } from '../harness/own-parts.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';
import { COMMANDS, counted, someTasks } from './together.js';

let parts: Parts;
withOwnParts((opened) => {
  parts = opened;
});

let world: World;
let other: World;
let project: Project;
let elsewhere: Project;
beforeAll(async () => {
  world = await World.found(parts, null);
  other = await World.found(parts, null);
  project = await world.project();
  elsewhere = await other.project();
}, 60_000);

const rename = ({ id }: Pick<Task, 'id'>, title: string, { viewer }: Person = world.admin) =>
  updateTask(parts, viewer, id, { title });
/** Lets something be done while somebody else's transaction holds what it has locked. */
async function whileHeld<T>(
  lock: (em: EntityManager) => Promise<unknown>,
  act: (release: () => Promise<void>) => Promise<T>,
) {
  const em = forkFor(parts.orm, { companyId: world.companyId });
  await em.begin();
  await lock(em);
  let isHeld = true;
  const release = async () => {
    if (isHeld) await em.rollback();
    isHeld = false;
  };
  return act(release).finally(release);
}

describe('commands that come together', () => {
  it('are committed together, and each is as if it were alone', async () => {
    const [ours, theirs] = await Promise.all([
      someTasks(world, project, COMMANDS),
      someTasks(other, elsewhere, COMMANDS),
    ]);
    const before = await readHeads(parts.orm, [world.companyId, other.companyId]);
    const { commands, transactions } = await counted(parts, async () => {
      const done = await Promise.all([
        ...ours.map((task, i) => rename(task, `ours ${i}`)),
        ...theirs.map((task, i) => rename(task, `theirs ${i}`, other.admin)),
      ]);
      expect(done.map(({ result }) => result.title)).toEqual([
        ...ours.map((_, i) => `ours ${i}`),
        ...theirs.map((_, i) => `theirs ${i}`),
      ]);
      for (const [of, tasks] of [
        [world, done.slice(0, COMMANDS)],
        [other, done.slice(COMMANDS)],
      ] as const) {
        const since = before.get(of.companyId) ?? 0;
        const events = await readEvents(parts.orm, of.companyId, since, 100);
        expect(events.map(({ seq }) => seq)).toEqual(tasks.map((_, i) => since + 1 + i));
        // What each was told is where its own event stands, and what its own row has.
        for (const { result, seq } of tasks) {
          expect(events[seq - since - 1]?.objectId).toBe(result.id);
          const { title, version } = await of.asItIs(result);
          expect({ title, version }).toEqual({ title: result.title, version: 2 });
        }
      }
    });
    expect(commands).toBe(2 * COMMANDS);
    if (isEmbedded) expect(transactions).toBe(commands);
    else expect(transactions).toBeLessThan(commands / 2);
  });

  it('do not notice that one of them is refused', async () => {
    const [first, second, third] = await someTasks(world, project, 3);
    if (!first || !second || !third) throw new Error('Three tasks.');
    const stranger = await world.external();
    const { result: outcomes, undone } = await counted(parts, () =>
      Promise.allSettled([
        rename(first, 'done'),
        updateTask(parts, world.admin.viewer, second.id, { title: 'not done' }, second.version + 1),
        rename(third, 'not done either', stranger),
        moveTask(parts, world.admin.viewer, third.id, 'IN_PROGRESS', {}),
      ]),
    );
    expect(undone).toBe(0);
    expect(outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : 'done'))).toEqual([
      'done',
      'VERSION_CONFLICT',
      'NOT_FOUND',
      'done',
    ]);
    expect((await world.asItIs(second)).title).toBe(second.title);
    expect(await world.asItIs(third)).toMatchObject({ title: third.title, status: 'IN_PROGRESS', version: 2 });
  });

  it('change one object one after the other', async () => {
    const [task] = await someTasks(world, project, 1);
    if (!task) throw new Error('One task.');
    const done = await Promise.all(Array.from({ length: COMMANDS }, (_, i) => rename(task, `title ${i}`)));
    expect(done.map(({ result }) => result.version)).toEqual(done.map((_, i) => task.version + 1 + i));
  });

  it('close a task and change the one that waits for it, and nothing is lost', async () => {
    const { viewer } = world.admin;
    for (let i = 0; i < COMMANDS; i += 1) {
      const [awaited, waiting] = await someTasks(world, project, 2);
      if (!awaited || !waiting) throw new Error('Two tasks.');
      await moveTask(parts, viewer, waiting.id, 'IN_PROGRESS', {});
      await moveTask(parts, viewer, waiting.id, 'AWAITING_TASK', { taskId: awaited.id });
      await Promise.all([moveTask(parts, viewer, awaited.id, 'CLOSED', {}), rename(waiting, 'changed')]);
      expect(await world.asItIs(waiting)).toMatchObject({ title: 'changed', status: 'IN_PROGRESS', version: 5 });
    }
  });
});

// SQLite lets one write at a time, whatever it writes.
(isEmbedded ? describe.skip : describe)('where the database stops one of them', () => {
  it('nobody else waits for what somebody has locked', async () => {
    const [locked, ...free] = await someTasks(world, project, 4);
    if (!locked) throw new Error('Four tasks.');
    await whileHeld(
      (em) => findRow(em, Task, locked.id, { lock: 'FOR UPDATE' }),
      async (release) => {
        let isDone = false;
        const late = rename(locked, 'late').then(() => {
          isDone = true;
        });
        const begun = performance.now();
        const { undone } = await counted(parts, () => Promise.all(free.map((task) => rename(task, 'at once'))));
        expect(undone).toBe(0);
        // Whoever waits for a lock waits for five seconds.
        expect(performance.now() - begun).toBeLessThan(2_500);
        expect(isDone).toBe(false);
        await release();
        await late;
      },
    );
    expect((await world.asItIs(locked)).title).toBe('late');
  });

  it('the others are done when one cannot be', async () => {
    const headless = await World.found(parts, null);
    const [lost] = await someTasks(headless, await headless.project(), 1);
    const fine = await someTasks(world, project, 3);
    await run(parts.orm.em, 'delete from log_heads where company_id = ?', [headless.companyId]);
    const outcomes = await Promise.allSettled([
      ...fine.map((task) => rename(task, 'done')),
      rename(lost as Task, 'not done', headless.admin),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect((await headless.asItIs(lost as Task)).title).toBe((lost as Task).title);
  });

  it('nothing is done twice of which nobody knows whether it was committed', async () => {
    const tasks = await someTasks(world, project, 3);
    const waiting =
      "select id as connection from information_schema.processlist where db = database() and info like 'update log_heads%'";
    // More often than there are connections: each that was lost is given back.
    for (let i = 0; i < COMMANDS; i += 1) {
      await whileHeld(
        (em) => run(em, 'select seq from log_heads where company_id = ? for update', [world.companyId]),
        async (release) => {
          const outcomes = Promise.allSettled(tasks.map((task) => rename(task, 'unknown')));
          let connection = 0;
          await until(async () => {
            const { rows } = await run(parts.orm.em, waiting, []);
            connection = Number(rows[0]?.connection ?? 0);
            return connection > 0;
          }, 'the writes wait for the head');
          await run(parts.orm.em, `kill ${connection}`, []);
          const told = await outcomes;
          await release();
          expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
        },
      );
    }
    for (const task of tasks) expect(await world.asItIs(task)).toMatchObject({ title: task.title, version: 1 });
    await Promise.all(tasks.map((task) => rename(task, 'again')));
  });
});

// Embedded, they are read all the same.
describe('rights that are known beforehand', () => {
  /** The parts of a process that has read somebody's rights, and has not heard of anything since. */
  async function knowing({ viewer }: Person, ahead = 0): Promise<Parts> {
    const { companyId } = world;
    const source = { orm: parts.orm, companyId };
    const seq = ahead + ((await readHeads(parts.orm, [companyId])).get(companyId) ?? 0);
    const grants = await loadGrants(source, viewer);
    const projects = new Map<string, Row<Project>>();
    const rights: KnownRights = {
      companyId,
      seq,
      grants,
      project: (id) => projects.get(id),
      remember: (read) => void projects.set(read.id, read),
    };
    return { ...parts, rightsOf: async (asking) => (asking.memberId === viewer.memberId ? rights : null) };
  }

  it('are gone by while they hold', async () => {
    const editor = await world.member();
    const open = await world.project();
    await world.grant(open, editor, 'EDIT');
    const [task] = await someTasks(world, open, 1);
    if (!task) throw new Error('One task.');
    const their = await knowing(editor);
    // No event tells of it, so nobody knows who does not read it; embedded it is read.
    if (!isEmbedded) await run(parts.orm.em, 'delete from project_permissions where company_id = ?', [world.companyId]);
    for (const title of ['once', 'twice']) await updateTask(their, editor.viewer, task.id, { title });
    expect(await world.asItIs(task)).toMatchObject({ title: 'twice', version: 3 });
  });

  it('are nothing against what has been decided since', async () => {
    const editor = await world.member();
    const open = await world.project();
    await world.grant(open, editor, 'EDIT');
    const tasks = await someTasks(world, open, 3);
    const their = await knowing(editor);
    await world.grant(open, editor, 'VIEW');
    const reasons = async () =>
      (
        await Promise.allSettled(tasks.map(({ id }) => updateTask(their, editor.viewer, id, { title: 'too late' })))
      ).map((each) => (each.status === 'rejected' ? each.reason.code : 'done'));
    expect(await reasons()).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    await world.grant(open, editor, null);
    expect(await reasons()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
    for (const task of tasks) expect((await world.asItIs(task)).title).toBe(task.title);
  });

  it('are nothing in a log that has lost its end', async () => {
    const editor = await world.member();
    const open = await world.project();
    await world.grant(open, editor, 'EDIT');
    const [task] = await someTasks(world, open, 1);
    const their = await knowing(editor, 1_000);
    await world.grant(open, editor, null);
    const edit = updateTask(their, editor.viewer, (task as Task).id, { title: 'after the failover' });
    await expect(edit).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are read where they do not suffice: they may have been given since', async () => {
    const editor = await world.member();
    const open = await world.project();
    const tasks = await someTasks(world, open, 3);
    const their = await knowing(editor);
    await world.grant(open, editor, 'EDIT');
    const edits = tasks.map(({ id }, i) => updateTask(their, editor.viewer, id, { title: `given ${i}` }));
    expect((await Promise.all(edits)).map(({ result }) => result.title)).toEqual(['given 0', 'given 1', 'given 2']);
  });

  it('end with a membership', async () => {
    const editor = await world.member();
    const open = await world.project();
    await world.grant(open, editor, 'EDIT');
    const [task] = await someTasks(world, open, 1);
    const their = await knowing(editor);
    await deactivateMember(parts, world.admin.viewer, editor.member.id);
    await expect(updateTask(their, editor.viewer, (task as Task).id, { title: 'x' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('do not hinder those whose rights hold', async () => {
    const [lasting, ending] = [await world.member(), await world.member()];
    const open = await world.project();
    await world.grant(open, lasting, 'EDIT');
    await world.grant(open, ending, 'EDIT');
    const [mine, yours] = await someTasks(world, open, 2);
    if (!mine || !yours) throw new Error('Two tasks.');
    const [my, your] = [await knowing(lasting), await knowing(ending)];
    await world.grant(open, ending, null);
    const outcomes = await Promise.allSettled([
      updateTask(my, lasting.viewer, mine.id, { title: 'mine' }),
      updateTask(your, ending.viewer, yours.id, { title: 'yours' }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect([(await world.asItIs(mine)).title, (await world.asItIs(yours)).title]).toEqual(['mine', yours.title]);
  });
});
