import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addComment } from '../../src/domain/comments.js';
import { assignTask, moveTask, updateTask } from '../../src/domain/tasks.js';
import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { type Answer, ask, codeOf, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
let editor: Person;
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer);
  editor = await world.member();
}, 30_000);
afterAll(() => cluster?.stop());

const TASKS = `query ($projectId: ID!, $first: Int!, $after: String, $filter: TaskFilter, $orderBy: TaskOrder) {
  tasks(projectId: $projectId, first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    nodes { id title } pageInfo { hasNextPage endCursor } } }`;

describe('paging', () => {
  const FIELDS = ['NUMBER', 'TITLE', 'PRIORITY', 'DUE_ON', 'CREATED_AT', 'UPDATED_AT'] as const;
  const orders = FIELDS.flatMap((field) => (['ASC', 'DESC'] as const).map((direction) => ({ field, direction })));
  let project: Project;
  const kept: string[] = [];

  beforeAll(async () => {
    project = await world.project();
    await world.grant(project, editor, 'EDIT');
    // Few values and many tasks: most neighbours are ties, and some have no value at all.
    for (let i = 0; i < 17; i += 1) {
      const dueOn = i % 3 === 0 ? null : `2026-0${(i % 4) + 1}-15`;
      const priority = (['LOW', 'NORMAL', 'HIGH'] as const)[i % 3];
      kept.push((await world.task(project, { title: `title ${i % 5}`, dueOn, priority })).id);
    }
  });

  const page = async (variables: object) =>
    (await get(cluster.last, editor.caller, TASKS, { projectId: project.id, first: 4, ...variables })).tasks;

  it.each(orders)('by $field $direction: no task twice or never, while others come and change', async (orderBy) => {
    const ids: string[] = [];
    let after: string | null = null;
    for (let round = 0; round === 0 || after; round += 1) {
      const { nodes, pageInfo } = await page({ orderBy, after });
      ids.push(...nodes.map(({ id }: { id: string }) => id));
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      if (round >= 3) continue;
      await world.task(project, { title: 'title 2', dueOn: '2026-02-15' });
      await world.task(project, { title: 'title 0', dueOn: null });
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => kept.includes(id)).sort()).toEqual([...kept].sort());
  });

  it.each(FIELDS)('by %s: descending is ascending turned round', async (field) => {
    const whole = async (direction: string) => {
      const { nodes } = await page({ first: 100, orderBy: { field, direction }, filter: { number: { lte: 50 } } });
      return nodes.map(({ id }: { id: string }) => id);
    };
    const ascending = await whole('ASC');
    expect(ascending.length).toBeGreaterThan(kept.length);
    expect((await whole('DESC')).reverse()).toEqual(ascending);
  });

  it('sorts priorities by weight and days by date, those without a day first', async () => {
    const small = await world.project();
    for (const [title, priority, dueOn] of [
      ['b', 'HIGHEST', '2026-01-02'],
      ['a', 'LOWEST', null],
      ['c', 'NORMAL', '2025-12-31'],
    ] as const) {
      await world.task(small, { title, priority, dueOn });
    }
    const sorted = async (field: string) => {
      const variables = { projectId: small.id, first: 10, orderBy: { field } };
      const { tasks } = await get(cluster.last, world.admin.caller, TASKS, variables);
      return tasks.nodes.map(({ title }: { title: string }) => title).join('');
    };
    expect([await sorted('PRIORITY'), await sorted('DUE_ON'), await sorted('TITLE')]).toEqual(['acb', 'acb', 'abc']);
  });

  it.each([
    [0, 'BAD_USER_INPUT'],
    [-1, 'BAD_USER_INPUT'],
    [101, 'BAD_USER_INPUT'],
    [1, null],
    [100, null],
  ])('a page of %i: %s', async (first, code) => {
    const variables = { projectId: project.id, first };
    expect(codeOf(await ask(cluster.last, editor.caller, TASKS, variables))).toBe(code);
  });

  it('asks for the size of a page', async () => {
    const answer = await ask(cluster.last, editor.caller, `{ tasks(projectId: "${project.id}") { nodes { id } } }`);
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
  });

  it('goes on after titles that look like times', async () => {
    const small = await world.project('INTERNAL');
    for (const title of ['2025-01-01T00:00 and after', '2025-01-01T00:00:00.000Z', '2026-01-01T'])
      await world.task(small, { title });
    const titles: string[] = [];
    let after: string | null = null;
    for (let i = 0; i < 3; i += 1) {
      const variables = { projectId: small.id, first: 1, after, orderBy: { field: 'TITLE' } };
      const found: Answer['data'] = await get(cluster.last, editor.caller, TASKS, variables);
      titles.push(...found.tasks.nodes.map(({ title }: { title: string }) => title));
      after = found.tasks.pageInfo.endCursor;
    }
    expect(titles).toEqual([...titles].sort());
    expect(new Set(titles).size).toBe(3);
  });

  it('refuses the cursor of another order', async () => {
    const { pageInfo } = await page({ orderBy: { field: 'TITLE', direction: 'ASC' } });
    const ask1 = (orderBy: object) =>
      ask(cluster.last, editor.caller, TASKS, { projectId: project.id, first: 4, after: pageInfo.endCursor, orderBy });
    expect(codeOf(await ask1({ field: 'TITLE', direction: 'ASC' }))).toBeNull();
    expect(codeOf(await ask1({ field: 'TITLE', direction: 'DESC' }))).toBe('NOT_FOUND');
    expect(codeOf(await ask1({ field: 'NUMBER', direction: 'ASC' }))).toBe('NOT_FOUND');
  });
});

