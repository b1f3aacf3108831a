import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, it } from '@jest/globals';
import { execute, parse } from 'graphql';
import { deactivateMember } from '../../src/domain/members.js';
import { createTask, updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Event } from '../../src/entities/event.js';
import { forkFor } from '../../src/entities/orm.js';
import { run } from '../../src/entities/statements.js';
import { createLocalBus } from '../../src/pubsub/bus.js';
import { FeedRegistry } from '../../src/pubsub/company-feed.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import type { ContextSettings } from '../../src/resolvers/context.js';
import { KeptAnswer } from '../../src/resolvers/kept-answer.js';
import { KeptCompanies } from '../../src/resolvers/kept-companies.js';
import { settingsOf } from '../harness/audience.js';
import { withOwnParts } from '../harness/own-parts.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

// What one process does with the answers that it keeps, seen from inside of it.

const schema = buildGuardedSchema();
let parts: Parts;
let settings: ContextSettings;
withOwnParts((opened) => {
  parts = opened;
  settings = settingsOf(parts);
});

let world: World;
beforeEach(async () => {
  world = await World.found(parts, null);
});

it('an answer is not kept when what it says was changed while it was read', async () => {
  const project = await world.project('EVERYONE');
  const { id } = await world.task(project);
  const companies = new KeptCompanies(settings, 1_000_000);
  companies.follow(world.companyId);
  await until(() => companies.find(world.companyId) !== null, 'the company is followed');
  const document = parse(`{ tasks(projectId: "${project.id}", first: 100) { nodes { id title } } }`);
  const open = () => KeptAnswer.open(companies, world.admin.viewer, 'the request');
  const answered = async (meanwhile: () => Promise<unknown>) => {
    const request = await open();
    const { errors } = await execute({ schema, document, contextValue: request?.context });
    expect(errors).toBeUndefined();
    await meanwhile();
    request?.keep({ body: 'the answer', headers: {}, encoded: new Map(), cost: 1 });
    return (await open())?.known?.body ?? null;
  };
  const change = () => updateTask(parts, world.admin.viewer, id, { title: 'changed meanwhile' });
  expect(await answered(change)).toBeNull();
  expect(await answered(async () => {})).toBe('the answer');
  await change();
  await world.task(project);
  expect((await open())?.known).toBeNull();
  companies.close();
});

it('an answer is made anew by one of those who are given the same, while the others wait', async () => {
  const project = await world.project('INTERNAL');
  const task = await world.task(project);
  const [one, other] = [await world.member({ role: 'SUPERVISOR' }), await world.member({ role: 'SUPERVISOR' })];
  const [mine, theirs] = [await world.member(), await world.member()];
  await world.grant(project, mine, 'EDIT');
  await world.task(project, { privacy: 'PRIVATE' }, mine);
  const companies = new KeptCompanies(settings, 1_000_000);
  companies.follow(world.companyId);
  await until(() => companies.find(world.companyId) !== null, 'the company is followed');
  const document = parse(`{ tasks(projectId: "${project.id}", first: 100) { nodes { id title } } }`);
  const open = async ({ viewer }: Person) => (await KeptAnswer.open(companies, viewer, 'the request')) as KeptAnswer;
  const make = async (request: KeptAnswer, body: string) => {
    await execute({ schema, document, contextValue: request.context });
    request.keep({ body, headers: {}, encoded: new Map(), cost: 1 });
  };
  for (const person of [one, mine, theirs]) await make(await open(person), person.member.id);
  expect((await open(other)).known?.body).toBe(one.member.id);
  const change = async () => {
    await updateTask(parts, world.admin.viewer, task.id, { title: `At ${performance.now()}` });
    await createTask(parts, world.admin.viewer, project.id, { title: 'Another one' });
  };
  /** Opens for somebody who has to wait, and looks for a while whether they do. */
  const openWaiting = async (person: Person) => {
    let isOver = false;
    const opened = open(person).finally(() => {
      isOver = true;
    });
    opened.catch(() => {});
    await delay(50);
    expect(isOver).toBe(false);
    return { opened };
  };

  // Whoever is given another one does not wait, and what was made is there for all who are given the same.
  await change();
  const first = await open(one);
  expect(first.known).toBeNull();
  const waiting = await openWaiting(other);
  const apart = await open(mine);
  expect(apart.known).toBeNull();
  await make(first, 'made anew');
  first.close();
  expect((await waiting.opened).known?.body).toBe('made anew');
  apart.close();

  // When it comes to nothing it is the next one's turn.
  await change();
  const failing = await open(one);
  const next = await openWaiting(other);
  failing.close();
  const turn = await next.opened;
  expect(turn.known).toBeNull();
  expect(turn.turn).not.toBeNull();

  // Nobody is given what they have lost the right to while they waited.
  const losing = await openWaiting(one);
  await deactivateMember(parts, world.admin.viewer, one.member.id);
  turn.close();
  await expect(losing.opened).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  companies.close();
});

it('an answer is forgotten when the log has lost what may have changed it', async () => {
  const [first, second] = [await world.project(), await world.project()];
  // Hears of nothing but what it reads in the log.
  const feeds = new FeedRegistry(parts.orm, createLocalBus(), parts.log, 50);
  const companies = new KeptCompanies({ ...settings, parts: { ...parts, feeds } }, 1_000_000);
  companies.follow(world.companyId);
  await until(() => companies.find(world.companyId) !== null, 'the company is followed');
  const open = () => KeptAnswer.open(companies, world.admin.viewer, 'the request');
  const document = parse(`{ tasks(projectId: "${first.id}", first: 100) { nodes { id } } }`);
  const request = await open();
  await execute({ schema, document, contextValue: request?.context });
  request?.keep({ body: 'the answer', headers: {}, encoded: new Map(), cost: 1 });
  expect((await open())?.known?.body).toBe('the answer');

  const lost = await world.task(first);
  await forkFor(parts.orm, world).nativeDelete(Event, { objectId: lost.id });
  await world.task(second);
  const position = (await readHeads(parts.orm, [world.companyId])).get(world.companyId);
  await until(() => companies.find(world.companyId)?.position === position, 'the rest of the log is read');
  expect((await open())?.known).toBeNull();
  companies.close();
  await feeds.close();
});

it('nothing is known of a log that has lost its end, also when it has grown again', async () => {
  const project = await world.project();
  await world.task(project);
  const feeds = new FeedRegistry(parts.orm, createLocalBus(), parts.log, 50);
  const companies = new KeptCompanies({ ...settings, parts: { ...parts, feeds } }, 1_000_000);
  companies.follow(world.companyId);
  await until(() => companies.find(world.companyId) !== null, 'the company is followed');
  const moveHead = (by: number) =>
    run(parts.orm.em, 'update log_heads set seq = seq + ? where company_id = ?', [by, world.companyId]);
  await moveHead(-1);
  await feeds.lost;
  expect(companies.find(world.companyId)).toBeNull();
  await moveHead(2);
  await delay(300);
  expect(companies.find(world.companyId)).toBeNull();
  companies.close();
  await feeds.close();
});
