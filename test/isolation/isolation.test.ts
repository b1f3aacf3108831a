import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addComment } from '../../src/domain/comments.js';
import { findPreferences, findViews } from '../../src/domain/personal.js';
import { updateTask } from '../../src/domain/tasks.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { type IdPrefix, newId, prefixOf } from '../../src/schema/ids.js';
import { type Answer, ask, type Caller, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Case, cases, NODE, NODES, nodeCases } from './cases.js';
import { idPlaces, lists, nodeTypes, relations } from './places.js';
import { type List, listCases, type Relation, relationCases } from './relations.js';
import { createSide, markOf, type Secrecy, type Side, type Who, WITHHELD } from './sides.js';

const schema = buildGuardedSchema();

let cluster: Cluster;
let ours: Side;
let theirs: Side;
beforeAll(async () => {
  // As in production: what is kept from one request to the next must not be given to the wrong people.
  cluster = await startCluster({ HEARTBEAT_MS: '60000', ANSWER_CACHE_BYTES: '8000000' });
  ours = await createSide(cluster, 'ours');
  theirs = await createSide(cluster, 'theirs');
}, 60_000);
afterAll(() => cluster?.stop());

describe('there is a case for every place of the schema, and no case too many', () => {
  it.each([
    ['that takes an id or a cursor', idPlaces, cases],
    ['that leads from one object to another', relations, relationCases],
    ['that answers many objects', lists, listCases],
    ['that node finds', nodeTypes, nodeCases],
  ])('%s', (_what, walk, map) => {
    const places = walk(schema);
    expect(places.length).toBeGreaterThan(3);
    expect({
      withoutCase: places.filter((place) => !map[place]),
      withoutPlace: Object.keys(map).filter((key) => !places.includes(key)),
    }).toEqual({
      withoutCase: [],
      withoutPlace: [],
    });
  });
});

/** An answer as it came, all of it as text too; a subscription's is its first payload, or its refusal. */
interface Reply {
  text: string;
  data: Answer['data'];
  codes: string[];
  userErrors: string[];
}

async function call(caller: Caller, document: string, variables: object): Promise<Reply> {
  const { data, errors } = document.startsWith('subscription')
    ? await firstOf(caller, document, variables)
    : await askTwice(caller, document, variables);
  const userErrors = Object.values(data ?? {}).flatMap(
    (field) => (field as { userErrors?: { code: string }[] } | null)?.userErrors ?? [],
  );
  return {
    text: JSON.stringify({ data, errors }),
    data,
    codes: errors.map(({ extensions }) => extensions?.code ?? 'NONE'),
    userErrors: userErrors.map(({ code }) => code),
  };
}

/** A query is asked once more: what was kept of it is looked at as well. */
async function askTwice(caller: Caller, document: string, variables: object): Promise<Answer> {
  const answer = await ask(cluster.last, caller, document, variables);
  if (!document.startsWith('query') || /ursor/.test(document)) return answer;
  const again = await ask(cluster.last, caller, document, variables);
  expect(again).toEqual(answer);
  return again;
}

async function firstOf(caller: Caller, document: string, variables: object) {
  const stream = listen(cluster.last, caller, document, { ...variables });
  const payload = await stream.until(() => true).catch(() => null);
  const errors = payload
    ? []
    : await Promise.race([
        stream.failed,
        stream.closed.then(({ code, reason }) => [{ extensions: { code: `${code} ${reason}` } }]),
      ]);
  await stream.stop();
  return { data: payload && { stream: payload }, errors: errors as Answer['errors'] };
}

/** Nothing planted that is not for this viewer stands anywhere in the answer. */
function expectNoLeak(who: Who, { text }: Reply): void {
  const secrets: Secrecy[] = ['open', 'inside', 'hidden', 'private', 'personal', 'elsewhere'];
  const foreign = secrets.map((secrecy) => markOf('theirs', secrecy));
  const withheld = WITHHELD[who].map((secrecy) => markOf('ours', secrecy));
  expect([...foreign, ...withheld].filter((mark) => text.includes(mark))).toEqual([]);
}

