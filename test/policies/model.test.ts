import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MemberViewer } from '../../src/auth/viewer.js';
import { revokeApiKey } from '../../src/domain/api-keys.js';
import { addComment } from '../../src/domain/comments.js';
import { grantFollow, revokeFollow } from '../../src/domain/follows.js';
import { deactivateMember, reactivateMember } from '../../src/domain/members.js';
import { setProjectPermission } from '../../src/domain/projects.js';
import { endSupport } from '../../src/domain/support.js';
import { assignTask, createTask, moveTask, updateTask } from '../../src/domain/tasks.js';
import { updateMember } from '../../src/domain/update-member.js';
import type { Member } from '../../src/entities/member.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { Scope } from '../../src/entities/vocabulary.js';
import { ApiError, UserError } from '../../src/errors.js';
import { sealCursor } from '../../src/pubsub/cursor.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { ask, type Caller, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';
import { type Company, callersOf, kindsFor, mayShare, openTasks, seesProject, seesTask, visibleTo } from './model.js';
import { diceOf, randomQuery } from './random-document.js';

// The server beside the model of its rules: after whatever has been done to two companies, everybody is shown what the rules
// let them see, and nothing else, whatever they ask.

const schema = buildGuardedSchema();

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({
    ANSWER_CACHE_BYTES: '8000000',
    RATE_LIMIT_POINTS: '1000000000',
    COST_LIMIT: '10000000',
  });
}, 60_000);
afterAll(() => cluster?.stop());

const PEOPLE = 5;
/** For each who asks. */
const DOCUMENTS = 40;

/** Two companies; some people are in both. */
async function found(): Promise<[Company, Company]> {
  const { parts, issuer } = cluster;
  const worlds = [await World.found(parts, issuer), await World.found(parts, issuer)] as const;
  const companies = worlds.map((world): Company => {
    return {
      world,
      people: [world.admin],
      members: new Map(),
      projects: [],
      grants: new Set(),
      sharers: new Set(),
      tasks: new Map(),
      comments: [],
      texts: new Map(),
      follows: [],
      others: [],
    };
  }) as [Company, Company];
  for (let i = 0; i < PEOPLE; i += 1) {
    const kind = i % 2 ? 'EXTERNAL' : 'INTERNAL';
    const person = await worlds[0].member({ kind });
    companies[0].people.push(person);
    companies[1].people.push(await worlds[1].member({ ...(i < 2 && { email: person.email }) }));
  }
  for (const { world, people, members, projects, texts } of companies) {
    for (const { member } of people) members.set(member.id, { ...member } as unknown as Row<Member>);
    for (const visibility of ['MEMBERS', 'INTERNAL', 'EXTERNAL'] as const)
      projects.push(await world.project(visibility));
    for (const { id, name } of projects) texts.set(name, id);
  }
  return companies;
}

const at = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;

/** A person with the rights that they have now. */
function viewerOf({ members }: Company, person: Person): MemberViewer {
  const { role, kind } = members.get(person.member.id) as Row<Member>;
  return { ...person.viewer, role, membership: kind };
}

