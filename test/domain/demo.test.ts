import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { demoPeople, seedDemo } from '../../src/domain/demo.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Comment } from '../../src/entities/comment.js';
import { Company } from '../../src/entities/company.js';
import { HistoryEntry } from '../../src/entities/event.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import { Project, ProjectPermission, Workspace } from '../../src/entities/project.js';
import { Task } from '../../src/entities/task.js';
import { ClosingPolicy, Priority, Privacy, TaskStatus, Visibility } from '../../src/entities/vocabulary.js';
import { readEvents, readHeads } from '../../src/pubsub/event-log.js';
import { closeParts } from '../harness/cluster.js';
import { openInMemory } from '../harness/in-memory.js';

const SEEDING_MS = 60_000;
const DAY_MS = 86_400_000;

/** All of one company that the tests look at. */
async function read(parts: Parts, { id: companyId, name }: Company) {
  const em = forkFor(parts.orm, { companyId });
  return {
    companyId,
    name,
    members: await em.find(Member, {}, { populate: ['user'] }),
    workspaces: await em.find(Workspace, {}),
    projects: await em.find(Project, {}, { orderBy: { key: 'asc' } }),
    permissions: await em.find(ProjectPermission, {}),
    tasks: await em.find(Task, {}, { orderBy: { project: { key: 'asc' }, number: 'asc' } }),
    comments: await em.find(Comment, {}, { orderBy: { createdAt: 'asc', id: 'asc' } }),
    history: await em.find(HistoryEntry, {}, { orderBy: { occurredAt: 'asc', id: 'asc' } }),
  };
}
type Read = Awaited<ReturnType<typeof read>>;

async function readAll(parts: Parts): Promise<Read[]> {
  const companies = await parts.orm.em.fork().find(Company, {}, { orderBy: { id: 'asc' } });
  const all: Read[] = [];
  for (const company of companies) all.push(await read(parts, company));
  return all;
}

const sorted = (values: Iterable<string>) => [...new Set(values)].sort();
const emailOf = (subject: string) => demoPeople.find((person) => person.subject === subject)?.email;
const isDone = (task: Task) => task.status === 'CLOSED' || task.status === 'CANCELLED';

