import type { Grants } from '../auth/grants.js';
import { hasPublicFace, taskFacts } from '../auth/task-policy.js';
import { type ActingViewer, actorIdOf } from '../auth/viewer.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { Project, Workspace } from '../entities/project.js';
import { findRow, findRows, type Row, referenceTo } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { type Priority, type Privacy, TaskStatus } from '../entities/vocabulary.js';
import { badInput, UserError } from '../errors.js';
import { getProject, getTask, getTasks, type HeldTask } from './access.js';
import { type ActingWork, authorship, transactAs, transactOn } from './actor.js';
import type { TaskEventData } from './events.js';
import type { KnownRights } from './known-rights.js';
import { firstValues, recordTaskChange, snapshot } from './task-change.js';
import { expectSeenByNamed, getAwaitedMember, getOwner, getSolver } from './task-people.js';
import { isDone, move } from './task-status.js';
import type { Done, Parts, Work } from './unit-of-work.js';

/** Of each field: absent leaves it, null clears it where it can be without a value. */
export interface TaskFields {
  title?: string | null;
  description?: string | null;
  privacy?: Privacy | null;
  priority?: Priority | null;
  startOn?: string | null;
  dueOn?: string | null;
  estimateMinutes?: number | null;
  progressPercent?: number | null;
}

/** What a task is created with; its author owns it unless somebody else is named, which a key has to. */
export type NewTask = TaskFields & { title: string; ownerId?: string | null };

/** Creates a task in a project. Needs EDIT on the project. */
export function createTask(
  parts: Parts,
  viewer: ActingViewer,
  projectId: string,
  { title, ownerId, ...fields }: NewTask,
): Promise<Done<Row<Task>>> {
  const read = (em: EntityManager) => getProject(em, viewer, projectId, 'EDIT', { lock: 'FOR UPDATE' });
  return transactAs(parts, viewer, { read }, async (work, { object: project, grants }) => {
    const { em } = work;
    const before = { ...project };
    project.lastTaskNumber += 1;
    work.update(Project, before, project);
    const task = em.create(Task, {
      companyId: viewer.companyId,
      project: referenceTo(em, Project, project),
      number: project.lastTaskNumber,
      title,
      ...authorship(work),
      owner: referenceTo(em, Member, await ownerOf(work, grants, ownerId)),
    });
    if (grants.isExternal) task.privacy = 'PUBLIC';
    applyFields(task, { title, ...fields });
    expectStillSeen(task, grants);
    if (ownerId) await expectSeenByNamed(em, task);
    recordCreation(work, task, project);
    return task;
  });
}

async function ownerOf({ em, member }: ActingWork, grants: Grants, ownerId: string | null | undefined) {
  if (ownerId) return getOwner(em, grants, ownerId);
  if (member) return member;
  throw new UserError('REQUIRED', 'A program owns nothing: say who owns the task.', 'ownerId');
}

/** Writes the event of a task that is new. */
export function recordCreation(work: Pick<Work, 'record'>, task: Row<Task>, project: Row<Project>): void {
  const after = taskFacts(task, project);
  const data: TaskEventData = { before: null, after, publicFace: hasPublicFace(after) };
  work.record({ type: 'task.created', objectId: task.id, data, changes: firstValues(task) });
}

/** Edits the descriptive fields. Needs EDIT; `version`, when given, must be the task's. */
export function updateTask(
  parts: Parts,
  viewer: ActingViewer,
  taskId: string,
  fields: TaskFields,
  version?: number | null,
): Promise<Done<Row<Task>>> {
  return editTask(parts, viewer, taskId, 'task.updated', { edit: (scene) => edit(scene, fields, version) });
}

/** One of the edits of `updateTasks`. */
export interface TaskEdit {
  taskId: string;
  fields: TaskFields;
  version?: number | null | undefined;
}

/** Of one call of `updateTasks`: it holds all their rows until it commits. */
const MOST_EDITS = 100;