/** What is done to a company; each takes some numbers, by which it chooses. */
const COMMANDS: Record<string, (company: Company, a: number, b: number, c: number) => Promise<void>> = {
  async grant(company, a, b, c) {
    const [project, person] = [at(company.projects, a), at(company.people, b)];
    const level = at(['VIEW', 'COMMENT', 'EDIT', null, 'MANAGE'] as const, c);
    const canShare = c % 3 === 0;
    const permission = { projectId: project.id, memberId: person.member.id, level, asInternal: c % 2 === 0, canShare };
    await setProjectPermission(cluster.parts, viewerOf(company, company.world.admin), permission);
    const key = `${project.id} ${person.member.id}`;
    if (level) company.grants.add(key);
    else company.grants.delete(key);
    if (level && canShare) company.sharers.add(key);
    else company.sharers.delete(key);
  },
  async add(company, a, b, c) {
    const [project, author] = [at(company.projects, a), at(company.people, b)];
    const fields = { title: newText(), privacy: at(['PUBLIC', 'INTERNAL', 'PRIVATE'] as const, c) };
    const made = await createTask(cluster.parts, viewerOf(company, author), project.id, fields);
    keep(company, made);
    company.texts.set(fields.title, made.result.id);
  },
  async comment(company, a, b, c) {
    const [taskId, author] = [at([...company.tasks.keys()], a), at(company.people, b)];
    const [body, privacy] = [newText(), at(['PUBLIC', 'INTERNAL'] as const, c)];
    const { result } = await addComment(cluster.parts, viewerOf(company, author), taskId, body, privacy);
    company.comments.push({ id: result.id, taskId, authorId: author.member.id, privacy });
    company.texts.set(body, result.id);
  },
  async assign(company, a, b, c) {
    const [task, person, solver] = [at([...company.tasks.keys()], a), at(company.people, b), at(company.people, c)];
    keep(company, await assignTask(cluster.parts, viewerOf(company, person), task, solver.member.id));
  },
  async awaitMember(company, a, b, c) {
    const [task, person, awaited] = [at([...company.tasks.keys()], a), at(company.people, b), at(company.people, c)];
    const whom = { memberId: awaited.member.id };
    keep(company, await moveTask(cluster.parts, viewerOf(company, person), task, 'AWAITING_MEMBER', whom));
  },
  async awaitProject(company, a, b, c) {
    const [task, person, awaited] = [at([...company.tasks.keys()], a), at(company.people, b), at(company.projects, c)];
    const what = { projectId: awaited.id };
    keep(company, await moveTask(cluster.parts, viewerOf(company, person), task, 'AWAITING_PROJECT', what));
  },
  async withdraw(company, a, b, c) {
    const [task, person] = [at([...company.tasks.keys()], a), at(company.people, b)];
    const privacy = at(['PUBLIC', 'INTERNAL', 'PRIVATE'] as const, c);
    keep(company, await updateTask(cluster.parts, viewerOf(company, person), task, { privacy }));
  },
  async standing(company, a, b, c) {
    const standing = {
      role: at(['MEMBER', 'SUPERVISOR', 'ADMIN'] as const, b),
      kind: at(['INTERNAL', 'EXTERNAL'] as const, c),
      licensedAsInternal: c % 3 === 0,
    };
    const { viewer, member } = await acting(company, a);
    const { result } = await updateMember(cluster.parts, viewer, member.id, standing);
    company.members.set(member.id, { ...result } as unknown as Row<Member>);
  },
  async end(company, a) {
    const { viewer, member } = await acting(company, a);
    const { result } = await deactivateMember(cluster.parts, viewer, member.id);
    company.members.set(member.id, { ...result } as unknown as Row<Member>);
  },
  async readmit(company, a) {
    const { viewer, member } = await acting(company, a);
    const { result } = await reactivateMember(cluster.parts, viewer, member.id);
    company.members.set(member.id, { ...result } as unknown as Row<Member>);
  },
  async follow(company, a, b, c) {
    const person = at(company.people, b);
    const shown =
      c % 3 === 0 ? { projectId: at(company.projects, a).id } : { taskId: at([...company.tasks.keys()], a) };
    const isAllowed = mayShare(company, company.members.get(person.member.id) as Row<Member>, shown);
    const granted = await grantFollow(cluster.parts, viewerOf(company, person), shown, {}).catch((error) => {
      if (error instanceof UserError || error instanceof ApiError) return null;
      throw error;
    });
    expect(granted !== null).toBe(isAllowed);
    if (!granted) return;
    const { follow, secret } = granted.result;
    company.follows.push({ ...shown, id: follow.id, secret, grantedBy: person.member.id, isOpen: true });
  },
  async letIn(company, a, b) {
    const scopes = Object.values(Scope).filter((_scope, i) => (b >> (i % 6)) & 1);
    if (a % 3 === 0) company.others.push({ ...(await company.world.support()), scopes: 'SUPPORT', isOpen: true });
    else company.others.push({ ...(await company.world.key(scopes)), scopes, isOpen: true });
  },
  async putOut(company, a) {
    const other = at(company.others, a);
    const viewer = viewerOf(company, company.world.admin);
    await (other.scopes === 'SUPPORT' ? endSupport : revokeApiKey)(cluster.parts, viewer, other.id);
    other.isOpen = false;
  },
  async revoke(company, a) {
    const follow = at(company.follows, a);
    await revokeFollow(cluster.parts, viewerOf(company, company.world.admin), follow?.id ?? '');
    follow.isOpen = false;
  },
};

let written = 0;
/** Stands nowhere else. */
const newText = () => {
  written += 1;
  return `words-${written}-`;
};

const keep = ({ tasks }: Company, { result }: { result: Row<Task> }) => tasks.set(result.id, result);
const acting = async (company: Company, a: number) => {
  // The first administrator stays one, so that somebody can act.
  const [, ...others] = company.people;
  return { viewer: viewerOf(company, company.world.admin), member: at(others, a).member };
};

