import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Grants } from '../../src/auth/grants.js';
import { projectColumns, projectFacts, projectPolicy } from '../../src/auth/project-policy.js';
import { filterOfKind, levelOn, rowFilter } from '../../src/auth/rule.js';
import { factsOfProject, type TaskFacts, taskColumns, taskFacts, taskPolicy } from '../../src/auth/task-policy.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Member } from '../../src/entities/member.js';
import { type EntityManager, forkFor } from '../../src/entities/orm.js';
import { Project, Workspace } from '../../src/entities/project.js';
import { all, oneOf, type RowFilter } from '../../src/entities/row-filter.js';
import { listRows } from '../../src/entities/rows.js';
import { Task } from '../../src/entities/task.js';
import { Level, MembershipKind, Privacy, Role, type Scope, Visibility } from '../../src/entities/vocabulary.js';
import { SCOPES } from '../../src/schema/scopes.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { World } from '../harness/world.js';

const ME = 'me';
const SOMEBODY = 'somebody';
const HERE = 'here';
const THERE = 'there';

interface Who {
  role?: Role;
  membership?: MembershipKind;
  granted?: Partial<Record<typeof HERE | typeof THERE, Level>>;
}

const grantsOf = ({ role = 'MEMBER', membership = 'INTERNAL', granted = {} }: Who) =>
  new Grants({ memberId: ME, role, membership }, new Map(Object.entries(granted)));

const admin: Who = { role: 'ADMIN' };
const supervisor: Who = { role: 'SUPERVISOR' };
const internal: Who = {};
const external: Who = { membership: 'EXTERNAL' };
const having = (level: Level, who: Who = internal): Who => ({ ...who, granted: { [HERE]: level } });

describe('what a program may do, by the scopes of its key', () => {
  const project = { id: HERE, managerId: SOMEBODY, visibility: 'MEMBERS' };
  const task: TaskFacts = {
    projectId: HERE,
    projectManagerId: SOMEBODY,
    projectVisibility: 'EVERYONE',
    privacy: 'INTERNAL',
    // Nobody: what names no person is nobody's, and no program's either.
    authorId: null,
    ownerId: SOMEBODY,
    solverId: null,
    awaitedMemberId: null,
    awaitedProjectId: null,
  };
  const levelsOf = (...scopes: Scope[]) => {
    const grants = new Grants({ keyId: 'apikey', scopes }, new Map());
    return [
      levelOn(projectPolicy, grants, project),
      levelOn(taskPolicy, grants, task),
      levelOn(taskPolicy, grants, { ...task, privacy: 'PRIVATE' }),
    ];
  };

  it.each<[Scope, (Level | null)[]]>([
    ['PROJECTS_READ', ['VIEW', null, null]],
    ['PROJECTS_WRITE', ['VIEW', null, null]],
    ['TASKS_READ', ['VIEW', 'VIEW', null]],
    ['TASKS_WRITE', ['EDIT', 'EDIT', null]],
    ['COMMENTS_READ', [null, null, null]],
    ['COMMENTS_WRITE', [null, 'COMMENT', null]],
    ['MEMBERS_READ', [null, null, null]],
  ])('%s: the project, its task, a private one: %j', (scope, levels) => {
    expect(levelsOf(scope)).toEqual(levels);
  });

  it('is nothing private, whatever the scopes are', () => {
    expect(levelsOf(...SCOPES)).toEqual(['EDIT', 'EDIT', null]);
  });
});

describe('what somebody may do with a project', () => {
  const ofOthers = { id: HERE, managerId: SOMEBODY, visibility: 'MEMBERS' };
  const mine = { ...ofOthers, managerId: ME };
  const openTo = (visibility: Visibility) => ({ ...ofOthers, visibility });

  it.each<[string, Who, typeof ofOthers, Level | null]>([
    ['an administrator manages all', admin, ofOthers, 'MANAGE'],
    ['a supervisor reads all', supervisor, ofOthers, 'VIEW'],
    ['a supervisor has what is granted beyond', having('EDIT', supervisor), ofOthers, 'EDIT'],
    ['its manager manages it', internal, mine, 'MANAGE'],
    ['others see nothing of it', internal, ofOthers, null],
    ['a grant of VIEW is VIEW', having('VIEW'), ofOthers, 'VIEW'],
    ['a grant of COMMENT is COMMENT', having('COMMENT'), ofOthers, 'COMMENT'],
    ['a grant of EDIT is EDIT', having('EDIT'), ofOthers, 'EDIT'],
    ['a grant of MANAGE is MANAGE', having('MANAGE'), ofOthers, 'MANAGE'],
    ['a grant elsewhere is none here', { granted: { [THERE]: 'MANAGE' } }, ofOthers, null],
    ['INTERNAL opens it to internals', internal, openTo('INTERNAL'), 'VIEW'],
    ['INTERNAL does not open it to externals', external, openTo('INTERNAL'), null],
    ['EXTERNAL opens it to externals', external, openTo('EXTERNAL'), 'VIEW'],
    ['EXTERNAL does not open it to internals', internal, openTo('EXTERNAL'), null],
    ['EVERYONE opens it to internals', internal, openTo('EVERYONE'), 'VIEW'],
    ['EVERYONE opens it to externals', external, openTo('EVERYONE'), 'VIEW'],
    ['visibility takes nothing from a grant', having('EDIT'), openTo('EVERYONE'), 'EDIT'],
    ['an external edits at most', having('MANAGE', external), ofOthers, 'EDIT'],
    ['an external manages nothing', external, mine, null],
    ['an external is no administrator, whatever a row says', { ...external, role: 'ADMIN' }, ofOthers, null],
    ['an external is no supervisor, whatever a row says', { ...external, role: 'SUPERVISOR' }, ofOthers, null],
  ])('%s', (_rule, who, facts, level) => {
    expect(levelOn(projectPolicy, grantsOf(who), facts)).toBe(level);
  });
});