function expectRefusal({ answer }: Case, reply: Reply): void {
  const { codes, userErrors, data } = reply;
  switch (answer) {
    case 'NOT_FOUND':
      expect({ codes, userErrors, data: shown(data) }).toEqual({ codes: ['NOT_FOUND'], userErrors: [], data: null });
      break;
    case 'NOT_A_MEMBER':
      expect({ codes, userErrors, data: shown(data) }).toEqual({ codes: [], userErrors: [answer], data: null });
      break;
    case 'NULL':
      expect({ codes, nodes: data.nodes }).toEqual({
        codes: [],
        nodes: [expect.objectContaining({ id: ours.companyId }), null],
      });
      break;
    case 'EMPTY':
      expect(Object.values(data)).toEqual([
        {
          nodes: [],
          edges: [],
          pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
        },
      ]);
  }
}

function expectSuccess({ answer }: Case, { codes, userErrors, data }: Reply): void {
  expect({ codes, userErrors, isShown: shown(data) !== null }).toEqual({ codes: [], userErrors: [], isShown: true });
  if (answer === 'EMPTY') expect((data.tasks ?? data.projects).nodes.length).toBeGreaterThan(0);
  if (answer === 'NULL') expect(data.nodes).toEqual([expect.any(Object), expect.any(Object)]);
}

/** What an answer shows of objects, or null when it shows none. */
function shown(data: Answer['data']): unknown {
  const parts = Object.values(data ?? {}).flatMap((field) => {
    if (field === null || typeof field !== 'object' || !('userErrors' in field)) return [field];
    return Object.entries(field).flatMap(([name, value]) => (name === 'userErrors' ? [] : [value]));
  });
  return parts.find((part) => part !== null && part !== undefined) ?? null;
}

const steps = (path: string) => path.split('.');
const valueAt = (value: unknown, path: string): unknown =>
  steps(path).reduce((inner, step) => (inner as Record<string, unknown> | null | undefined)?.[step], value);

function withValueAt(variables: object, path: string, value: unknown): object {
  const copy = structuredClone(variables);
  const way = steps(path);
  const last = way.pop() as string;
  const holder = way.reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], copy);
  (holder as Record<string, unknown>)[last] = value;
  return copy;
}

const isCursor = ({ at }: Case) => /^(after|before|minCursor)$/.test(at);

/** What is never changed by a refused call: the companies' logs, and the data of users who do not ask. */
async function witness(): Promise<unknown> {
  const { parts } = ours;
  const heads = await readHeads(
    parts.orm,
    [ours, theirs].flatMap(({ companyId, elsewhereId }) => [companyId, elsewhereId]),
  );
  const bystanders = [ours.people.colleague, theirs.people.colleague, theirs.people.editor];
  const personal = [];
  for (const { viewer } of bystanders) {
    const { locale, defaultView } = await findPreferences(parts.orm, viewer.userId);
    const views = await findViews(parts.orm, viewer.userId);
    personal.push(locale, defaultView?.id, ...views.map(({ id, name, filter }) => [id, name, filter]));
  }
  return { heads: Object.fromEntries(heads), personal };
}

describe.each(Object.entries(cases).map(([path, one]) => [path, [one].flat()] as const))('%s', (_path, attempts) => {
  describe.each(attempts.map((attempt) => [attempt.as, attempt] as const))('asked by %s', (who, attempt) => {
    const make = () => attempt.variables(ours, cluster.first);
    const send = (variables: object) => call(ours.callers[who], attempt.document, variables);

    /** The same call with this id at the place: refused, without a trace here or there. */
    async function tryWith(id: unknown): Promise<Reply> {
      const variables = withValueAt(await make(), attempt.at, id);
      const before = await witness();
      const reply = await send(variables);
      expectNoLeak(who, reply);
      expectRefusal(attempt, reply);
      expect(await witness()).toEqual(before);
      return reply;
    }
    const absent = async () => {
      if (isCursor(attempt)) return randomBytes(36).toString('base64url');
      return newId(prefixOf(String(valueAt(await make(), attempt.at))) as IdPrefix);
    };

    it('works with a rightful id', async () => {
      const reply = await send(await make());
      expectSuccess(attempt, reply);
      expectNoLeak(who, reply);
    });

    it("refuses another company's id, as if there were none", async () => {
      const foreign = valueAt(await attempt.variables(theirs, cluster.first), attempt.at);
      expect(foreign).toEqual(expect.any(String));
      const reply = await tryWith(foreign);
      expect(reply.text).toBe((await tryWith(await absent())).text);
    });

    it('refuses an id of another kind', async () => {
      const kind = prefixOf(String(valueAt(await make(), attempt.at)));
      if ([NODE, NODES].includes(attempt.document)) return;
      await tryWith(kind === 'task' ? ours.project.id : ours.task.id);
    });

    if (typeof attempt.hidden === 'object') {
      it.each(Object.entries(attempt.hidden))('refuses %s, as if there were none', async (_what, id) => {
        const reply = await tryWith(id(ours));
        expect(reply.text).toBe((await tryWith(await absent())).text);
      });
    }
  });
});