/** What the rules of the commands refuse is not done; anything else is a fault. */
async function attempt(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof UserError || error instanceof ApiError)) throw error;
  }
}

const SHOWN = `query ($ids: [ID!]!, $at: String) {
  nodes(ids: $ids, minCursor: $at) { id }
  projects(first: 100, minCursor: $at) { nodes { id } }
  members(first: 100, minCursor: $at) { nodes { id } } }`;
const LISTED =
  'query ($project: ID!, $at: String) { tasks(projectId: $project, first: 100, minCursor: $at) { nodes { id } } }';

const idsOf = (nodes: ({ id: string } | null)[]): string[] => nodes.flatMap((node) => node?.id ?? []).sort();

/** Where a company's log stands. */
async function positionOf({ world: { companyId } }: Company): Promise<string> {
  const head = (await readHeads(cluster.parts.orm, [companyId])).get(companyId) ?? 0;
  return sealCursor(cluster.parts.keyring, companyId, head);
}

/** Everything that a member is shown, by all ways that lead to it. */
async function expectShown(company: Company, person: Person, everything: string[]): Promise<void> {
  const me = company.members.get(person.member.id) as Row<Member>;
  const position = await positionOf(company);
  for (const node of cluster.nodes) {
    if (me.deactivatedAt) {
      expect((await ask(node, person.caller, '{ projects(first: 1) { nodes { id } } }')).status).toBe(404);
      continue;
    }
    const allowed = visibleTo(company, me);
    const found: string[] = [];
    for (let from = 0; from < everything.length; from += 100) {
      const ids = everything.slice(from, from + 100);
      const shown = await get(node, person.caller, SHOWN, { ids, at: position });
      found.push(...idsOf(shown.nodes));
      const listed = [...shown.projects.nodes, ...shown.members.nodes];
      expect(idsOf(listed)).toEqual(allowed.filter((id) => /^(project|member)_/.test(id)).sort());
    }
    expect(found.sort()).toEqual([...allowed].sort());
    for (const project of company.projects) {
      const { data, errors } = await ask(node, person.caller, LISTED, { project: project.id, at: position });
      const inProject = [...company.tasks.values()].filter((task) => task.project.id === project.id);
      const expected = inProject.filter((task) => seesTask(company, me, task));
      if (seesProject(company, me, project))
        expect(idsOf(data.tasks.nodes)).toEqual(expected.map(({ id }) => id).sort());
      else expect(errors[0]?.extensions.code).toBe('NOT_FOUND');
    }
  }
}

/** Everything that a program is shown, or support. */
async function expectShownToOthers(company: Company, everything: string[]): Promise<void> {
  for (const { caller, scopes, isOpen } of company.others) {
    const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const found: string[] = [];
    for (let from = 0; from < everything.length; from += 100) {
      const { status, data } = await ask(cluster.last, caller, NODES, { ids: everything.slice(from, from + 100) });
      expect(status).toBe(isOpen ? 200 : 401);
      found.push(...idsOf(data?.nodes ?? []));
    }
    const kinds = isOpen ? kindsFor(scopes) : [];
    const { members, projects } = company;
    const open = openTasks(company);
    const allowed = [...members.values(), ...projects, ...open]
      .map(({ id }) => id)
      .filter((id) => kinds.includes(id.split('_')[0] ?? ''));
    expect(found.sort()).toEqual(allowed.sort());
    for (const project of projects) {
      const { data } = await ask(cluster.last, caller, LISTED, { project: project.id });
      const inProject = open.filter((task) => task.project.id === project.id && kinds.includes('task'));
      expect(idsOf(data?.tasks?.nodes ?? [])).toEqual(inProject.map(({ id }) => id).sort());
    }
  }
}

/** A follower is shown the one task, while the follow is open and the task public, or the face of the one project. */
async function expectFollowed({ follows, tasks, projects }: Company): Promise<void> {
  for (const { secret, taskId, projectId, isOpen } of follows) {
    const caller: Caller = { authorization: `Follow ${secret}` };
    const { status, data } = await ask(cluster.last, caller, '{ followed { task { id } project { key } } }');
    const task = taskId && tasks.get(taskId)?.privacy === 'PUBLIC' ? { id: taskId } : null;
    const key = projects.find(({ id }) => id === projectId)?.key;
    const face = { task, project: key ? { key } : null };
    expect([status, data?.followed ?? null]).toEqual(isOpen ? [200, face] : [401, null]);
  }
}

