import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Grants } from '../../src/auth/grants.js';
import { isAtLeast } from '../../src/auth/level.js';
import { projectFacts, projectPolicy } from '../../src/auth/project-policy.js';
import { levelOn } from '../../src/auth/rule.js';
import { type TaskFacts, taskFacts, taskPolicy } from '../../src/auth/task-policy.js';
import { factsBefore, type TaskEventData } from '../../src/domain/events.js';
import { seedCompanies, seededAddress, seededId, seededMembership, seededViewer } from '../../src/domain/seed.js';
import { isDone, move } from '../../src/domain/task-status.js';
import { assignTask, moveTask, updateTask } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Company } from '../../src/entities/company.js';
import { HistoryEntry } from '../../src/entities/event.js';
import { Member } from '../../src/entities/member.js';
import { Project, ProjectPermission, Workspace } from '../../src/entities/project.js';
import { listRows, type Row } from '../../src/entities/rows.js';
import { Task } from '../../src/entities/task.js';
import { User } from '../../src/entities/user.js';
import { type Level, Priority, Privacy, TaskStatus, Visibility } from '../../src/entities/vocabulary.js';
import { type LoggedEvent, readEvents, readHeads } from '../../src/pubsub/event-log.js';
import { closeParts } from '../harness/cluster.js';
import { openInMemory } from '../harness/in-memory.js';
import { World } from '../harness/world.js';

/** Of tasks, more than are written at a time. */
const PLAN = { companies: 2, projects: 5, tasks: 410, members: 25 };
const SEEDING_MS = 60_000;
const MOST_EVENTS = 100_000;

async function read({ orm }: Parts, company: number) {
  const source = { orm, companyId: seededId('company', company) };
  return {
    company,
    companyId: source.companyId,
    members: await listRows(source, Member, true),
    workspaces: await listRows(source, Workspace, true),
    projects: await listRows(source, Project, true),
    permissions: await listRows(source, ProjectPermission, true),
    tasks: await listRows(source, Task, true),
    history: await listRows(source, HistoryEntry, true),
    events: await readEvents(orm, source.companyId, 0, MOST_EVENTS),
  };
}
type Read = Awaited<ReturnType<typeof read>>;

async function readAll(parts: Parts) {
  const companies: Read[] = [];
  for (let company = 1; company <= PLAN.companies; company += 1) companies.push(await read(parts, company));
  return {
    companies,
    roots: await listRows(parts, Company, true),
    users: await listRows(parts, User, true),
    heads: await readHeads(
      parts.orm,
      companies.map(({ companyId }) => companyId),
    ),
  };
}

const numbers = (to: number) => Array.from({ length: to }, (_, i) => i + 1);
const sorted = (values: Iterable<string>) => [...new Set(values)].sort();

