import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CompiledQuery } from 'kysely';
import { updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { forkFor, type Orm, openOrm } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { countRows, listRows, type Row } from '../../src/entities/rows.js';
import { SharedReads } from '../../src/entities/shared-reads.js';
import { sharedReadsOf } from '../../src/entities/statements.js';
import { Task } from '../../src/entities/task.js';
import { isEmbedded, type TestDatabase } from '../harness/column.js';
import { withOwnParts } from '../harness/own-parts.js';
import { World } from '../harness/world.js';

// Reads that wait for a connection: those who ask for the same have one.

const turn = () => new Promise(setImmediate);
const onMysql = isEmbedded ? describe.skip : describe;

let parts: Parts;
let database: TestDatabase;
withOwnParts((opened, itsDatabase) => {
  parts = opened;
  database = itsDatabase;
});

let world: World;
let project: Project;
let task: Row<Task>;
/** With a single connection, so that others wait while one has it. */
let orm: Orm;
beforeAll(async () => {
  world = await World.found(parts, null);
  project = await world.project();
  task = await world.task(project);
  orm = await openOrm({ ...database, databasePool: 1 });
  await orm.em.getConnection().initClient();
}, 60_000);
afterAll(() => orm.close());

const list = (
  companyId = world.companyId,
  projectId = project.id,
  columns: readonly string[] | null = ['id', 'title'],
) => listRows({ orm, companyId }, Task, { column: 'project', is: '=', value: projectId }, columns ? { columns } : {});
const titled = (title: string) => updateTask(parts, world.admin.viewer, task.id, { title });

/** What was asked for and sent while others have waited for the only connection. */
async function whileItIsTaken<T>(act: () => Promise<T>, meanwhile = async () => {}) {
  const reads = sharedReadsOf(orm.em);
  const { asked, sent } = reads;
  const client = orm.em.getConnection().getClient();
  const { waiting } = await client.connection().execute(async () => {
    const begun = { waiting: act() };
    await meanwhile();
    return begun;
  });
  return { answer: await waiting, asked: reads.asked - asked, sent: reads.sent - sent };
}

/** A pool that gives its connections when it is told to, or fails to. */
function pool() {
  const asking: { resolve(): void; reject(error: Error): void }[] = [];
  const running: { sql: string; answer(rows: object[]): void }[] = [];
  const executeQuery = ({ sql }: { sql: string }) =>
    new Promise((resolve) => running.push({ sql, answer: (rows) => resolve({ rows }) }));
  const provideConnection = async (act: (connection: object) => unknown) => {
    await new Promise<void>((resolve, reject) => asking.push({ resolve, reject }));
    return act({ executeQuery });
  };
  const reads = new SharedReads({ getExecutor: () => ({ provideConnection }) } as never);
  const ask = (sql: string, ...parameters: unknown[]) => reads.executeQuery(CompiledQuery.raw(sql, parameters));
  return { reads, ask, asking, running };
}

it('lets nobody join a read that has been sent', async () => {
  const { reads, ask, asking, running } = pool();
  const early = [ask('select a'), ask('select a'), ask('select a', 1)];
  expect(asking).toHaveLength(2);
  for (const each of asking) each.resolve();
  await turn();
  expect(running.map(({ sql }) => sql)).toEqual(['select a', 'select a']);
  const late = ask('select a');
  asking[2]?.resolve();
  await turn();
  for (const [i, { answer }] of running.entries()) answer([{ i }]);
  const rows = (await Promise.all([...early, late])).map((each) => each.rows[0]?.i);
  expect(rows).toEqual([0, 0, 1, 2]);
  expect(reads).toMatchObject({ asked: 4, sent: 3 });
});

it('tells all who wait that there was no connection, and tries again for who asks next', async () => {
  const { reads, ask, asking, running } = pool();
  const lost = Promise.allSettled([ask('select a'), ask('select a')]);
  asking[0]?.reject(new Error('none'));
  expect((await lost).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const next = ask('select a');
  expect(asking).toHaveLength(2);
  asking[1]?.resolve();
  await turn();
  running[0]?.answer([{ i: 0 }]);
  expect((await next).rows).toEqual([{ i: 0 }]);
  expect(reads).toMatchObject({ asked: 3, sent: 1 });
});

onMysql('on MySQL', () => {
  it('asks the database once for what many wait for, and answers with what it says then', async () => {
    await titled('before');
    const { answer, asked, sent } = await whileItIsTaken(
      () => Promise.all([list(), list(), list()]),
      async () => void (await titled('after')),
    );
    expect(answer.map((rows) => rows.map(({ title }) => title))).toEqual([['after'], ['after'], ['after']]);
    expect({ asked, sent }).toEqual({ asked: 3, sent: 1 });
  });

  it('gives nobody the rows of another company, of another list or of other columns', async () => {
    const other = await World.found(parts, null);
    const second = await world.project();
    const { answer, sent } = await whileItIsTaken(() =>
      Promise.all([
        list(),
        list(other.companyId),
        list(world.companyId, second.id),
        list(world.companyId, project.id, ['id']),
      ]),
    );
    expect(answer.map((rows) => rows.length)).toEqual([1, 0, 0, 1]);
    expect(() => answer[3]?.[0]?.title).toThrow('title of `tasks` was not read');
    expect(sent).toBe(4);
  });

  it('counts once for all as well', async () => {
    const count = () =>
      countRows({ orm, companyId: world.companyId }, Task, { column: 'project', is: '=', value: project.id });
    const { answer, asked, sent } = await whileItIsTaken(() => Promise.all([count(), count()]));
    expect({ answer, asked, sent }).toEqual({ answer: [1, 1], asked: 2, sent: 1 });
  });

  it('shares nothing of what a transaction reads, nor whole rows, which may be changed', async () => {
    const { asked } = await whileItIsTaken(() =>
      Promise.all([list(world.companyId, project.id, null), list(world.companyId, project.id, null)]),
    );
    expect(asked).toBe(0);
    const before = sharedReadsOf(parts.orm.em).asked;
    const outside = forkFor(parts.orm, { companyId: world.companyId });
    await outside.transactional((em) => countRows(em, Task, { column: 'project', is: '=', value: project.id }));
    expect(sharedReadsOf(parts.orm.em).asked).toBe(before);
  });

  it('tells all of them of a failure', async () => {
    const broken = () =>
      listRows(
        { orm, companyId: world.companyId },
        Task,
        { column: 'project', is: '=', value: project.id },
        { columns: ['id'], limit: -1 },
      );
    const { answer } = await whileItIsTaken(() => Promise.allSettled([broken(), broken()]));
    expect(answer.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