/** Edits many tasks as `updateTask` edits one, in one transaction: all of them, or none. */
export function updateTasks(
  parts: Parts,
  viewer: ActingViewer,
  edits: readonly TaskEdit[],
): Promise<Done<Row<Task>[]>> {
  const read = async (em: EntityManager) => {
    const ids = edits.map(({ taskId }) => taskId);
    if (ids.length === 0 || ids.length > MOST_EDITS) {
      throw badInput('NUMBER_OF_TASKS', `Edit 1 to ${MOST_EDITS} tasks at a time.`);
    }
    if (new Set(ids).size < ids.length) throw badInput('TASK_TWICE', 'Name each task once.');
    return getTasks(em, viewer, ids, 'EDIT', { lock: 'FOR UPDATE' });
  };
  return transactAs(parts, viewer, { read }, async (work, all) => {
    for (const [i, held] of all.entries()) {
      const { fields, version } = edits[i] as TaskEdit;
      const scene = { work, ...held };
      await changeTask(scene, 'task.updated', () => edit(scene, fields, version)).catch((error) => {
        throw error instanceof UserError ? error.within(`tasks.${i}`) : error;
      });
    }
    return all.map(({ object }) => object);
  });
}

async function edit(
  { object: task, grants, work }: Scene,
  fields: TaskFields,
  version: number | null | undefined,
): Promise<void> {
  if (version != null && version !== task.version) {
    throw new UserError(
      'VERSION_CONFLICT',
      `Somebody else has changed the task: it is at version ${task.version}.`,
      'version',
    );
  }
  const { privacy } = task;
  applyFields(task, fields);
  if (task.privacy === privacy) return;
  expectStillSeen(task, grants);
  await expectSeenByNamed(work.em, task);
}

/** Gives the task to a solver, or to nobody. Needs EDIT; the solver must be active and see the task. */
export function assignTask(
  parts: Parts,
  viewer: ActingViewer,
  taskId: string,
  solverId: string | null,
): Promise<Done<Row<Task>>> {
  return editTask(parts, viewer, taskId, 'task.assigned', {
    isApart: solverId !== null,
    edit: async ({ object: task, work, project, grants }) => {
      task.solver = solverId === null ? null : await getSolver(work.em, grants, task, project, solverId);
    },
  });
}

export interface Awaited {
  memberId?: string | null;
  projectId?: string | null;
  taskId?: string | null;
}

/** Moves the status along the table in `task-status.ts`. Needs EDIT; an awaited state needs what it waits for. */
export function moveTask(
  parts: Parts,
  viewer: ActingViewer,
  taskId: string,
  to: TaskStatus,
  awaited: Awaited,
): Promise<Done<Row<Task>>> {
  return editTask(parts, viewer, taskId, 'task.moved', {
    isApart: NAMES_ANOTHER.has(to),
    edit: async ({ object: task, project, work: { em }, level, grants }) => {
      const decides = task.owner.id === actorIdOf(viewer) || level === 'MANAGE';
      // Of who decides it is not asked.
      const workspace = decides ? null : await findRow(em, Workspace, project.workspace.id);
      const policy = workspace?.closingPolicy ?? null;
      const statusBefore = move(task, to, policy, { isExternal: grants.isExternal, decides });
      setStatus(task, to, statusBefore);
      if (to === 'AWAITING_MEMBER')
        task.awaitedMember = await getAwaitedMember(em, grants, task, expectAwaited('member', awaited.memberId));
      if (to === 'AWAITING_PROJECT') {
        const { object } = await getProject(em, viewer, expectAwaited('project', awaited.projectId), 'VIEW');
        task.awaitedProject = { id: object.id };
      }
      if (to === 'AWAITING_TASK') {
        // Held: a closure of it at the same time comes before, and is seen here, or after, and sees this one wait.
        const awaitedId = expectAwaited('task', awaited.taskId);
        const { object } = await getTask(em, viewer, awaitedId, 'VIEW', { lock: 'LOCK IN SHARE MODE' });
        if (object.id === task.id || isDone(object.status)) {
          throw new UserError('NOT_AWAITABLE', 'A task waits for another one that is open.', 'awaitedTaskId');
        }
        await expectNoCircle(em, task, object);
        task.awaitedTask = { id: object.id };
      }
    },
    follow: async ({ object: task, work }) => {
      // The closure of the awaited task ends the waiting for it.
      if (isDone(to)) await resumeWaiting(work, task);
    },
  });
}

/** The database holds what a task comes to name. */
const NAMES_ANOTHER: ReadonlySet<TaskStatus> = new Set(['AWAITING_MEMBER', 'AWAITING_PROJECT', 'AWAITING_TASK']);

/** Two tasks that wait for each other would wait for ever. */
async function expectNoCircle(em: EntityManager, task: Row<Task>, awaited: Row<Task>): Promise<void> {
  for (
    let next: Row<Task> | null = awaited;
    next;
    next = next.awaitedTask ? await findRow(em, Task, next.awaitedTask.id) : null
  ) {
    if (next.id === task.id)
      throw new UserError('WAITS_IN_A_CIRCLE', 'That task waits, in the end, for this one.', 'awaitedTaskId');
  }
}