describe('filtering', () => {
  let project: Project;
  const made: Record<string, Row<Task>> = {};
  const TITLES = [
    'plain',
    '100% done',
    '100 percent',
    'snake_case',
    'snakeXcase',
    'back\\slash',
    "it's",
    'ŽLUŤOUČKÝ kůň',
  ];

  beforeAll(async () => {
    project = await world.project();
    await world.grant(project, editor, 'EDIT');
    for (const title of TITLES) made[title] = await world.task(project, { title });
    const { admin } = world;
    const of = (title: string) => made[title]?.id ?? '';
    await updateTask(cluster.parts, admin.viewer, of('plain'), {
      priority: 'HIGHEST',
      startOn: '2026-01-01',
      dueOn: '2026-03-01',
    });
    await updateTask(cluster.parts, admin.viewer, of('100% done'), { dueOn: '2026-04-01', privacy: 'INTERNAL' });
    await assignTask(cluster.parts, admin.viewer, of('plain'), editor.member.id);
    await moveTask(cluster.parts, admin.viewer, of('snake_case'), 'IN_PROGRESS', {});
    await moveTask(cluster.parts, admin.viewer, of("it's"), 'CLOSED', {});
  });

  async function found(filter: object): Promise<string[]> {
    const variables = { projectId: project.id, first: 100, filter };
    const { tasks } = await get(cluster.last, editor.caller, TASKS, variables);
    return tasks.nodes.map(({ title }: { title: string }) => title);
  }
  const allBut = (...titles: string[]) => TITLES.filter((title) => !titles.includes(title));

  it.each<[string, object, string[]]>([
    ['nothing', {}, TITLES],
    ['contains', { title: { contains: 'lai' } }, ['plain']],
    ['contains, and nothing fits', { title: { contains: 'absent' } }, []],
    ['contains %', { title: { contains: '0%' } }, ['100% done']],
    ['contains _', { title: { contains: 'e_c' } }, ['snake_case']],
    ['contains \\', { title: { contains: 'k\\s' } }, ['back\\slash']],
    ["contains '", { title: { contains: "t's" } }, ["it's"]],
    ['contains, in another case and without accents', { title: { contains: 'zlutoucky KUN' } }, ['ŽLUŤOUČKÝ kůň']],
    ['eq', { title: { eq: 'plain' } }, ['plain']],
    ['eq is not contains', { title: { eq: 'plai' } }, []],
    ['in', { title: { in: ['plain', "it's", 'absent'] } }, ['plain', "it's"]],
    ['in nothing', { title: { in: [] } }, []],
    ['eq, in another case', { title: { eq: 'Plain' } }, []],
    ['eq, with a blank behind', { title: { eq: 'plain ' } }, []],
    ['in, without accents', { title: { in: ['zlutoucky kun', 'ŽLUŤOUČKÝ kůň'] } }, ['ŽLUŤOUČKÝ kůň']],
    ['in, without accents only', { title: { in: ['ZLUTOUCKY kun'] } }, []],
    ['not eq, in another case', { not: { title: { eq: 'Plain' } } }, TITLES],
    ['both of one field', { title: { contains: '100', eq: '100 percent' } }, ['100 percent']],
    ['status eq', { status: { eq: 'CLOSED' } }, ["it's"]],
    ['status ne', { status: { ne: 'NEW' } }, ['snake_case', "it's"]],
    ['status in', { status: { in: ['IN_PROGRESS', 'CLOSED'] } }, ['snake_case', "it's"]],
    ['priority', { priority: { eq: 'HIGHEST' } }, ['plain']],
    ['privacy', { privacy: { eq: 'INTERNAL' } }, ['100% done']],
    ['number', { number: { gte: 2, lte: 3 } }, ['100% done', '100 percent']],
    ['due from', { dueOn: { gte: '2026-03-02' } }, ['100% done']],
    ['due until, that day included', { dueOn: { lte: '2026-03-01' } }, ['plain']],
    ['due on', { dueOn: { eq: '2026-04-01' } }, ['100% done']],
    ['without a due day', { dueOn: { isNull: true } }, allBut('plain', '100% done')],
    ['with a due day', { dueOn: { isNull: false } }, ['plain', '100% done']],
    ['with a start', { startOn: { isNull: false } }, ['plain']],
    ['without a solver', { solverId: { isNull: true } }, allBut('plain')],
    ['with a solver', { solverId: { isNull: false } }, ['plain']],
    ['changed before it was made', { updatedAt: { lt: '2020-01-01T00:00:00Z' } }, []],
    ['changed since', { updatedAt: { gte: '2020-01-01T00:00:00Z' } }, TITLES],
    ['several fields', { status: { eq: 'NEW' }, privacy: { eq: 'INTERNAL' } }, ['100% done']],
    ['and', { and: [{ title: { contains: '100' } }, { dueOn: { isNull: false } }] }, ['100% done']],
    ['or', { or: [{ title: { eq: 'plain' } }, { status: { eq: 'CLOSED' } }] }, ['plain', "it's"]],
    ['or of nothing', { or: [] }, []],
    ['or of an empty one', { or: [{}, { title: { eq: 'plain' } }] }, TITLES],
    ['not', { not: { title: { contains: '100' } } }, allBut('100% done', '100 percent')],
    ['not an empty one', { not: {} }, []],
    ['not due by then, undated ones too', { not: { dueOn: { lte: '2026-03-01' } } }, allBut('plain')],
    ['not undated', { not: { dueOn: { isNull: true } } }, ['plain', '100% done']],
    [
      'deep',
      { or: [{ and: [{ not: { privacy: { eq: 'PUBLIC' } } }] }, { number: { eq: 1 } }] },
      ['plain', '100% done'],
    ],
  ])('by %s', async (_what, filter, titles) => {
    expect(await found(filter)).toEqual(titles);
  });

  it('by people', async () => {
    const { id } = editor.member;
    expect(await found({ solverId: { eq: id } })).toEqual(['plain']);
    expect(await found({ solverId: { in: [id, world.admin.member.id] } })).toEqual(['plain']);
    expect(await found({ not: { solverId: { eq: id } } })).toEqual(allBut('plain'));
    expect(await found({ ownerId: { eq: id } })).toEqual([]);
    expect(await found({ ownerId: { eq: world.admin.member.id } })).toEqual(TITLES);
  });

  it('refuses a filter that is too large to be an honest one', async () => {
    const or = Array.from({ length: 60 }, (_, i) => ({ number: { eq: i } }));
    const answer = await ask(cluster.last, editor.caller, TASKS, { projectId: project.id, first: 1, filter: { or } });
    expect([codeOf(answer), answer.errors[0]?.extensions.reason]).toEqual(['BAD_USER_INPUT', 'FILTER_TOO_LARGE']);
  });
});