describe('an id that is no id is refused by every place', () => {
  const places = Object.entries(cases).flatMap(([path, one]) =>
    [one]
      .flat()
      .slice(0, 1)
      .map((attempt) => [path, attempt] as const),
  );

  it.each(places)('%s', async (_path, attempt) => {
    for (const id of ['x', 'constructor_01h455vb4pex5vsknk084sn02q', "task_' or 1 = 1 --", '_', '🙂'.repeat(50)]) {
      const variables = withValueAt(await attempt.variables(ours, cluster.first), attempt.at, id);
      const reply = await call(ours.callers[attempt.as], attempt.document, variables);
      expectNoLeak(attempt.as, reply);
      expectRefusal(attempt, reply);
    }
  });
});

describe('node', () => {
  const find = (who: Who, id: string) => call(ours.callers[who], NODE, { id });

  it.each(Object.entries(nodeCases))('finds a %s of the own company as what it is', async (kind, [first]) => {
    const { as, variables } = first as Case;
    const reply = await call(ours.callers[as], NODE, await variables(ours, cluster.first));
    expect(reply.data.node.__typename).toBe(kind);
  });

  it.each([
    ['a follow, for whoever is no administrator', 'manager', () => ours.follow.id],
    ['a workspace, for externals', 'external', () => ours.workspaceId],
    [
      'preferences, even the own ones',
      'editor',
      async () => (await findPreferences(ours.parts.orm, ours.people.editor.viewer.userId)).id,
    ],
    [
      'an entry of the history',
      'editor',
      async () =>
        (await get(cluster.first, ours.callers.editor, HISTORY, { id: ours.task.id })).task.history.nodes[0].id,
    ],
    ['a permission', 'editor', () => newId('permission')],
  ] as const)('does not find %s', async (_what, who, id) => {
    expect((await find(who, await id())).codes).toEqual(['NOT_FOUND']);
  });
});

const HISTORY = 'query ($id: ID!) { task(id: $id) { history(first: 1) { nodes { id } } } }';

describe('a filter', () => {
  const TASKS =
    'query ($id: ID!, $filter: TaskFilter) { tasks(projectId: $id, first: 100, filter: $filter) { nodes { id title } pageInfo { endCursor } } }';
  const filtered = (filter: object) => get(cluster.last, ours.callers.editor, TASKS, { id: ours.project.id, filter });

  it.each(['ownerId', 'solverId'])('on %s finds no more for a foreign id beside a rightful one', async (field) => {
    const rightful = (field === 'ownerId' ? ours.people.admin : ours.people.solver).member.id;
    const alone = await filtered({ [field]: { in: [rightful] } });
    const foreign = [theirs.people.admin.member.id, theirs.people.solver.member.id, ours.people.outsider.member.id];
    const beside = await filtered({ [field]: { in: [rightful, ...foreign] } });
    expect(beside.tasks.nodes).toEqual(alone.tasks.nodes);
    expect(alone.tasks.nodes.length).toBeGreaterThan(0);
  });

  it.each([
    ['everything', {}],
    ['what is private', { privacy: { eq: 'PRIVATE' } }],
    ['a title that is a secret', { title: { contains: 'xq-ours-private' } }],
    ['what is not of the asker', { not: { solverId: { eq: 'member_01h455vb4pex5vsknk084sn02q' } } }],
    ['either of two', { or: [{ title: { contains: 'xq-ours-private' } }, { privacy: { ne: 'PUBLIC' } }] }],
    ['nothing at all, denied', { not: { or: [] } }],
  ])('that asks for %s finds only what the viewer sees', async (_what, filter) => {
    const reply = await call(ours.callers.editor, TASKS, { id: ours.project.id, filter });
    expect(reply.codes).toEqual([]);
    expectNoLeak('editor', reply);
  });
});