/** Puts a task back to where it stood before it waited. */
export function resume(task: Row<Task>): void {
  setStatus(task, task.statusBefore ?? TaskStatus.IN_PROGRESS, null);
}

/** A task that is held, in the transaction that holds it. */
type Scene = HeldTask & { work: Work };

interface Editing {
  /** Whether it holds members or other tasks as well: then it has a transaction of its own. */
  isApart?: boolean;
  edit(scene: Scene): Promise<void>;
  /** What follows from the change, recorded after it. */
  follow?(scene: Scene): Promise<void>;
}

/** One locked, permitted, recorded change of one task. */
function editTask(
  parts: Parts,
  viewer: ActingViewer,
  taskId: string,
  type: string,
  { isApart = false, edit, follow }: Editing,
): Promise<Done<Row<Task>>> {
  const read = (em: EntityManager, rights: KnownRights | null = null) =>
    getTask(em, viewer, taskId, 'EDIT', { lock: 'FOR UPDATE', rights });
  const act = async (work: Work, held: HeldTask) => {
    const scene = { work, ...held };
    await changeTask(scene, type, () => edit(scene));
    await follow?.(scene);
    return scene.object;
  };
  return isApart ? transactAs(parts, viewer, { read }, act) : transactOn(parts, viewer, taskId, read, act);
}

/** What `change` does to a task that is held, recorded. */
async function changeTask({ object: task, work, project }: Scene, type: string, change: () => Promise<void>) {
  const before = snapshot(task, project);
  await change();
  recordTaskChange(work, type, task, project, before);
}

const CLEARABLE: ReadonlySet<string> = new Set<keyof TaskFields>(['startOn', 'dueOn', 'estimateMinutes']);

function applyFields(task: Row<Task>, fields: TaskFields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === null && !CLEARABLE.has(name))
      throw new UserError('REQUIRED', `A task cannot be without ${name}.`, name);
    if (value !== undefined) Object.assign(task, { [name]: value });
  }
  if (task.title.trim() === '') throw new UserError('REQUIRED', 'A task needs a title.', 'title');
  if (task.startOn && task.dueOn && task.startOn > task.dueOn) {
    throw new UserError('DATES_REVERSED', 'A task cannot be due before it starts.', 'dueOn');
  }
  if (task.progressPercent < 0 || task.progressPercent > 100) {
    throw new UserError('OUT_OF_RANGE', 'Progress goes from 0 to 100.', 'progressPercent');
  }
  if (task.estimateMinutes != null && task.estimateMinutes < 0) {
    throw new UserError('OUT_OF_RANGE', 'An estimate is not negative.', 'estimateMinutes');
  }
}

/** An external who made a record other than public would lose sight of it; so would a key that made a private one. */
function expectStillSeen(task: Row<Task>, { isExternal, isInternal }: Grants): void {
  if (isExternal && task.privacy !== 'PUBLIC')
    throw new UserError('EXTERNALS_PUBLIC_ONLY', 'External members work on public tasks only.', 'privacy');
  if (!isExternal && !isInternal && task.privacy === 'PRIVATE')
    throw new UserError('KEYS_NOT_PRIVATE', 'Programs work on what is not private.', 'privacy');
}

/** Puts a task into a status; what it waited for is over. */
export function setStatus(task: Row<Task>, status: TaskStatus, statusBefore: TaskStatus | null): void {
  task.status = status;
  task.statusBefore = statusBefore;
  task.awaitedMember = null;
  task.awaitedProject = null;
  task.awaitedTask = null;
  task.closedAt = isDone(status) ? new Date() : null;
}

async function resumeWaiting(work: Work, closed: Row<Task>): Promise<void> {
  const those = { awaitedTask: closed.id, status: 'AWAITING_TASK' };
  for (const task of await findRows(work.em, Task, those, { lock: 'FOR UPDATE' })) {
    const project = (await findRow(work.em, Project, task.project.id)) as Row<Project>;
    const before = snapshot(task, project);
    resume(task);
    recordTaskChange(work, 'task.resumed', task, project, before);
  }
}

const expectAwaited = (what: 'member' | 'project' | 'task', id: string | null | undefined): string => {
  if (id) return id;
  throw new UserError(
    'REQUIRED',
    `Say which ${what} the task waits for.`,
    `awaited${what[0]?.toUpperCase()}${what.slice(1)}Id`,
  );
};
