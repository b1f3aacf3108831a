import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SqliteDriver } from '@mikro-orm/sql';
import { transactAs } from '../../src/domain/actor.js';
import { addComment } from '../../src/domain/comments.js';
import { deactivateMember } from '../../src/domain/members.js';
import { assignTask, createTask, moveTask, updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { BatchedConnection } from '../../src/entities/batched-connection.js';
import { Event, HistoryEntry, LogHead } from '../../src/entities/event.js';
import { forkFor } from '../../src/entities/orm.js';
import { Task } from '../../src/entities/task.js';
import { readEvents, readHeads } from '../../src/pubsub/event-log.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { World } from '../harness/world.js';

describe('the event log', () => {
  let database: TestDatabase;
  let parts: Parts;
  let world: World;
  beforeAll(async () => {
    database = await createDatabase();
    parts = await openParts(database);
    world = await World.found(parts, null);
  });
  afterAll(async () => {
    await closeParts(parts);
    await database?.drop();
  });

  const log = () => readEvents(parts.orm, world.companyId, 0, 10_000);
  const head = async () => (await readHeads(parts.orm, [world.companyId])).get(world.companyId);

  it('numbers the changes of many writers at once without a gap, in the order in which they became visible', async () => {
    const project = await world.project();
    const tasks = await Promise.all(Array.from({ length: 5 }, () => world.task(project)));
    const writers = tasks.flatMap((task) =>
      Array.from({ length: 4 }, async (_, i) => {
        const done = await addComment(parts, world.admin.viewer, task.id, `comment ${i}`);
        const visible = await head();
        expect(visible).toBeGreaterThanOrEqual(done.seq);
      }),
    );
    await Promise.all(writers);
    const events = await log();
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
    expect(await head()).toBe(events.length);
    for (const task of tasks)
      expect(events.filter((e) => e.objectId === task.id && e.type === 'task.commented')).toHaveLength(4);
  });

  it('gives tasks made at once numbers without a gap', async () => {
    const project = await world.project();
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, i) => createTask(parts, world.admin.viewer, project.id, { title: `T${i}` })),
    );
    expect(made.map(({ result }) => result.number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  });

  it('has the event exactly when it has the change', async () => {
    const task = await world.task(await world.project());
    const before = await head();
    await expect(
      transactAs(parts, world.admin.viewer, {}, async ({ em, record }) => {
        (await em.findOneOrFail(Task, { id: task.id })).title = 'never';
        record({ type: 'task.updated', objectId: task.id });
        await em.flush();
        throw new Error('afterwards');
      }),
    ).rejects.toThrow('afterwards');
    expect(await head()).toBe(before);
    expect(await forkFor(parts.orm, world).findOneOrFail(Task, { id: task.id })).toMatchObject({ title: task.title });
  });

  it('has neither where the event cannot be written', async () => {
    const apart = await World.found(parts, null);
    const task = await apart.task(await apart.project());
    const em = forkFor(parts.orm, apart);
    await em.nativeDelete(LogHead, { companyId: apart.companyId });
    await expect(updateTask(parts, apart.admin.viewer, task.id, { title: 'never' })).rejects.toThrow();
    expect(await em.findOneOrFail(Task, { id: task.id })).toMatchObject({ title: task.title, version: task.version });
    expect(await em.count(HistoryEntry, { objectId: task.id })).toBe(1);
    expect(
      (await readEvents(parts.orm, apart.companyId, 0, 100)).filter(({ type }) => type === 'task.updated'),
    ).toEqual([]);
  });

  it('is written in two trips, of which the second commits', async () => {
    const task = await world.task(await world.project());
    const trips = jest.spyOn(BatchedConnection.prototype, 'executeQuery');
    await moveTask(parts, world.admin.viewer, task.id, 'IN_PROGRESS', {});
    const texts = trips.mock.calls.map(([{ sql }]) => sql);
    trips.mockRestore();
    if (parts.orm.driver instanceof SqliteDriver) return expect(texts).toEqual([]);
    expect(texts).toHaveLength(2);
    expect(texts[1]).toMatch(/^update `tasks`.*;\ninsert into `events`.*;\ncommit$/s);
  });

  it('tells who changed what from what to what', async () => {
    const task = await world.task(await world.project(), { title: 'Old' });
    const { seq } = await updateTask(parts, world.admin.viewer, task.id, { title: 'New', priority: 'HIGH' });
    const em = forkFor(parts.orm, world);
    const entry = await em.findOneOrFail(HistoryEntry, { objectId: task.id, type: 'task.updated' });
    expect(entry).toMatchObject({
      actorId: world.admin.member.id,
      entryPoint: 'MEMBER',
      changes: { title: ['Old', 'New'], priority: ['NORMAL', 'HIGH'] },
    });
    expect(await em.findOneOrFail(Event, { seq })).toMatchObject({ type: 'task.updated', objectId: task.id });
  });

  it('has no event for a change that changes nothing', async () => {
    const task = await world.task(await world.project(), { title: 'Same' });
    const before = await head();
    const { seq } = await updateTask(parts, world.admin.viewer, task.id, { title: 'Same' });
    expect([await head(), seq]).toEqual([before, before]);
  });

  it('assigns to nobody whose deactivation is committed first, however close', async () => {
    const project = await world.project();
    for (let round = 0; round < 5; round += 1) {
      const person = await world.member();
      const task = await world.task(project);
      const [assigned] = await Promise.allSettled([
        assignTask(parts, world.admin.viewer, task.id, person.member.id),
        deactivateMember(parts, world.admin.viewer, person.member.id),
      ]);
      const events = await log();
      const at = (type: string, id: string) =>
        events.findIndex((event) => event.type === type && event.objectId === id);
      if (assigned.status === 'fulfilled')
        expect(at('task.assigned', task.id)).toBeLessThan(at('member.deactivated', person.member.id));
      else expect(String(assigned.reason)).toContain('deactivated');
    }
  });
});