describe("a cursor of a list that the viewer does not see opens nothing in the viewer's own", () => {
  const TASKS = `query ($id: ID!, $after: String) { tasks(projectId: $id, first: 100, after: $after) {
    nodes { id title project { id } } edges { cursor } pageInfo { endCursor } } }`;

  it('tasks', async () => {
    const hidden = await get(cluster.first, ours.callers.admin, TASKS, { id: ours.hiddenProject.id });
    const reply = await call(ours.callers.editor, TASKS, {
      id: ours.project.id,
      after: hidden.tasks.pageInfo.endCursor,
    });
    expectNoLeak('editor', reply);
    for (const { project } of reply.data.tasks.nodes) expect(project.id).toBe(ours.project.id);
  });

  it('of another kind of list is refused', async () => {
    const { projects } = await get(
      cluster.first,
      ours.callers.editor,
      '{ projects(first: 1) { pageInfo { endCursor } } }',
    );
    const reply = await call(ours.callers.editor, TASKS, { id: ours.project.id, after: projects.pageInfo.endCursor });
    expect(reply.codes).toEqual(['NOT_FOUND']);
  });
});

const relationEntries = Object.entries(relationCases).filter(
  (entry): entry is [string, Relation] => typeof entry[1] === 'object',
);

describe.each(relationEntries)('%s', (_path, { document, at, seen, unseen }) => {
  it(`leads ${seen.as}, who sees both, to the object`, async () => {
    const reply = await call(ours.callers[seen.as], document, seen.variables?.(ours) ?? {});
    expect(reply.codes).toEqual([]);
    expect(valueAt(reply.data, `${at}.id`)).toBe(seen.id(ours));
    expectNoLeak(seen.as, reply);
  });

  if (typeof unseen === 'object') {
    it(`is null for ${unseen.as}, who does not see the object`, async () => {
      const reply = await call(ours.callers[unseen.as], document, unseen.variables?.(ours) ?? {});
      expectNoLeak(unseen.as, reply);
      expect({ codes: reply.codes, value: valueAt(reply.data, at) }).toEqual({ codes: [], value: null });
    });
  }
});

/** Every value under the key `id`, anywhere below. */
const idsIn = (value: unknown): string[] =>
  Object.entries((value ?? {}) as object).flatMap(([key, inner]) =>
    typeof inner === 'object' ? idsIn(inner) : key === 'id' ? [inner as string] : [],
  );

describe.each(Object.entries(listCases) as [string, List][])('%s', (_path, { document, at, seen, unseen }) => {
  it(`shows ${seen.as} what is theirs to see, and nothing else`, async () => {
    const reply = await call(ours.callers[seen.as], document, seen.variables?.(ours) ?? {});
    expect(reply.codes).toEqual([]);
    expect(JSON.stringify(valueAt(reply.data, at))).toContain(seen.has(ours));
    expectNoLeak(seen.as, reply);
  });

  it(`gives ${unseen.as} no hint of what they may not see`, async () => {
    const reply = await call(ours.callers[unseen.as], document, unseen.variables?.(ours) ?? {});
    expectNoLeak(unseen.as, reply);
    if ('refusal' in unseen) {
      expect(reply.text).toContain(`"code":"FORBIDDEN","reason":"${unseen.refusal}"`);
      expect(idsIn(valueAt(reply.data, at))).toEqual([]);
      return;
    }
    expect(reply.codes).toEqual([]);
    const list = valueAt(reply.data, at) as { pageInfo?: object };
    expect([...new Set(idsIn(list))]).toEqual(unseen.ids(ours));
    if (unseen.never) expect(JSON.stringify(list)).not.toContain(unseen.never(ours));
    if (!list.pageInfo) return;
    const cursor = unseen.ids(ours).length > 0 ? expect.any(String) : null;
    expect(list.pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: cursor,
      endCursor: cursor,
    });
  });
});

