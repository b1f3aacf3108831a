import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getTask } from '../../src/domain/access.js';
import { transactOn } from '../../src/domain/actor.js';
import { KEPT_MS, type Once } from '../../src/domain/once.js';
import { updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { IdempotencyRecord } from '../../src/entities/idempotency-record.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { findRows, type Row } from '../../src/entities/rows.js';
import { run } from '../../src/entities/statements.js';
import type { Task } from '../../src/entities/task.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { isEmbedded, type TestDatabase } from '../harness/column.js';
import { withOwnParts } from '../harness/own-parts.js';
import { World } from '../harness/world.js';
import { COMMANDS, counted, someTasks } from './together.js';

// Commands that come together, each with an Idempotency-Key.

let parts: Parts;
let database: TestDatabase;
withOwnParts((opened, itsDatabase) => {
  parts = opened;
  database = itsDatabase;
});

let world: World;
let project: Project;
beforeAll(async () => {
  world = await World.found(parts, null);
  project = await world.project();
}, 60_000);

let next = 0;
const once = (key = `key ${next++}`, body = key, field = 'field'): Once => {
  const hash = (text: string) => parts.keyring.fingerprint('test', text);
  return { keyHash: hash(`key ${key}`), fieldHash: hash(`field ${field}`), bodyHash: hash(`body ${body}`) };
};
/** Each as a request of its own. */
const send = ({ id }: Pick<Task, 'id'>, title: string, by: Once, through = parts) =>
  updateTask({ ...through, once: { ...by } }, world.admin.viewer, id, { title });
const told = (promises: readonly Promise<{ result: Row<Task>; seq: number; isRepeated: boolean }>[]) =>
  Promise.all(
    promises.map((promise) =>
      promise.then(
        ({ result, seq, isRepeated }) => ({ title: result.title, version: result.version, seq, isRepeated }),
        ({ code, reason }) => ({ code: reason ?? code }),
      ),
    ),
  );

it('are committed together, and each is answered again as it was', async () => {
  const tasks = await someTasks(world, project, COMMANDS);
  const keys = tasks.map(() => once());
  const sendAll = () => told(tasks.map((task, i) => send(task, `keyed ${i}`, keys[i] as Once)));
  const { result: first, transactions } = await counted(parts, sendAll);
  if (!isEmbedded) expect(transactions).toBeLessThan(COMMANDS / 2);
  expect(first).toEqual(
    tasks.map((_, i) => ({ title: `keyed ${i}`, version: 2, seq: expect.any(Number), isRepeated: false })),
  );
  expect(new Set(first.map((each) => 'seq' in each && each.seq)).size).toBe(COMMANDS);
  const head = await readHeads(parts.orm, [world.companyId]);
  expect(await sendAll()).toEqual(first.map((each) => ({ ...each, isRepeated: true })));
  expect(await readHeads(parts.orm, [world.companyId])).toEqual(head);
});

it('that come again among others are answered from before, and the others are done together', async () => {
  const tasks = await someTasks(world, project, COMMANDS);
  const [known, ...others] = tasks;
  if (!known) throw new Error('Some tasks.');
  const before = once();
  const [first] = await told([send(known, 'before', before)]);
  await updateTask(parts, world.admin.viewer, known.id, { title: 'changed since' });
  const { transactions, undone } = await counted(parts, async () => {
    const [again, ...rest] = await told([
      send(known, 'before', before),
      ...others.map((task) => send(task, 'new', once())),
    ]);
    expect(again).toEqual({ ...first, isRepeated: true });
    expect(rest).toEqual(others.map(() => expect.objectContaining({ title: 'new', isRepeated: false })));
  });
  if (!isEmbedded) expect(transactions).toBeLessThan(COMMANDS / 2);
  expect(undone).toBe(0);
  expect((await world.asItIs(known)).title).toBe('changed since');
});

it('let nothing follow from what was done before', async () => {
  const [task, other] = await someTasks(world, project, 2);
  if (!task || !other) throw new Error('Two tasks.');
  const followed: string[] = [];
  const { viewer } = world.admin;
  const act = ({ id }: Pick<Task, 'id'>, by: Once) =>
    transactOn(
      { ...parts, once: { ...by } },
      viewer,
      id,
      (em, rights) => getTask(em, viewer, id, 'EDIT', { lock: 'FOR UPDATE', rights }),
      async ({ afterwards }) => afterwards(() => void followed.push(id)),
    );
  const key = once();
  await act(task, key);
  await Promise.all([act(task, key), act(other, once())]);
  expect(followed).toEqual([task.id, other.id]);
});

it('are done once by all who send them at once', async () => {
  const tasks = await someTasks(world, project, 4);
  const keys = tasks.map(() => once());
  const sendAll = () =>
    told(Array.from({ length: 4 * COMMANDS }, (_, i) => send(tasks[i % 4] as Task, 'once', keys[i % 4] as Once)));
  const { result: all, undone } = await counted(parts, sendAll);
  expect(undone).toBe(0);
  expect(all.filter((each) => 'isRepeated' in each && !each.isRepeated)).toHaveLength(4);
  for (const task of tasks) expect(await world.asItIs(task)).toMatchObject({ title: 'once', version: 2 });
});

it('keep why they were refused, and the others are done', async () => {
  const [refused, ...others] = await someTasks(world, project, 4);
  if (!refused) throw new Error('Four tasks.');
  const key = once();
  const { result: outcomes, undone } = await counted(parts, () =>
    told([send(refused, ' ', key), ...others.map((task) => send(task, 'done', once()))]),
  );
  expect(undone).toBe(0);
  expect(outcomes[0]).toEqual({ code: 'REQUIRED' });
  expect(outcomes.slice(1)).toEqual(others.map(() => expect.objectContaining({ title: 'done' })));
  const records = await findRows(forkFor(parts.orm, world), IdempotencyRecord, { keyHash: key.keyHash });
  expect(records).toHaveLength(1);
  expect(await told([send(refused, ' ', key)])).toEqual([{ code: 'REQUIRED' }]);
  expect(await told([send(refused, 'mended', { ...key, bodyHash: once().bodyHash })])).toEqual([
    { code: 'IDEMPOTENCY_KEY_REUSED' },
  ]);
});

it('keep why they were refused when another one of them fails', async () => {
  const headless = await World.found(parts, null);
  const lost = await headless.task(await headless.project());
  const [refused, fine] = await someTasks(world, project, 2);
  if (!refused || !fine) throw new Error('Two tasks.');
  await run(parts.orm.em, 'delete from log_heads where company_id = ?', [headless.companyId]);
  const key = once();
  const outcomes = await told([
    send(refused, ' ', key),
    send(fine, 'done', once()),
    updateTask({ ...parts, once: once() }, headless.admin.viewer, lost.id, { title: 'not done' }),
  ]);
  expect(outcomes.slice(0, 2)).toEqual([{ code: 'REQUIRED' }, expect.objectContaining({ title: 'done' })]);
  expect(outcomes[2]).not.toHaveProperty('title');
  expect(await findRows(forkFor(parts.orm, world), IdempotencyRecord, { keyHash: key.keyHash })).toHaveLength(1);
});

it('are done again when what they did is older than a day', async () => {
  const tasks = await someTasks(world, project, 3);
  const keys = tasks.map(() => once());
  const sendAll = () => told(tasks.map((task, i) => send(task, `done ${i}`, keys[i] as Once)));
  await sendAll();
  const old = new Date(Date.now() - KEPT_MS - 1_000);
  await forkFor(parts.orm, world).nativeUpdate(
    IdempotencyRecord,
    { keyHash: keys.map(({ keyHash }) => keyHash) },
    { createdAt: old },
  );
  expect(await sendAll()).toEqual(tasks.map(() => expect.objectContaining({ isRepeated: false })));
});

it('of another request are refused, also where both come at once', async () => {
  for (let i = 0; i < COMMANDS; i += 1) {
    const [one, other, third] = await someTasks(world, project, 3);
    if (!one || !other || !third) throw new Error('Three tasks.');
    const key = `reused ${i}`;
    const { result: outcomes, undone } = await counted(parts, () =>
      told([
        send(one, 'one', once(key, 'one', 'one')),
        send(other, 'other', once(key, 'other', 'other')),
        send(third, 'third', once()),
      ]),
    );
    expect(undone).toBe(0);
    expect(outcomes.map((each) => ('code' in each ? each.code : each.title)).toSorted()).toEqual([
      'IDEMPOTENCY_KEY_REUSED',
      expect.stringMatching(/^o/),
      'third',
    ]);
  }
});

// Embedded, two of them on one file in one thread would stand in each other's way.
(isEmbedded ? describe.skip : describe)('on two processes', () => {
  let elsewhere: Parts;
  beforeAll(async () => {
    elsewhere = await openParts(database);
  });
  afterAll(() => closeParts(elsewhere));

  it('are done once', async () => {
    for (let i = 0; i < COMMANDS; i += 1) {
      const tasks = await someTasks(world, project, 4);
      const keys = tasks.map(() => once());
      const [mine, theirs] = await Promise.all(
        [parts, elsewhere].map((through) => told(tasks.map((task, n) => send(task, 'done', keys[n] as Once, through)))),
      );
      for (const [n, task] of tasks.entries()) {
        const outcomes = [mine?.[n], theirs?.[n]] as { isRepeated: boolean }[];
        const [first, second] = outcomes.map(({ isRepeated, ...outcome }) => outcome);
        expect(second).toEqual(first);
        expect(outcomes.map(({ isRepeated }) => isRepeated).toSorted()).toEqual([false, true]);
        expect((await world.asItIs(task)).version).toBe(2);
      }
    }
  });

  it('are refused for another request', async () => {
    for (let i = 0; i < COMMANDS; i += 1) {
      const [one, other, ...further] = await someTasks(world, project, 4);
      if (!one || !other) throw new Error('Some tasks.');
      const key = `elsewhere ${i}`;
      const outcomes = await told([
        send(one, 'one', once(key, 'one', 'one'), parts),
        send(other, 'other', once(key, 'other', 'other'), elsewhere),
        ...further.map((task, n) => send(task, 'further', once(), n === 0 ? parts : elsewhere)),
      ]);
      expect(outcomes.filter((each) => 'code' in each)).toEqual([{ code: 'IDEMPOTENCY_KEY_REUSED' }]);
    }
  });
});