describe('what somebody may do with a task', () => {
  const task = (facts: Partial<TaskFacts> = {}): TaskFacts => ({
    projectId: HERE,
    projectManagerId: SOMEBODY,
    projectVisibility: 'MEMBERS',
    privacy: 'INTERNAL',
    authorId: SOMEBODY,
    ownerId: SOMEBODY,
    solverId: null,
    awaitedMemberId: null,
    awaitedProjectId: null,
    ...facts,
  });
  const isPublic = { privacy: 'PUBLIC' } as const;
  const isPrivate = { privacy: 'PRIVATE' } as const;
  const mine = { authorId: ME, ownerId: ME, solverId: ME, awaitedMemberId: ME };

  it.each<[string, Who, TaskFacts, Level | null]>([
    ['an administrator manages all', admin, task(), 'MANAGE'],
    ['an administrator sees nothing private', admin, task(isPrivate), null],
    ['a supervisor reads all', supervisor, task(), 'VIEW'],
    ['a supervisor sees nothing private', supervisor, task(isPrivate), null],
    ["the project's manager manages it", internal, task({ projectManagerId: ME }), 'MANAGE'],
    ["the project's manager sees nothing private", internal, task({ projectManagerId: ME, ...isPrivate }), null],
    ['others see nothing', internal, task(), null],
    ['its owner edits', internal, task({ ownerId: ME }), 'EDIT'],
    ['its owner edits, private too', internal, task({ ownerId: ME, ...isPrivate }), 'EDIT'],
    ['its solver edits', internal, task({ solverId: ME }), 'EDIT'],
    ['its solver edits, private too', internal, task({ solverId: ME, ...isPrivate }), 'EDIT'],
    ['the person awaited comments', internal, task({ awaitedMemberId: ME }), 'COMMENT'],
    ['the person awaited comments, private too', internal, task({ awaitedMemberId: ME, ...isPrivate }), 'COMMENT'],
    ['its author alone sees nothing', internal, task({ authorId: ME }), null],
    ['its author edits when it is private', internal, task({ authorId: ME, ...isPrivate }), 'EDIT'],
    ['VIEW on the project is VIEW', having('VIEW'), task(), 'VIEW'],
    ['COMMENT on the project is COMMENT', having('COMMENT'), task(), 'COMMENT'],
    ['EDIT on the project is EDIT', having('EDIT'), task(), 'EDIT'],
    ['MANAGE on the project is MANAGE', having('MANAGE'), task(), 'MANAGE'],
    ['MANAGE on the project shows nothing private', having('MANAGE'), task(isPrivate), null],
    ['the most of several rights counts', having('VIEW'), task({ solverId: ME }), 'EDIT'],
    [
      'members of the awaited project comment',
      having('VIEW'),
      task({ projectId: THERE, awaitedProjectId: HERE }),
      'COMMENT',
    ],
    [
      'members of the awaited project see nothing private',
      having('EDIT'),
      task({ projectId: THERE, awaitedProjectId: HERE, ...isPrivate }),
      null,
    ],
    [
      'externals of the awaited project see nothing',
      having('EDIT', external),
      task({ projectId: THERE, awaitedProjectId: HERE, ...isPublic }),
      null,
    ],
    ['internals read an open project', internal, task({ projectVisibility: 'INTERNAL' }), 'VIEW'],
    ['everyone is internals too', internal, task({ projectVisibility: 'EVERYONE' }), 'VIEW'],
    ['open to externals is not open to internals', internal, task({ projectVisibility: 'EXTERNAL' }), null],
    ['an open project shows nothing private', internal, task({ projectVisibility: 'EVERYONE', ...isPrivate }), null],
    ['an external reads what is public', external, task({ projectVisibility: 'EXTERNAL', ...isPublic }), 'VIEW'],
    ['everyone is externals too', external, task({ projectVisibility: 'EVERYONE', ...isPublic }), 'VIEW'],
    ['an external reads nothing internal', external, task({ projectVisibility: 'EXTERNAL' }), null],
    ['an external with a grant edits what is public', having('EDIT', external), task(isPublic), 'EDIT'],
    ['an external edits at most', having('MANAGE', external), task(isPublic), 'EDIT'],
    ['an external with a grant sees nothing internal', having('EDIT', external), task(), null],
    ['an external sees nothing internal, even their own', external, task(mine), null],
    ['an external sees nothing private, even their own', external, task({ ...mine, ...isPrivate }), null],
    ['an external solver edits what is public', external, task({ solverId: ME, ...isPublic }), 'EDIT'],
    ['an external manages nothing', external, task({ projectManagerId: ME, ...isPublic }), null],
    ['an external is no administrator', { ...external, role: 'ADMIN' }, task(isPublic), null],
    ['an external is no supervisor', { ...external, role: 'SUPERVISOR' }, task(isPublic), null],
  ])('%s', (_rule, who, facts, level) => {
    expect(levelOn(taskPolicy, grantsOf(who), facts)).toBe(level);
  });
});

