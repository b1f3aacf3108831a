import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPreferences, findViews } from '../../src/domain/personal.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { type IdPrefix, newId, prefixOf } from '../../src/schema/ids.js';
import { type Answer, ask, type Caller, get, listen } from '../harness/client.js';
import type { Cluster } from '../harness/cluster.js';
import { callOn, expectNoLeak, openSides, type Reply, steps, valueAt } from './calls.js';
import type { Case } from './case.js';
import { cases } from './cases.js';
import { NODE, NODES } from './documents.js';
import { nodeCases } from './node-cases.js';
import { idPlaces, lists, nodeTypes, relations } from './places.js';
import { listCases, relationCases } from './relations.js';
import type { Side, Who } from './sides.js';

const schema = buildGuardedSchema();

let cluster: Cluster;
let ours: Side;
let theirs: Side;
beforeAll(async () => {
  ({ cluster, ours, theirs } = await openSides());
}, 60_000);
afterAll(() => cluster?.stop());

const call = (caller: Caller, document: string, variables: object) => callOn(cluster.last, caller, document, variables);

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
  if (answer === 'EMPTY') expect((data.tasks ?? data.projects ?? data.auditLog).nodes.length).toBeGreaterThan(0);
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
  for (const { viewer, caller } of bystanders) {
    personal.push(await get(cluster.first, caller, '{ sessions { id } }'));
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
    ['a follow, for who is no administrator and did not grant it', 'manager', () => ours.follow.id],
    ['a claimed domain, for whoever is no administrator', 'manager', () => ours.ssoDomain.id],
    ['the own issuer, for whoever is no administrator', 'manager', async () => (await ours.freshProvider()).id],
    ['an invitation, for whoever is no administrator', 'manager', () => ours.invitation.id],
    ['an invitation, for whom it is made to', 'solver', () => ours.solversOffer],
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
