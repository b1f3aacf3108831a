import { beforeAll, describe, expect, it } from '@jest/globals';
import { addComment } from '../../src/domain/comments.js';
import { moveTask, updateTask, updateTasks } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import type { Project } from '../../src/entities/project.js';
import { Task } from '../../src/entities/task.js';
import { readEvents } from '../../src/pubsub/event-log.js';
import { withOwnParts } from '../harness/own-parts.js';
import { World } from '../harness/world.js';

const WRITERS = 24;
const RACES = 15;

let parts: Parts;
withOwnParts((opened) => {
  parts = opened;
});

let world: World;
let project: Project;
beforeAll(async () => {
  world = await World.found(parts, null);
  project = await world.project();
}, 60_000);

/** The reasons of those that were refused. */
const refusals = async (all: Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(all)).flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));

describe('many at once', () => {
  it('change two tasks, in either order, and none of it is lost', async () => {
    const { viewer } = world.admin;
    const [one, other] = [await world.task(project), await world.task(project)];
    const act = (i: number): Promise<unknown> => {
      const both = i % 8 < 4 ? [one, other] : [other, one];
      const edits = both.map(({ id: taskId }) => ({ taskId, fields: { title: `of ${i}` } }));
      if (i % 3 === 0) return updateTasks(parts, viewer, edits);
      if (i % 3 === 1) return addComment(parts, viewer, one.id, `of ${i}`);
      return updateTask(parts, viewer, one.id, { description: `of ${i}` });
    };
    expect(await refusals(Array.from({ length: WRITERS }, (_, i) => act(i)))).toEqual([]);
    const events = await readEvents(parts.orm, world.companyId, 0, 10_000);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    for (const task of [one, other]) {
      const changes = events.filter(({ objectId, type }) => objectId === task.id && type === 'task.updated');
      expect((await world.asItIs(task)).version).toBe(changes.length + 1);
    }
    expect((await world.asItIs(one)).lastCommentNumber).toBe(WRITERS / 3);
  });

  it('edit one version of a task, and one of them is first', async () => {
    const task = await world.task(project);
    const edits = Array.from({ length: WRITERS }, (_, i) =>
      updateTask(parts, world.admin.viewer, task.id, { title: `of ${i}` }, task.version),
    );
    expect(await refusals(edits)).toEqual(Array(WRITERS - 1).fill('VERSION_CONFLICT'));
  });

  it('close a task and begin to wait for it: nobody waits for what is closed, nor in a circle', async () => {
    const { viewer } = world.admin;
    const wait = (task: Pick<Task, 'id'>, taskId: string) =>
      moveTask(parts, viewer, task.id, 'AWAITING_TASK', { taskId });
    for (let i = 0; i < RACES; i += 1) {
      const [a, b, c, d] = await Promise.all(Array.from({ length: 4 }, () => world.task(project)));
      if (!a || !b || !c || !d) throw new Error('Four tasks.');
      const closing = await refusals([wait(a, b.id), moveTask(parts, viewer, b.id, 'CLOSED', {})]);
      expect(closing.filter((code) => code !== 'NOT_AWAITABLE')).toEqual([]);
      expect([(await world.asItIs(a)).status, (await world.asItIs(b)).status]).toEqual(['NEW', 'CLOSED']);
      expect(await refusals([wait(c, d.id), wait(d, c.id)])).toEqual(['WAITS_IN_A_CIRCLE']);
    }
  }, 60_000);
});