describe('what stands under a task', () => {
  it('comments by number, and history from the first to the last, page by page', async () => {
    const project = await world.project();
    const task = await world.task(project);
    for (let i = 1; i <= 5; i += 1) await addComment(cluster.parts, world.admin.viewer, task.id, `comment ${i}`);
    const query = `query ($id: ID!, $after: String) { task(id: $id) {
      comments(first: 2, after: $after) { nodes { number body } pageInfo { hasNextPage endCursor } } } }`;
    const bodies: string[] = [];
    let after: string | null = null;
    do {
      const answer: Answer = await ask(cluster.last, world.admin.caller, query, { id: task.id, after });
      const { task: shown } = answer.data;
      bodies.push(...shown.comments.nodes.map(({ body }: { body: string }) => body));
      after = shown.comments.pageInfo.hasNextPage ? shown.comments.pageInfo.endCursor : null;
    } while (after);
    expect(bodies).toEqual([1, 2, 3, 4, 5].map((i) => `comment ${i}`));
  });

  it('comments, whose numbers tell nobody of those that they do not see', async () => {
    const project = await world.project();
    const task = await world.task(project);
    const external = await world.external();
    await world.grant(project, external, 'VIEW');
    const follow = await world.follow(task);
    for (const privacy of ['PUBLIC', 'INTERNAL', 'PUBLIC'] as const)
      await addComment(cluster.parts, world.admin.viewer, task.id, privacy, privacy);
    const comments = 'comments(first: 5) { nodes { number body } }';
    const asMember = `query ($id: ID!) { task(id: $id) { ${comments} } }`;
    const numbers = ({ task: shown }: { task: { comments: { nodes: { number: number | null }[] } } }) =>
      shown.comments.nodes.map(({ number }) => number);
    expect(numbers(await get(cluster.last, world.admin.caller, asMember, { id: task.id }))).toEqual([1, 2, 3]);
    expect(numbers(await get(cluster.last, external.caller, asMember, { id: task.id }))).toEqual([null, null]);
    const { followed } = await get(cluster.last, follow.caller, `{ followed { task { ${comments} } } }`);
    expect(numbers(followed)).toEqual([null, null]);
  });
});