/** What a member may be shown by `node`. */
const idsOfObjects = ({ members, tasks, projects, follows }: Company): string[] => [
  ...members.keys(),
  ...tasks.keys(),
  ...[...projects, ...follows].map(({ id }) => id),
];

/** The same, and whatever else has an id. */
const idsOfAll = (company: Company): string[] => [
  ...idsOfObjects(company),
  ...[company.world.companyId, company.world.workspace.id],
  ...[...company.members.values()].map(({ user }) => user.id),
  ...[...company.comments, ...company.others].map(({ id }) => id),
];

/** Ids of ours, wherever in an answer. */
const idsIn = (text: string): string[] => text.match(/\b[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g) ?? [];

/**
 * Nothing in any answer, its errors and its cursors included, is of what the rules keep from who asks. Answers how much was
 * named to them.
 */
async function expectNothingElse(companies: readonly Company[], seed: number): Promise<number> {
  const roll = diceOf(seed);
  const texts = new Map(companies.flatMap((company) => [...company.texts]));
  const known = new Set(companies.flatMap(idsOfAll));
  const cursors: string[] = [];
  let count = 0;
  for (const company of companies) {
    const position = await positionOf(company);
    const ids = idsOfAll(company);
    const foreignIds = [...known].filter((id) => !ids.includes(id));
    for (const { caller, named, ...entering } of callersOf(company, companies)) {
      for (let i = 0; i < DOCUMENTS; i += 1) {
        const words = { ids, foreignIds, texts: [...texts.keys()], cursors, position };
        const document = randomQuery(schema, roll, words, entering);
        const answer = await ask(at(cluster.nodes, roll(2)), caller, document);
        const text = JSON.stringify(answer);
        const found = [...idsIn(text), ...[...texts].filter(([words]) => text.includes(words)).map(([, id]) => id)];
        const leaked = found.filter((id) => known.has(id) && !named.has(id));
        expect({ leaked, of: leaked.length > 0 && { document, text } }).toEqual({ leaked: [], of: false });
        cursors.push(...[...text.matchAll(/"(?:cursor|endCursor)":"([^"]+)"/g)].map(([, cursor = '']) => cursor));
        count += found.length;
      }
    }
  }
  return count;
}

/** Tasks of every privacy, by the administrator and by somebody who may edit everything. */
async function furnish(company: Company): Promise<void> {
  // Who may edit everything may share it, too.
  const [EDITOR, EDIT] = [1, 12];
  for (let i = 0; i < company.projects.length; i += 1) await COMMANDS.grant?.(company, i, EDITOR, EDIT);
  for (const [who, scopes] of [
    [0, 0],
    [1, 63],
    [1, 9],
  ] as const)
    await COMMANDS.letIn?.(company, who, scopes, 0);
  for (let i = 0; i < 12; i += 1) await COMMANDS.add?.(company, i, i % 2, Math.floor(i / 2));
  for (let i = 0; i < 24; i += 1) await COMMANDS.comment?.(company, i, i % 2, Math.floor(i / 12));
  for (let i = 0; i < 4; i += 1) await COMMANDS.awaitProject?.(company, i, EDITOR, i + 1);
  expect([company.tasks.size, company.comments.length]).toEqual([12, 24]);
}

const step = fc.tuple(fc.constantFrom(...Object.keys(COMMANDS)), fc.nat(1), fc.nat(60), fc.nat(60), fc.nat(60));
const script = fc.array(step, { minLength: 20, maxLength: 45 });

it('shows everybody what the rules allow, and nothing else, whatever has been done', async () => {
  await fc.assert(
    fc.asyncProperty(script, fc.nat(), async (steps, seed) => {
      const companies = await found();
      for (const company of companies) await furnish(company);
      for (const [name, which, ...numbers] of steps)
        await attempt(() => COMMANDS[name]?.(at(companies, which), ...numbers) as Promise<void>);
      const everything = companies.flatMap(idsOfObjects);
      for (const company of companies) {
        for (const person of company.people) await expectShown(company, person, everything);
        await expectShownToOthers(company, everything);
        await expectFollowed(company);
      }
      expect(await expectNothingElse(companies, seed)).toBeGreaterThan(100);
    }),
    { numRuns: Number(process.env.MODEL_RUNS ?? 8), endOnFailure: true },
  );
}, 300_000);
