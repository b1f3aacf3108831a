import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { readEvents, readHeads } from '../../src/pubsub/event-log.js';
import {
  LastChangeDocument,
  TaskTitleDocument,
  TitlesChangedDocument,
  type UpdateTaskInput,
  UpdateTasksDocument,
} from '../generated/documents.js';
import { ask, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
let editor: Person;
let project: Project;
let tasks: Row<Task>[];
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer);
  editor = await world.member();
  project = await world.project();
  await world.grant(project, editor, 'EDIT');
}, 30_000);
afterAll(() => cluster?.stop());
beforeEach(async () => {
  tasks = [];
  for (let i = 0; i < 3; i += 1) tasks.push(await world.task(project, { title: `old ${i}` }));
});

const send = (edits: UpdateTaskInput[], { caller } = editor) =>
  ask(cluster.last, caller, UpdateTasksDocument, { input: { tasks: edits } });
const update = async (edits: UpdateTaskInput[]) => {
  const { data, errors } = await send(edits);
  expect(errors).toEqual([]);
  return data.updateTasks;
};

const idOf = (i: number) => tasks[i]?.id ?? '';
const retitled = (...order: number[]): UpdateTaskInput[] => order.map((i) => ({ taskId: idOf(i), title: `new ${i}` }));
const head = async () => (await readHeads(cluster.parts.orm, [world.companyId])).get(world.companyId) ?? 0;

async function titles(): Promise<string[]> {
  const answers = tasks.map(({ id }) => get(cluster.first, editor.caller, TaskTitleDocument, { id }));
  return (await Promise.all(answers)).map(({ task }) => task.title);
}

/** Neither the tasks nor the log have changed. */
async function expectNothingDone(act: () => Promise<void>): Promise<void> {
  const before = await head();
  await act();
  expect(await head()).toBe(before);
  expect(await titles()).toEqual(['old 0', 'old 1', 'old 2']);
}

describe('many tasks edited at once', () => {
  it('are answered in the order that they were asked in, with where the log then is', async () => {
    const { tasks: changed, cursor, userErrors } = await update(retitled(2, 0, 1));
    expect(userErrors).toEqual([]);
    expect(changed?.map(({ title }) => title)).toEqual(['new 2', 'new 0', 'new 1']);
    expect(changed?.map(({ version }) => version)).toEqual([2, 2, 2]);
    expect(cursor).toEqual(expect.any(String));
    expect(await titles()).toEqual(['new 0', 'new 1', 'new 2']);
  });

  it('have one event and one entry of the history each, and none where nothing changed', async () => {
    const before = await head();
    await update([...retitled(1, 0), { taskId: idOf(2), title: 'old 2' }]);
    const events = await readEvents(cluster.parts.orm, world.companyId, before, 10);
    expect(events.map(({ type, objectId }) => [type, objectId])).toEqual([
      ['task.updated', idOf(1)],
      ['task.updated', idOf(0)],
    ]);
    const { task } = await get(cluster.last, editor.caller, LastChangeDocument, { id: idOf(1) });
    const change = { field: 'title', before: 'old 1', after: 'new 1' };
    expect(task.history.nodes).toEqual([{ type: 'task.updated', changes: [change] }]);
  });

  it('reach those who listen one by one', async () => {
    const stream = listen(cluster.last, world.admin.caller, TitlesChangedDocument, { project: project.id });
    await stream.until(({ kind }) => kind === 'READY');
    const { cursor } = await update(retitled(0, 1, 2));
    await stream.until(({ task }) => task?.title === 'new 2');
    await stream.stop();
    const told = stream.seen.slice(1).map(({ kind, task }) => [kind, task?.title]);
    expect(told).toEqual(['new 0', 'new 1', 'new 2'].map((title) => ['CHANGED', title]));
    expect(new Set([cursor, ...stream.seen.map((change) => change.cursor)]).size).toBe(5);
  });

  it('may be up to a hundred', async () => {
    const more = await Promise.all(Array.from({ length: 97 }, () => world.task(project)));
    const edits = [...tasks, ...more].map(({ id }, i) => ({ taskId: id, title: `new ${i}` }));
    expect((await update(edits)).tasks).toHaveLength(100);
    expect(await titles()).toEqual(['new 0', 'new 1', 'new 2']);
  });

  it('that others hold in another order are waited for, not fought over', async () => {
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ];
    const edits = Array.from({ length: 12 }, (_, n) =>
      (orders[n % 3] ?? []).map((i) => ({ taskId: idOf(i), title: `try ${n}` })),
    );
    const before = await head();
    await Promise.all(edits.map(update));
    expect(await head()).toBe(before + 36);
    expect(new Set(await titles()).size).toBe(1);
  });
});