/** Every combination of the facts that the policies read, as rows, and every viewer: the database decides as the program does. */
describe('the row filter shows exactly the rows on which there is a level', () => {
  let database: TestDatabase;
  let parts: Parts;
  let em: EntityManager;
  let projects: Project[];
  let tasks: Task[];
  let memberId: string;
  const granted = new Map<string, Level>();

  beforeAll(async () => {
    database = await createDatabase();
    parts = await openParts(database);
    const world = await World.found(parts, null);
    memberId = (await world.member()).member.id;
    em = forkFor(parts.orm, world);
    const { companyId } = world;
    const workspace = await em.findOneOrFail(Workspace, {});
    const me = await em.findOneOrFail(Member, { id: memberId });
    const somebody = await em.findOneOrFail(Member, { id: world.admin.member.id });

    for (const visibility of Object.values(Visibility)) {
      for (const right of [null, 'manager', ...Object.values(Level)] as const) {
        const manager = right === 'manager' ? me : somebody;
        const key = `P${granted.size}-${visibility.slice(0, 3)}-${right?.slice(0, 2)}`.slice(0, 10);
        const project = em.create(Project, { companyId, workspace, key, name: key, visibility, manager });
        if (right && right !== 'manager') granted.set(project.id, right);
      }
    }
    await em.flush();
    projects = await em.find(Project, {});
    const awaitedProject = projects.find((project) => granted.has(project.id));

    const named = { author: me, owner: me, solver: me, awaitedMember: me, awaitedProject };
    const relations = [{}, ...Object.entries(named).map(([name, value]) => ({ [name]: value })), named];
    for (const project of projects) {
      let number = 0;
      for (const privacy of Object.values(Privacy)) {
        for (const relation of relations) {
          number += 1;
          const others = { author: somebody, owner: somebody };
          em.create(Task, { companyId, project, number, title: 'Task', privacy, ...others, ...relation });
        }
      }
    }
    await em.flush();
    tasks = await em.find(Task, {});
  }, 30_000);
  afterAll(async () => {
    await closeParts(parts);
    await database?.drop();
  });

  /** The tasks of all projects that a filter for each lets through. */
  const tasksIn = async (filterFor: (project: Project) => RowFilter) => {
    const found = projects.map((project) =>
      listRows(em, Task, all(oneOf('project', [project.id]), filterFor(project))),
    );
    return (await Promise.all(found)).flat();
  };

  it.each(Object.values(MembershipKind).flatMap((kind) => Object.values(Role).map((role) => [kind, role] as const)))(
    'to an %s %s',
    async (membership, role) => {
      const grants = new Grants({ memberId, membership, role }, granted);
      const found = {
        projects: await listRows(em, Project, rowFilter(projectPolicy, grants, projectColumns)),
        tasks: await tasksIn((project) => rowFilter(taskPolicy, grants, taskColumns, factsOfProject(project))),
      };
      const seen = {
        projects: projects.filter((project) => levelOn(projectPolicy, grants, projectFacts(project))),
        tasks: tasks.filter((task) => levelOn(taskPolicy, grants, taskFacts(task, task.project.getEntity()))),
      };
      expect(idsOf(found.projects)).toEqual(idsOf(seen.projects));
      expect(idsOf(found.tasks)).toEqual(idsOf(seen.tasks));
      // What all of the viewer's kind have in common lets through whatever any of them sees.
      const ofKind = await tasksIn((project) => filterOfKind(taskPolicy, grants, taskColumns, factsOfProject(project)));
      expect(idsOf(ofKind)).toEqual(expect.arrayContaining(idsOf(seen.tasks)));
      expect(seen.tasks.length).toBeGreaterThan(0);
      expect(seen.tasks.length).toBeLessThan(tasks.length);
    },
  );
});

const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).sort();
