import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deactivateMember } from '../../src/domain/members.js';
import { updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Event } from '../../src/entities/event.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import type { Bus } from '../../src/pubsub/bus.js';
import { FeedRegistry } from '../../src/pubsub/company-feed.js';
import { type LoggedEvent, readEvents, readHeads } from '../../src/pubsub/event-log.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { Audience, type Seat } from '../harness/audience.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

/** Brings of what is published only what a test lets through, when and as often as it says. */
class LossyBus implements Bus {
  readonly #listeners = new Map<string, (events: readonly LoggedEvent[]) => void>();

  async publish(): Promise<void> {}
  async subscribe(companyId: string, listener: (events: readonly LoggedEvent[]) => void): Promise<() => void> {
    this.#listeners.set(companyId, listener);
    return () => this.#listeners.delete(companyId);
  }
  bring(...events: readonly LoggedEvent[]): void {
    for (const event of events) this.#listeners.get(event.companyId)?.([event]);
  }
  isHealthy(): boolean {
    return true;
  }
  async close(): Promise<void> {}
}

const NEVER_MS = 2 ** 31 - 1;
const CHANGES = `subscription ($project: ID!, $after: String) {
  taskChanged(projectId: $project, after: $after) { kind cursor taskId task { title } } }`;

const schema = buildGuardedSchema();
const bus = new LossyBus();
let database: TestDatabase;
let writing: Parts;
let reading: Parts;
let audience: Audience;
let world: World;
let project: Project;
let task: Row<Task>;
beforeAll(async () => {
  database = await createDatabase();
  writing = await openParts(database);
  // The heads are not read either: what the bus does not bring is found only by what it does bring.
  reading = { ...writing, feeds: new FeedRegistry(writing.orm, bus, writing.log, NEVER_MS) };
  audience = new Audience(reading, schema);
  world = await World.found(writing, null);
  project = await world.project();
  task = await world.task(project);
}, 30_000);
afterAll(async () => {
  await audience?.fanOut.close();
  await reading?.feeds.close();
  await closeParts(writing);
  await database?.drop();
});

async function viewer(): Promise<Person> {
  const person = await world.member();
  await world.grant(project, person, 'VIEW');
  return person;
}

const follow = ({ viewer }: Person) => audience.seat(viewer, CHANGES, { project: project.id });

async function rename(title: string): Promise<LoggedEvent> {
  const { seq } = await updateTask(writing, world.admin.viewer, task.id, { title });
  const [event] = await readEvents(writing.orm, world.companyId, seq - 1, 1);
  if (!event) throw new Error('The event is not in the log.');
  return event;
}

const told = ({ told }: Seat) =>
  told.filter(({ kind }) => kind !== 'READY').map(({ kind, task }) => [kind, task?.title]);

describe('a bus that loses, doubles and swaps', () => {
  it('is healed from the log as soon as anything later comes', async () => {
    const seat = await follow(await viewer());
    const events = [await rename('one'), await rename('two'), await rename('three'), await rename('four')];
    const [one, two, three, four] = events as [LoggedEvent, LoggedEvent, LoggedEvent, LoggedEvent];
    bus.bring(one, one, three, two, three);
    await until(() => seat.told.length >= 4, 'three changes');
    bus.bring(four, one, four);
    await until(() => seat.told.length >= 5, 'the fourth');
    expect(told(seat).map(([kind]) => kind)).toEqual(['CHANGED', 'CHANGED', 'CHANGED', 'CHANGED']);
    expect(told(seat).at(-1)).toEqual(['CHANGED', 'four']);
    seat.leave();
  });

  it('says RESYNC where the log itself has lost something', async () => {
    const seat = await follow(await viewer());
    const lost = await rename('lost');
    const last = await rename('kept');
    await forkFor(writing.orm, world).nativeDelete(Event, { seq: lost.seq });
    bus.bring(last);
    await until(() => seat.told.length >= 3, 'RESYNC and the change');
    expect(told(seat)).toEqual([
      ['RESYNC', undefined],
      ['CHANGED', 'kept'],
    ]);
    seat.leave();
  });
});

describe('a right that ends while a subscription begins', () => {
  it('ends the subscription, though it was looked at before and its end was told before somebody was there to hear', async () => {
    const [person, other] = [await viewer(), await viewer()];
    const witness = await follow(other);
    const { fanOut } = audience;
    const { subscribe } = fanOut;
    fanOut.subscribe = async (admission, ...rest) => {
      await world.grant(project, person, null);
      const [head] = (await readHeads(writing.orm, [world.companyId])).values();
      bus.bring(...(await readEvents(writing.orm, world.companyId, (head ?? 0) - 1, 1)));
      await until(() => admission.company.position === head, 'the end of the right to be known');
      return subscribe.call(fanOut, admission, ...rest);
    };
    try {
      const seat = await follow(person);
      await until(() => seat.isOver, 'the end of the subscription');
      expect(seat.told.at(-1)?.errors?.[0]?.extensions.code).toBe('NOT_FOUND');
      seat.leave();
    } finally {
      fanOut.subscribe = subscribe;
      witness.leave();
    }
  });
});

describe('rights that ended before what is read was written', () => {
  it('are found out before it is shown, although neither has reached this process', async () => {
    const [person, other] = [await viewer(), await viewer()];
    const [seat, witness] = [await follow(person), await follow(other)];
    const change = await rename('open to both');
    await world.grant(project, person, null);
    await rename('for the other one only');
    // The task is read as it is now; that one of the two may not see it any more is known to the log alone.
    bus.bring(change);
    await until(() => told(witness).length > 0 && seat.isOver, 'one is told, the other ended');
    expect(JSON.stringify(witness.told)).toContain('for the other one only');
    expect(JSON.stringify(seat.told)).not.toContain('for the other one only');
    expect(seat.told.at(-1)?.errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    witness.leave();
    seat.leave();
  });

  it('end the connection of who was deactivated meanwhile', async () => {
    const [person, other] = [await viewer(), await viewer()];
    const [seat, witness] = [await follow(person), await follow(other)];
    const change = await rename('still a colleague');
    await deactivateMember(writing, world.admin.viewer, person.member.id);
    await rename('after the farewell');
    bus.bring(change);
    await until(() => told(witness).length > 0 && seat.hasEnded, 'one is told, the other ended');
    expect(JSON.stringify(seat.told)).not.toContain('after the farewell');
    witness.leave();
  });
});
