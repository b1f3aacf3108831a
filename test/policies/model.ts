import type { Member } from '../../src/entities/member.js';
import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import type { Privacy, Scope } from '../../src/entities/vocabulary.js';
import type { Caller } from '../harness/client.js';
import type { Person, World } from '../harness/world.js';
import type { Entering } from './random-document.js';

// The rules of the product once more, as short as they can be said.

/** What a follow is of: one of the two. */
export interface Shown {
  taskId?: string;
  projectId?: string;
}

/** What was written under a task. */
export interface Written {
  id: string;
  taskId: string;
  authorId: string;
  privacy: Privacy;
}

export interface Company {
  world: World;
  people: Person[];
  /** By the member's id, as the last command has left them. */
  members: Map<string, Row<Member>>;
  projects: Project[];
  /** Who has a level where: `project member`. */
  grants: Set<string>;
  /** Who may share where, in the same way. */
  sharers: Set<string>;
  tasks: Map<string, Row<Task>>;
  comments: Written[];
  /** Words that stand in one object alone, with its id. */
  texts: Map<string, string>;
  follows: (Shown & { id: string; secret: string; grantedBy: string; isOpen: boolean })[];
  /** Programs, and the operator's support: whoever comes in and is no person of the company. */
  others: { id: string; caller: Caller; scopes: readonly Scope[] | 'SUPPORT'; isOpen: boolean }[];
}

const isIn = (words: readonly string[], word: string) => words.includes(word);

export function seesProject({ grants }: Company, me: Row<Member>, project: Project): boolean {
  const isInternal = me.kind === 'INTERNAL';
  if (isInternal && (me.role !== 'MEMBER' || project.manager.id === me.id)) return true;
  if (grants.has(`${project.id} ${me.id}`)) return true;
  return isIn(isInternal ? ['INTERNAL', 'EVERYONE'] : ['EXTERNAL', 'EVERYONE'], project.visibility);
}

export function seesTask(company: Company, me: Row<Member>, task: Row<Task>): boolean {
  if (me.kind === 'EXTERNAL' && task.privacy !== 'PUBLIC') return false;
  const named = [task.owner.id, task.solver?.id, task.awaitedMember?.id];
  if (named.includes(me.id)) return true;
  if (task.privacy === 'PRIVATE') return task.author?.id === me.id;
  const isAwaitedHere = me.kind === 'INTERNAL' && company.grants.has(`${task.awaitedProject?.id} ${me.id}`);
  return isAwaitedHere || seesProject(company, me, projectOf(company, task));
}

function findsMember(company: Company, me: Row<Member>, other: Row<Member>): boolean {
  if (me.kind === 'INTERNAL' || other.id === me.id) return true;
  const shared = company.projects.filter((project) => seesProject(company, me, project));
  return shared.some(({ id, manager }) => manager.id === other.id || company.grants.has(`${id} ${other.id}`));
}

export function mayShare(company: Company, me: Row<Member>, { taskId, projectId }: Shown): boolean {
  const task = taskId ? company.tasks.get(taskId) : undefined;
  const project = task ? projectOf(company, task) : company.projects.find(({ id }) => id === projectId);
  if (me.deactivatedAt || me.kind === 'EXTERNAL' || !project) return false;
  if (me.role !== 'ADMIN' && !company.sharers.has(`${project.id} ${me.id}`)) return false;
  return task ? task.privacy === 'PUBLIC' && seesTask(company, me, task) : seesProject(company, me, project);
}

export const projectOf = ({ projects }: Company, task: Row<Task>): Project =>
  projects.find(({ id }) => id === task.project.id) as Project;

/** All that somebody is to be shown, by its id. */
export function visibleTo(company: Company, me: Row<Member>): string[] {
  const { projects, tasks, members, follows } = company;
  return [
    ...projects.filter((project) => seesProject(company, me, project)),
    ...[...tasks.values()].filter((task) => seesTask(company, me, task)),
    ...[...members.values()].filter((other) => findsMember(company, me, other)),
    ...follows.filter(({ grantedBy }) => me.kind === 'INTERNAL' && (me.role === 'ADMIN' || grantedBy === me.id)),
  ].map(({ id }) => id);
}

/** The kinds of objects that who is no person is shown: all of them, but for what is private. */
export function kindsFor(scopes: readonly Scope[] | 'SUPPORT'): string[] {
  if (scopes === 'SUPPORT') return ['member', 'project', 'task'];
  const areas = scopes.map((scope) => scope.split('_')[0]);
  return ['MEMBERS', 'PROJECTS', 'TASKS']
    .filter((area) => areas.includes(area))
    .map((area) => area.toLowerCase().slice(0, -1));
}

