import { LockMode } from '@mikro-orm/core';
import { type Grants, loadGrants } from '../auth/grants.js';
import { isAtLeast } from '../auth/level.js';
import { projectFacts, projectPolicy } from '../auth/project-policy.js';
import { levelOn } from '../auth/rule.js';
import { taskFacts, taskPolicy } from '../auth/task-policy.js';
import type { MemberViewer } from '../auth/viewer.js';
import type { EntityManager } from '../entities/orm.js';
import { Project } from '../entities/project.js';
import { Task } from '../entities/task.js';
import type { Level } from '../entities/vocabulary.js';
import { forbidden, notFound } from '../errors.js';
import { expectId } from '../schema/ids.js';

interface Held<T> {
  level: Level;
  grants: Grants;
  object: T;
}
interface Options {
  /** Holds the row until the transaction ends. */
  lock?: boolean;
}

/** Throws NOT_FOUND for what is not seen, FORBIDDEN for what is seen but not open to this. */
export async function getProject(
  em: EntityManager,
  viewer: MemberViewer,
  projectId: string,
  needed: Level,
  { lock = false }: Options = {},
): Promise<Held<Project>> {
  const project = await em.findOne(
    Project,
    { id: expectId('project', projectId) },
    lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {},
  );
  if (!project) throw notFound('project');
  const grants = await loadGrants(em, viewer);
  return {
    level: expectLevel(levelOn(projectPolicy, grants, projectFacts(project)), needed, 'project'),
    grants,
    object: project,
  };
}

/** The same for a task; the project that its rights come from is loaded with it. */
export async function getTask(
  em: EntityManager,
  viewer: MemberViewer,
  taskId: string,
  needed: Level,
  { lock = false }: Options = {},
): Promise<Held<Task> & { project: Project }> {
  const task = await em.findOne(
    Task,
    { id: expectId('task', taskId) },
    lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {},
  );
  if (!task) throw notFound('task');
  const project = await task.project.loadOrFail();
  const grants = await loadGrants(em, viewer);
  return {
    level: expectLevel(levelOn(taskPolicy, grants, taskFacts(task, project)), needed, 'task'),
    grants,
    object: task,
    project,
  };
}

/**
 * The same for many tasks, answered in the order of `taskIds`: one question for all rows, one for the viewer's grants.
 * Rows are locked in the order of their ids, so that two who hold the same ones do not wait for each other in a circle.
 */
export async function getTasks(
  em: EntityManager,
  viewer: MemberViewer,
  taskIds: readonly string[],
  needed: Level,
  { lock = false }: Options = {},
): Promise<(Held<Task> & { project: Project })[]> {
  const ids = taskIds.map((id) => expectId('task', id));
  const rows = await em.find(
    Task,
    { id: { $in: ids } },
    { orderBy: { id: 'asc' }, ...(lock && { lockMode: LockMode.PESSIMISTIC_WRITE }) },
  );
  const tasks = new Map(rows.map((task) => [task.id, task]));
  const grants = await loadGrants(em, viewer);
  return Promise.all(
    ids.map(async (id) => {
      const task = tasks.get(id);
      if (!task) throw notFound('task');
      const project = await task.project.loadOrFail();
      const level = expectLevel(levelOn(taskPolicy, grants, taskFacts(task, project)), needed, 'task');
      return { level, grants, object: task, project };
    }),
  );
}

function expectLevel(level: Level | null, needed: Level, what: string): Level {
  if (!level) throw notFound(what);
  if (!isAtLeast(level, needed)) throw forbidden('LEVEL_REQUIRED', `This asks for ${needed} on the ${what}.`);
  return level;
}