describe('when one of them may not be edited so, none is', () => {
  it.each<[string, object, object]>([
    ['a title is missing', { title: ' ' }, { field: 'tasks.1.title', code: 'REQUIRED' }],
    [
      'dates are reversed',
      { startOn: '2026-02-01', dueOn: '2026-01-01' },
      { field: 'tasks.1.dueOn', code: 'DATES_REVERSED' },
    ],
    ['its version is an old one', { title: 'x', version: 7 }, { field: 'tasks.1.version', code: 'VERSION_CONFLICT' }],
  ])('because %s', (_why, fields, userError) =>
    expectNothingDone(async () => {
      const {
        tasks: none,
        cursor,
        userErrors,
      } = await update([...retitled(0), { taskId: idOf(1), ...fields }, ...retitled(2)]);
      expect({ none, cursor, userErrors }).toEqual({ none: null, cursor: null, userErrors: [userError] });
    }),
  );

  it.each<[string, () => Promise<UpdateTaskInput>, [string, string]]>([
    ['it is in a project that is only read', async () => readOnly(), ['FORBIDDEN', 'LEVEL_REQUIRED']],
    ['it is not seen', async () => unseen(), ['NOT_FOUND', 'NOT_VISIBLE_OR_ABSENT']],
    [
      'its title is too long',
      async () => ({ taskId: idOf(1), title: 'x'.repeat(301) }),
      ['BAD_USER_INPUT', 'ARGUMENT_INVALID'],
    ],
    ['it is named twice', async () => ({ taskId: idOf(0), title: 'again' }), ['BAD_USER_INPUT', 'TASK_TWICE']],
  ])('because %s', async (_why, make, refusal) => {
    const edit = await make();
    await expectNothingDone(async () => {
      const { errors } = await send([...retitled(0), edit, ...retitled(2)]);
      expect(errors.map(({ extensions }) => [extensions.code, extensions.reason])).toEqual([refusal]);
    });
  });

  it.each([0, 101])('because there are %i', (count) =>
    expectNothingDone(async () => {
      const edits = Array.from({ length: count }, () => retitled(0)).flat();
      expect((await send(edits)).errors[0]?.extensions).toMatchObject({ reason: 'NUMBER_OF_TASKS' });
    }),
  );

  it('because it is not public, and an external does it', async () => {
    const external = await world.external();
    await world.grant(project, external, 'EDIT');
    const { data } = await send([...retitled(0), { taskId: idOf(1), privacy: 'INTERNAL' }], external);
    expect(data.updateTasks.userErrors).toEqual([{ field: 'tasks.1.privacy', code: 'EXTERNALS_PUBLIC_ONLY' }]);
    expect(await titles()).toEqual(['old 0', 'old 1', 'old 2']);
  });
});

async function readOnly(): Promise<UpdateTaskInput> {
  const other = await world.project();
  await world.grant(other, editor, 'VIEW');
  return { taskId: (await world.task(other)).id, title: 'x' };
}

async function unseen(): Promise<UpdateTaskInput> {
  return { taskId: (await world.task(await world.project())).id, title: 'x' };
}