describe('the demo', () => {
  let parts: Parts;
  let companies: Read[];
  beforeAll(async () => {
    parts = await openInMemory();
    expect(await seedDemo(parts)).toBe(true);
    companies = await readAll(parts);
  }, SEEDING_MS);
  afterAll(() => closeParts(parts));

  const sum = (count: (company: Read) => number) => companies.reduce((total, one) => total + count(one), 0);
  const membershipsOf = (subject: string) =>
    companies.map(({ members }) => members.find(({ user }) => user.getEntity().email === emailOf(subject)));

  it('is made once: where a company exists nothing is done', async () => {
    expect(await seedDemo(parts)).toBe(false);
    expect(
      await readHeads(
        parts.orm,
        companies.map(({ companyId }) => companyId),
      ),
    ).toEqual(new Map(companies.map(({ companyId, history }) => [companyId, history.length])));
    expect((await readAll(parts)).map(({ tasks }) => tasks.length)).toEqual(companies.map(({ tasks }) => tasks.length));
  });

  it('is as large as a company that works with the product', () => {
    expect(companies).toHaveLength(2);
    expect(demoPeople.length).toBeGreaterThanOrEqual(12);
    expect(sum(({ projects }) => projects.length)).toBe(9);
    expect(sum(({ tasks }) => tasks.length)).toBeGreaterThanOrEqual(220);
    expect(sum(({ comments }) => comments.length)).toBeGreaterThanOrEqual(150);
  });

  it('has people of every kind', () => {
    const kinds = (company: Read | undefined) =>
      company?.members.map(
        ({ role, kind, licensedAsInternal }) => `${kind} ${role}${licensedAsInternal ? ' licensed' : ''}`,
      );
    expect(sorted(kinds(companies[0]) ?? [])).toEqual([
      'EXTERNAL MEMBER',
      'EXTERNAL MEMBER licensed',
      'INTERNAL ADMIN',
      'INTERNAL MEMBER',
      'INTERNAL SUPERVISOR',
    ]);
    expect(kinds(companies[1])).toContain('INTERNAL ADMIN');
    expect(membershipsOf(demoPeople[0]?.subject ?? '').map((member) => member?.role)).toEqual(['ADMIN', undefined]);
    for (const { subject } of demoPeople) expect(membershipsOf(subject).some(Boolean)).toBe(true);
    const inBoth = demoPeople.map(({ subject }) => membershipsOf(subject)).filter((both) => both.every(Boolean));
    expect(inBoth.map((both) => sorted(both.map((member) => member?.kind ?? '')))).toContainEqual([
      'EXTERNAL',
      'INTERNAL',
    ]);
  });

  it('gives every project a manager, and one a licensed external as internal', () => {
    for (const { projects, permissions, members } of companies) {
      for (const project of projects) {
        const managers = permissions.filter((one) => one.project.id === project.id && one.level === 'MANAGE');
        expect(managers).toHaveLength(1);
      }
      const taken = permissions.filter(({ asInternal }) => asInternal);
      expect(taken).toHaveLength(1);
      expect(members.find(({ id }) => id === taken[0]?.member.id)?.licensedAsInternal).toBe(true);
    }
  });

  it('uses every word of the vocabularies', () => {
    const all = <T>(of: (company: Read) => T[]) => companies.flatMap(of);
    expect(sorted(all(({ workspaces }) => workspaces.map((one) => one.closingPolicy)))).toEqual(
      sorted(Object.keys(ClosingPolicy)),
    );
    expect(sorted(all(({ projects }) => projects.map((one) => one.visibility)))).toEqual(
      sorted(Object.keys(Visibility)),
    );
    for (const { tasks } of companies) {
      expect(sorted(tasks.map((one) => one.status))).toEqual(sorted(Object.keys(TaskStatus)));
      expect(sorted(tasks.map((one) => one.privacy))).toEqual(sorted(Object.keys(Privacy)));
      expect(sorted(tasks.map((one) => one.priority))).toEqual(sorted(Object.keys(Priority)));
    }
    expect(sorted(all(({ comments }) => comments.map((one) => one.privacy)))).toEqual(['INTERNAL', 'PUBLIC']);
  });

  it('says something of its own in every task and comment', () => {
    const tasks = companies.flatMap((company) => company.tasks);
    const comments = companies.flatMap((company) => company.comments);
    expect(new Set(tasks.map(({ title }) => title)).size).toBe(tasks.length);
    expect(new Set(tasks.map(({ description }) => description)).size).toBe(tasks.length);
    expect(new Set(comments.map(({ body }) => body)).size).toBe(comments.length);
    for (const { title, description } of tasks) {
      expect(title).toMatch(/^[^|[\]]{8,80}$/);
      expect(description).toMatch(/^[^|]{10,200}[.?]$/);
    }
    for (const { body } of comments) expect(body).toMatch(/^[^|]{10,200}[.?!]$/);
  });

  it('lies around the day of the seeding', () => {
    const today = new Date().toISOString().slice(0, 10);
    const far = [-100, 100].map((days) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10));
    const tasks = companies.flatMap((company) => company.tasks);
    for (const { startOn, dueOn } of tasks) {
      if (startOn && dueOn) expect(startOn <= dueOn).toBe(true);
      for (const date of [startOn, dueOn]) if (date) expect(sorted([date, ...far])[1]).toBe(date);
    }
    const overdue = tasks.filter((task) => !isDone(task) && task.dueOn && task.dueOn < today);
    expect(overdue.length).toBeGreaterThan(5);
    expect(tasks.filter(({ startOn }) => startOn && startOn > today).length).toBeGreaterThan(20);
    expect(tasks.filter(({ estimateMinutes }) => estimateMinutes).length).toBeGreaterThan(100);
    expect(tasks.filter(({ solver }) => !solver).length).toBeGreaterThan(5);
  });

  it('gives tasks only to those who may have them', () => {
    for (const { tasks, members, permissions } of companies) {
      const byId = new Map(members.map((member) => [member.id, member]));
      const externalSolvers = new Set<string>();
      for (const task of tasks) {
        const named = [task.author, task.owner, task.solver, task.awaitedMember].flatMap(
          (one) => byId.get(one?.id ?? '') ?? [],
        );
        for (const member of named) {
          expect(member.deactivatedAt ?? null).toBeNull();
          if (member.kind === 'EXTERNAL') expect(task.privacy).toBe('PUBLIC');
        }
        const solver = byId.get(task.solver?.id ?? '');
        if (solver?.kind !== 'EXTERNAL') continue;
        externalSolvers.add(solver.id);
        const permission = permissions.find((one) => one.project.id === task.project.id && one.member.id === solver.id);
        expect([solver.licensedAsInternal, permission?.asInternal]).toEqual([true, true]);
      }
      expect(externalSolvers.size).toBe(1);
    }
  });

  it('leaves every task in a state that is whole', () => {
    for (const { tasks } of companies) {
      for (const task of tasks) {
        expect(Boolean(task.closedAt)).toBe(isDone(task));
        const isActive = isDone(task) || task.status === 'NEW' || task.status === 'IN_PROGRESS';
        expect(task.statusBefore ?? null).toBe(isActive ? null : 'IN_PROGRESS');
        expect(Boolean(task.awaitedMember)).toBe(task.status === 'AWAITING_MEMBER');
        expect(Boolean(task.awaitedProject)).toBe(task.status === 'AWAITING_PROJECT');
        expect(Boolean(task.awaitedTask)).toBe(task.status === 'AWAITING_TASK');
        const awaited = tasks.find(({ id }) => id === task.awaitedTask?.id);
        if (awaited) expect(isDone(awaited)).toBe(false);
        if (task.status === 'CLOSED') expect(task.progressPercent).toBe(100);
        if (task.status === 'NEW') expect(task.progressPercent).toBe(0);
      }
    }
  });

  it('lets people say only what they may say where they may say it', () => {
    for (const { tasks, comments, members } of companies) {
      const external = new Set(members.filter(({ kind }) => kind === 'EXTERNAL').map(({ id }) => id));
      for (const task of tasks) {
        const talk = comments.filter((comment) => comment.task.id === task.id);
        expect(talk.map(({ number }) => number).sort((a, b) => a - b)).toEqual(talk.map((_, i) => i + 1));
        expect(task.lastCommentNumber).toBe(talk.length);
        const named = [task.author.id, task.owner.id, task.solver?.id];
        for (const { author, privacy } of talk) {
          if (external.has(author?.id ?? '')) expect([task.privacy, privacy]).toEqual(['PUBLIC', 'PUBLIC']);
          if (task.privacy === 'PRIVATE') expect(named).toContain(author?.id);
        }
      }
    }
  });

  it('numbers the tasks of each project and the events of each company from 1 without a gap', async () => {
    for (const { companyId, projects, tasks, history } of companies) {
      for (const project of projects) {
        const numbers = tasks.filter((task) => task.project.id === project.id).map(({ number }) => number);
        expect(numbers).toEqual(Array.from({ length: project.lastTaskNumber }, (_, i) => i + 1));
        expect(numbers.length).toBeGreaterThanOrEqual(20);
      }
      const head = (await readHeads(parts.orm, [companyId])).get(companyId);
      const events = await readEvents(parts.orm, companyId, 0, 10_000);
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: head ?? -1 }, (_, i) => i + 1));
      expect(history).toHaveLength(events.length);
    }
  });

  it('tells in its history how each task came to be as it is', async () => {
    for (const { companyId, tasks, history } of companies) {
      const ofObject = Map.groupBy(history, ({ objectId }) => objectId);
      const events = await readEvents(parts.orm, companyId, 0, 10_000);
      for (const task of tasks) {
        const entries = ofObject.get(task.id) ?? [];
        expect(entries.map(({ type }) => type)).toContain('task.created');
        expect(entries).toHaveLength(events.filter(({ objectId }) => objectId === task.id).length);
        // Each step starts where another one ended, so that all of them together lead from NEW to now.
        const steps = entries.flatMap(({ type, changes }) =>
          changes.status && type !== 'task.created' ? [changes.status] : [],
        );
        const ends = ['NEW', ...steps.map(([, to]) => String(to))].sort();
        expect([...steps.map(([from]) => String(from)), task.status].sort()).toEqual(ends);
        for (const { actorId, entryPoint } of entries) expect([Boolean(actorId), entryPoint]).toEqual([true, 'MEMBER']);
      }
      const types = sorted(history.map(({ type }) => type));
      for (const type of ['task.assigned', 'task.commented', 'task.moved', 'task.resumed', 'task.updated']) {
        expect(types).toContain(type);
      }
    }
  });

  it('offers a public task under way in the first company, for a follower to watch', () => {
    const [first] = companies;
    expect(first?.tasks.some(({ privacy, status }) => privacy === 'PUBLIC' && status === 'IN_PROGRESS')).toBe(true);
  });

  it(
    'is the same at every seeding',
    async () => {
      const again = await openInMemory();
      try {
        await seedDemo(again);
        const told = (all: readonly Read[]) =>
          all.map(({ name, members, projects, tasks, comments, history }) => {
            const nameOf = new Map(members.map(({ id, user }) => [id, user.getEntity().email]));
            const byTask = Map.groupBy(comments, ({ task }) => task.id);
            return {
              name,
              types: history.length,
              projects: projects.map(({ key, visibility, manager }) => [key, visibility, nameOf.get(manager.id)]),
              tasks: tasks.map((task) => ({
                facts: [
                  task.title,
                  task.status,
                  task.privacy,
                  task.priority,
                  task.progressPercent,
                  task.estimateMinutes,
                ],
                people: [task.owner, task.solver].map((one) => nameOf.get(one?.id ?? '')),
                talk: byTask
                  .get(task.id)
                  ?.map(({ author, privacy, body }) => [nameOf.get(author?.id ?? ''), privacy, body]),
              })),
            };
          });
        expect(told(await readAll(again))).toEqual(told(companies));
      } finally {
        await closeParts(again);
      }
    },
    SEEDING_MS,
  );
});