const seesComment = (company: Company, me: Row<Member>, { taskId, privacy }: Written): boolean =>
  seesTask(company, me, company.tasks.get(taskId) as Row<Task>) && (me.kind === 'INTERNAL' || privacy === 'PUBLIC');

/** All that may be named in any answer to somebody: what they are shown, and whoever stands on it. */
function namedTo(company: Company, me: Row<Member>): Set<string> {
  const { world, projects, tasks, comments, others, follows } = company;
  const isInternal = me.kind === 'INTERNAL';
  const people = [
    ...projects.filter((project) => seesProject(company, me, project)).map(({ manager }) => manager),
    ...[...tasks.values()]
      .filter((task) => seesTask(company, me, task))
      .flatMap(({ owner, solver, awaitedMember, author }) => [owner, solver, awaitedMember, author]),
  ];
  const written = comments.filter((comment) => seesComment(company, me, comment));
  return new Set([
    ...visibleTo(company, me),
    ...people.flatMap((person) => person?.id ?? []),
    ...written.flatMap(({ id, authorId }) => [id, authorId]),
    ...[world.companyId, me.user.id],
    ...(isInternal ? [world.workspace.id] : []),
    ...(me.role === 'ADMIN' ? [...others, ...follows].map(({ id }) => id) : []),
  ]);
}

/** The same for who is no person. */
function namedToOthers(company: Company, scopes: readonly Scope[] | 'SUPPORT'): Set<string> {
  const { world, members, projects, comments } = company;
  const kinds = kindsFor(scopes);
  const tasks = openTasks(company);
  const isReading = scopes === 'SUPPORT' || scopes.some((scope) => scope.startsWith('COMMENTS'));
  const under = comments.filter(({ taskId }) => tasks.some(({ id }) => id === taskId));
  const ids = [...members.values(), ...projects, ...tasks].map(({ id }) => id);
  return new Set([
    ...ids.filter((id) => kinds.includes(id.split('_')[0] ?? '')),
    ...(isReading ? under.map(({ id }) => id) : []),
    ...(kinds.includes('project') ? [world.workspace.id] : []),
    world.companyId,
  ]);
}

export const openTasks = ({ tasks }: Company): Row<Task>[] =>
  [...tasks.values()].filter(({ privacy }) => privacy !== 'PRIVATE');

/** What a follow shows of its task, or of its project. */
function namedToFollower({ tasks, comments }: Company, { id, taskId, projectId }: Shown & { id: string }) {
  const isShown = taskId !== undefined && tasks.get(taskId)?.privacy === 'PUBLIC';
  const written = comments.filter((comment) => comment.taskId === taskId && comment.privacy === 'PUBLIC');
  return new Set([id, ...(isShown ? [taskId, ...written.map(({ id }) => id)] : []), ...(projectId ? [projectId] : [])]);
}

interface Asking extends Entering {
  caller: Caller;
  /** What may be named to them. */
  named: Set<string>;
}

/** Whoever has a way into a company, by whichever. */
export function callersOf(company: Company, companies: readonly Company[]): Asking[] {
  const { people, members, others, follows } = company;
  return [
    ...people.map(({ member, caller }) => {
      const me = members.get(member.id) as Row<Member>;
      // Who is in several companies is told so in each.
      const mine = companies.flatMap(({ world, members }) => membershipOf(members, me.user.id, world.companyId));
      return {
        entry: 'MEMBER' as const,
        isAdmin: me.role === 'ADMIN',
        caller,
        named: new Set(me.deactivatedAt ? [] : [...mine, ...namedTo(company, me)]),
      };
    }),
    ...others.map(({ caller, scopes, isOpen }) => {
      const entry = scopes === 'SUPPORT' ? ('SUPPORT' as const) : ('INTEGRATION' as const);
      return { entry, isAdmin: false, caller, named: isOpen ? namedToOthers(company, scopes) : new Set<string>() };
    }),
    ...follows.map(({ secret, isOpen, ...follow }) => {
      const caller = { authorization: `Follow ${secret}` };
      return {
        entry: 'FOLLOWER' as const,
        isAdmin: false,
        caller,
        named: isOpen ? namedToFollower(company, follow) : new Set<string>(),
      };
    }),
  ];
}

const membershipOf = (members: Company['members'], userId: string, companyId: string): string[] =>
  [...members.values()]
    .filter(({ user, deactivatedAt }) => user.id === userId && !deactivatedAt)
    .flatMap(({ id }) => [companyId, id]);