describe('seeded companies', () => {
  let parts: Parts;
  let all: Awaited<ReturnType<typeof readAll>>;
  let companies: Read[];
  const told: number[] = [];
  beforeAll(async () => {
    parts = await openInMemory();
    expect(await seedCompanies(parts, PLAN, (tasksWritten) => told.push(tasksWritten))).toBe(true);
    all = await readAll(parts);
    companies = all.companies;
  }, SEEDING_MS);
  afterAll(() => closeParts(parts));

  it('are as many as planned, under ids and addresses that are known beforehand', () => {
    expect(all.roots.map(({ id }) => id)).toEqual(numbers(PLAN.companies).map((n) => seededId('company', n)));
    for (const { company, members, workspaces, projects, tasks } of companies) {
      const ids = (kind: 'member' | 'workspace' | 'project', count: number) =>
        numbers(count).map((n) => seededId(kind, company, n));
      // As the database sorts them, which is by their numbers.
      expect(members.map(({ id }) => id)).toEqual(ids('member', PLAN.members));
      expect(workspaces.map(({ id }) => id)).toEqual(ids('workspace', 1));
      expect(projects.map(({ id }) => id)).toEqual(ids('project', PLAN.projects));
      const taskIds = numbers(PLAN.projects).flatMap((n) =>
        numbers(PLAN.tasks).map((number) => seededId('task', company, n, number)),
      );
      expect(tasks.map(({ id }) => id)).toEqual(taskIds);
    }
    const addresses = numbers(PLAN.companies).flatMap((company) =>
      numbers(PLAN.members).map((n) => seededAddress(company, n)),
    );
    expect(all.users.map(({ email }) => email)).toEqual(addresses);
    expect(seededAddress(3, 7)).toBe('person-7.company-3@example.com');
  });

  it('are told of while they are written', () => {
    expect(told.at(-1)).toBe(PLAN.companies * PLAN.projects * PLAN.tasks);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });

  it('are made once: where a company exists nothing is done', async () => {
    expect(await seedCompanies(parts, { ...PLAN, companies: 3 })).toBe(false);
    expect(await listRows(parts, Company, true)).toHaveLength(PLAN.companies);
  });

  it('have one administrator each, supervisors and externals, who are what their numbers say', () => {
    for (const { members, company } of companies) {
      for (const [i, { role, kind, licensedAsInternal, userId }] of members.map(asViewed).entries()) {
        expect({ role, kind, licensedAsInternal }).toEqual(seededMembership(i + 1));
        expect(seededViewer(company, i + 1)).toMatchObject({ role, membership: kind, userId });
        if (kind === 'EXTERNAL') expect(role).toBe('MEMBER');
      }
      expect(members.filter(({ role }) => role === 'ADMIN')).toHaveLength(1);
      expect(members.filter(({ role }) => role === 'SUPERVISOR').length).toBeGreaterThan(1);
      expect(members.filter(({ kind }) => kind === 'EXTERNAL').length).toBeGreaterThan(2);
    }
  });
  const asViewed = ({ user, ...member }: Row<Member>) => ({ ...member, userId: user.id });

  it('use every word of the vocabularies', () => {
    for (const { projects, tasks } of companies) {
      expect(sorted(projects.map(({ visibility }) => visibility))).toEqual(sorted(Object.keys(Visibility)));
      expect(sorted(tasks.map(({ status }) => status))).toEqual(sorted(Object.keys(TaskStatus)));
      expect(sorted(tasks.map(({ privacy }) => privacy))).toEqual(sorted(Object.keys(Privacy)));
      expect(sorted(tasks.map(({ priority }) => priority))).toEqual(sorted(Object.keys(Priority)));
    }
  });

  it('number the tasks of each project and the events of each company from 1 without a gap', () => {
    for (const { companyId, projects, tasks, events, history } of companies) {
      for (const { id, lastTaskNumber } of projects) {
        const given = tasks.filter(({ project }) => project.id === id).map(({ number }) => number);
        expect(given).toEqual(numbers(lastTaskNumber));
      }
      expect(events.map(({ seq }) => seq)).toEqual(numbers(all.heads.get(companyId) ?? -1));
      expect(history.map((entry) => [entry.type, entry.objectId, entry.occurredAt.toISOString()])).toEqual(
        events.map((event) => [event.type, event.objectId, event.occurredAt]),
      );
      const times = events.map(({ occurredAt }) => occurredAt);
      expect(times).toEqual([...times].sort());
    }
  });

  it('leave every task in a state that is whole', () => {
    for (const { tasks } of companies) {
      const byId = new Map(tasks.map((task) => [task.id, task]));
      for (const task of tasks) {
        expect(Boolean(task.closedAt)).toBe(isDone(task.status));
        expect(Boolean(task.awaitedMember)).toBe(task.status === 'AWAITING_MEMBER');
        expect(Boolean(task.awaitedProject)).toBe(task.status === 'AWAITING_PROJECT');
        expect(Boolean(task.awaitedTask)).toBe(task.status === 'AWAITING_TASK');
        const isActive = isDone(task.status) || task.status === 'NEW' || task.status === 'IN_PROGRESS';
        expect(Boolean(task.statusBefore)).toBe(!isActive);
        const awaited = task.awaitedTask && byId.get(task.awaitedTask.id);
        if (awaited) expect([isDone(awaited.status), awaited.id === task.id]).toEqual([false, false]);
        if (task.startOn && task.dueOn) expect(task.startOn <= task.dueOn).toBe(true);
        expect(task.createdAt.getTime()).toBeLessThanOrEqual(task.updatedAt.getTime());
      }
    }
  });

  it('give tasks only to those who may have them, and let nobody who is named lose sight of one', () => {
    for (const company of companies) {
      const { tasks, members, permissions, projects } = company;
      const memberOf = new Map(members.map((member) => [member.id, member]));
      const projectOf = new Map(projects.map((project) => [project.id, project]));
      const grantsOf = judgesOf(company);
      const externalSolvers = new Set<string>();
      for (const task of tasks) {
        const facts = taskFacts(task, projectOf.get(task.project.id) as Row<Project>);
        for (const person of [task.author, task.owner, task.solver, task.awaitedMember]) {
          if (person) expect(levelOn(taskPolicy, grantsOf(person.id), facts)).not.toBeNull();
        }
        const solver = task.solver && memberOf.get(task.solver.id);
        if (solver?.kind !== 'EXTERNAL') continue;
        externalSolvers.add(solver.id);
        const permission = permissions.find((one) => one.project.id === task.project.id && one.member.id === solver.id);
        expect([solver.licensedAsInternal, permission?.asInternal]).toEqual([true, true]);
      }
      expect(externalSolvers.size).toBeGreaterThan(0);
      for (const { manager } of projects) expect(memberOf.get(manager.id)?.kind).toBe('INTERNAL');
    }
  });

  it('tell step by step how each task came to be as it is, by people who might do that', () => {
    for (const company of companies) {
      const { tasks, history, events, projects } = company;
      const grantsOf = judgesOf(company);
      const lives = Map.groupBy(
        history.map((entry, i) => ({ entry, event: events[i] as LoggedEvent })),
        lifeOf,
      );
      const projectOf = new Map(projects.map((project) => [project.id, project]));
      for (const task of tasks) {
        const life = lives.get(task.id) ?? [];
        expect(life[0]?.entry.type).toBe('task.created');
        expect(life).toHaveLength(task.version);
        expect(life.at(-1)?.entry.occurredAt).toEqual(task.updatedAt);
        let status: TaskStatus = 'NEW';
        let facts: TaskFacts | null = null;
        for (const { entry, event } of life) {
          const data = event.data as TaskEventData;
          expect(factsBefore(data)).toEqual(facts);
          const grants = grantsOf(entry.actorId ?? '');
          const level: Level | null = facts
            ? levelOn(taskPolicy, grants, facts)
            : levelOn(projectPolicy, grants, projectFacts(projectOf.get(task.project.id) as Row<Project>));
          expect(level && isAtLeast(level, 'EDIT')).toBe(true);
          const { status: moved } = entry.changes as { status?: [TaskStatus | null, TaskStatus] };
          if (moved?.[0]) {
            const decides = task.owner.id === entry.actorId || level === 'MANAGE';
            expect(moved[0]).toBe(status);
            move({ status }, moved[1], 'ANY_INTERNAL', { isExternal: grants.isExternal, decides });
            status = moved[1];
          }
          facts = data.after;
        }
        expect(status).toBe(task.status);
        expect(facts).toEqual(taskFacts(task, projectOf.get(task.project.id) as Row<Project>));
      }
    }
  });
  const lifeOf = ({ entry }: { entry: Row<HistoryEntry> }) => entry.objectId;

  /** What each member of a company brings with them when the policies are asked. */
  function judgesOf({ members, permissions }: Read): (memberId: string) => Grants {
    const byMember = Map.groupBy(permissions, ({ member }) => member.id);
    const known = new Map(
      members.map(({ id, kind, role }) => {
        const levels = (byMember.get(id) ?? []).map(({ project, level }) => [project.id, level] as const);
        return [id, new Grants({ memberId: id, membership: kind, role }, new Map(levels))];
      }),
    );
    return (memberId) => known.get(memberId) as Grants;
  }

  it('have history and events of the very shape that the domain gives them', async () => {
    const world = await World.found(parts, null);
    const person = await world.member();
    const project = await world.project();
    await world.grant(project, person, 'EDIT');
    const task = await world.task(project, { dueOn: '2025-03-01', startOn: '2025-02-01', estimateMinutes: 60 });
    await assignTask(parts, world.admin.viewer, task.id, person.member.id);
    await moveTask(parts, person.viewer, task.id, 'IN_PROGRESS', {});
    await updateTask(parts, person.viewer, task.id, { progressPercent: 50 });
    const source = { orm: parts.orm, companyId: world.companyId };
    const theirs = shapesOf(
      await listRows(source, HistoryEntry, true),
      await readEvents(parts.orm, world.companyId, 0, 100),
    );
    const ours = new Set(companies.flatMap(({ history, events }) => shapesOf(history, events)));
    const typesOf = (shapes: Iterable<string>) => sorted([...shapes].map((shape) => shape.replace(/ .*/, '')));
    expect(typesOf(ours)).toEqual(typesOf(theirs));
    for (const shape of theirs) expect(ours).toContain(shape);
  });

  /** Of each event, the names of all that it tells; ids that are names stand as `*`. */
  const shapesOf = (history: readonly Row<HistoryEntry>[], events: readonly LoggedEvent[]) =>
    events.map(({ type, data }, i) => {
      const { changes, actorId, entryPoint } = history[i] as Row<HistoryEntry>;
      const names = (value: object) => Object.keys(value).map((name) => (name.includes('_') ? '*' : name));
      const { after } = data as Partial<TaskEventData>;
      const told = { data: names(data), after: names(after ?? {}), changes: names(changes), by: Boolean(actorId) };
      return `${type} ${JSON.stringify({ ...told, entryPoint })}`;
    });

  it(
    'are the same, row by row, at every seeding',
    async () => {
      const again = await openInMemory();
      try {
        await seedCompanies(again, PLAN);
        expect(await readAll(again)).toEqual(all);
      } finally {
        await closeParts(again);
      }
    },
    SEEDING_MS,
  );
});

it('seeds as little as one person with one task', async () => {
  const parts = await openInMemory();
  try {
    expect(await seedCompanies(parts, { companies: 1, projects: 1, tasks: 1, members: 1 })).toBe(true);
    expect((await read(parts, 1)).tasks).toHaveLength(1);
  } finally {
    await closeParts(parts);
  }
});
