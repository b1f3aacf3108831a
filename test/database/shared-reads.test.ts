import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { forkFor, type Orm, openOrm } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { countRows, listRows, type Row } from '../../src/entities/rows.js';
import { sharedReadsOf } from '../../src/entities/statements.js';
import { Task } from '../../src/entities/task.js';
import { isEmbedded, type TestDatabase } from '../harness/column.js';
import { withOwnParts } from '../harness/own-parts.js';
import { World } from '../harness/world.js';

// Reads that wait for a connection: those who ask for the same have one.

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

  it('reads again for who asks after it has been sent', async () => {
    await titled('first');
    const first = await list();
    await titled('second');
    const second = await list();
    expect([first, second].map(([row]) => row?.title)).toEqual(['first', 'second']);
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

  it('tells all of them of a failure, and reads again for who asks next', async () => {
    const broken = () =>
      listRows(
        { orm, companyId: world.companyId },
        Task,
        { column: 'project', is: '=', value: project.id },
        { columns: ['id'], limit: -1 },
      );
    const { answer } = await whileItIsTaken(() => Promise.allSettled([broken(), broken()]));
    expect(answer.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const away = await openOrm({ ...database, databaseUrl: 'mysql://nobody@127.0.0.1:1/none' });
    await away.em.getConnection().initClient();
    const lost = () => listRows({ orm: away, companyId: world.companyId }, Task, true, { columns: ['id'] });
    expect((await Promise.allSettled([lost(), lost()])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const { asked, sent } = sharedReadsOf(away.em);
    await expect(lost()).rejects.toThrow();
    expect([asked, sent, sharedReadsOf(away.em).asked]).toEqual([2, 0, 3]);
    await away.close();
  });
});