describe('a stream', () => {
  const CHANGES =
    'subscription ($id: ID!) { taskChanged(projectId: $id) { kind taskId task { id title description comments(first: 10) { nodes { body } } } } }';
  const FOLLOWED =
    'subscription { followedChanged { kind taskId task { id title comments(first: 10) { nodes { body } } } } }';

  it('tells of a task that becomes private only that it left, and of what happens to it then nothing', async () => {
    const task = await ours.freshTask();
    const editor = listen(cluster.last, ours.callers.editor, CHANGES, { id: ours.project.id });
    await editor.until(({ kind }) => kind === 'READY');
    const admin = ours.people.admin.viewer;
    await updateTask(ours.parts, admin, task.id, { description: 'seen by all' });
    const isChange = ({ kind, taskId }: { kind: string; taskId: string }) => kind === 'CHANGED' && taskId === task.id;
    expect(await editor.until(isChange)).toMatchObject({ task: { id: task.id } });

    await updateTask(ours.parts, admin, task.id, { privacy: 'PRIVATE', title: markOf('ours', 'private') });
    const left = await editor.until(({ taskId }) => taskId === task.id);
    expect(left).toEqual({ kind: 'LEFT', taskId: task.id, task: null });

    await addComment(ours.parts, admin, task.id, markOf('ours', 'private'), 'PUBLIC');
    const other = await ours.freshTask();
    await editor.until(({ taskId }) => taskId === other.id);
    await editor.stop();
    expect(editor.seen.slice(editor.seen.indexOf(left) + 1).map(({ taskId }) => taskId)).toEqual([other.id]);
    expect(JSON.stringify(editor.seen)).not.toContain(markOf('ours', 'private'));
  });

  it("tells nobody of another company's or another project's changes, and a follower of no other task's", async () => {
    const editor = listen(cluster.last, ours.callers.editor, CHANGES, { id: ours.project.id });
    const follower = listen(cluster.last, ours.callers.follower, FOLLOWED);
    for (const stream of [editor, follower]) await stream.until(({ kind }) => kind === 'READY');

    await updateTask(theirs.parts, theirs.people.admin.viewer, theirs.task.id, { description: 'theirs' });
    await updateTask(ours.parts, ours.people.admin.viewer, ours.hiddenTask.id, { description: 'hidden' });
    await updateTask(ours.parts, ours.people.colleague.viewer, ours.privateTask.id, { description: 'private' });
    await addComment(ours.parts, ours.people.admin.viewer, ours.task.id, markOf('ours', 'inside'), 'INTERNAL');
    await updateTask(ours.parts, ours.people.admin.viewer, ours.task.id, { progressPercent: 10 });
    await follower.until(({ kind }) => kind === 'CHANGED');
    await editor.until(({ task }) => task?.comments.nodes.length > 1);
    await Promise.all([editor.stop(), follower.stop()]);

    for (const stream of [editor, follower]) {
      const told = stream.seen.filter(({ taskId }) => taskId !== null);
      expect([...new Set(told.map(({ taskId }) => taskId))]).toEqual([ours.task.id]);
    }
    expect(follower.seen.map(({ kind }) => kind)).toEqual(['READY', 'CHANGED']);
    expect(JSON.stringify(follower.seen)).not.toContain(markOf('ours', 'inside'));
  });
});

describe('a header or connection_init that names another company', () => {
  it('is answered as if there were none', async () => {
    const stranger = { ...ours.callers.admin, companyId: theirs.companyId };
    const absent = { ...ours.callers.admin, companyId: newId('company') };
    const [foreign, none] = [
      await ask(cluster.last, stranger, '{ viewer { user { id } } }'),
      await ask(cluster.last, absent, '{ viewer { user { id } } }'),
    ];
    expect(foreign).toEqual(none);
    expect(foreign).toMatchObject({ status: 404, errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    for (const caller of [stranger, absent]) {
      const closed = await listen(cluster.last, caller, '{ viewer { user { id } } }').closed;
      expect(closed).toMatchObject({ code: 4403, reason: 'NOT_FOUND' });
    }
    const own = await call(ours.callers.admin, '{ viewer { user { id } } }', {});
    expect(own.codes).toEqual([]);
  });
});
