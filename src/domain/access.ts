import { type Grants, loadGrants } from '../auth/grants.js';
import { isAtLeast } from '../auth/level.js';
import { projectFacts, projectPolicy } from '../auth/project-policy.js';
import { levelOn } from '../auth/rule.js';
import { taskFacts, taskPolicy } from '../auth/task-policy.js';
import type { ReadingViewer } from '../auth/viewer.js';
import { Project } from '../entities/project.js';
import { marks } from '../entities/row-filter.js';
import { findRow, findRows, type Row, type RowLock, type RowSource, selectRows } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import type { Level } from '../entities/vocabulary.js';
import { forbidden, notFound } from '../errors.js';
import { expectId } from '../schema/ids.js';
import type { KnownRights } from './known-rights.js';

interface Held<T> {
  level: Level;
  grants: Grants;
  object: T;
}
interface Options {
  lock?: RowLock;
  /** By what rights, when it is not to be read. */
  rights?: KnownRights | null;
}

/** Throws NOT_FOUND for what is not seen, FORBIDDEN for what is seen but not open to this. */
export async function getProject(
  source: RowSource,
  viewer: ReadingViewer,
  projectId: string,
  needed: Level,
  options: Options = {},
): Promise<Held<Row<Project>>> {
  const [project, grants] = await Promise.all([
    findRow(source, Project, expectId('project', projectId), options),
    loadGrants(source, viewer),
  ]);
  if (!project) throw notFound('project');
  return {
    level: expectLevel(levelOn(projectPolicy, grants, projectFacts(project)), needed, 'project'),
    grants,
    object: project,
  };
}

export type HeldTask = Held<Row<Task>> & { project: Row<Project> };

/** The same for a task; the project that its rights come from is read with it. */
export async function getTask(
  source: RowSource,
  viewer: ReadingViewer,
  taskId: string,
  needed: Level,
  options: Options = {},
): Promise<HeldTask> {
  const [held] = await getTasks(source, viewer, [taskId], needed, options);
  return held as HeldTask;
}

/**
 * The same for many tasks, answered in the order of `taskIds`: one question for all tasks, one for their projects, one
 * for the viewer's grants, all at once. As rows are locked in the order of their ids, two who hold the same ones do not
 * wait for each other in a circle.
 */
export async function getTasks(
  source: RowSource,
  viewer: ReadingViewer,
  taskIds: readonly string[],
  needed: Level,
  options: Options = {},
): Promise<HeldTask[]> {
  const ids = taskIds.map((id) => expectId('task', id));
  const { lock, rights } = options;
  const [taskRows, projectRows, grants] = await Promise.all([
    findRows(source, Task, { id: ids }, { lock }),
    rights ? [] : selectRows(source, Project, `id in (${projectsOf(ids)})`, [viewer.companyId, ...ids]),
    rights?.grants ?? loadGrants(source, viewer),
  ]);
  const tasks = byId(taskRows);
  if (tasks.size < ids.length) throw notFound('task');
  const projects = byId(rights ? await projectsKnown(source, rights, taskRows) : projectRows);
  return ids.map((id) => {
    const task = tasks.get(id) as Row<Task>;
    const project = projects.get(task.project.id) as Row<Project>;
    const level = expectLevel(levelOn(taskPolicy, grants, taskFacts(task, project)), needed, 'task');
    return { level, grants, object: task, project };
  });
}

/** The projects of tasks; those that are not known yet are read, and known from now on. */
async function projectsKnown(source: RowSource, rights: KnownRights, tasks: readonly Row<Task>[]) {
  const ids = [...new Set(tasks.map(({ project }) => project.id))];
  const known = ids.flatMap((id) => rights.project(id) ?? []);
  const read = await findRows(source, Project, { id: ids.filter((id) => !rights.project(id)) });
  for (const project of read) rights.remember(project);
  return [...known, ...read];
}

/** The projects of tasks, as their ids are asked for in a statement. */
const projectsOf = (taskIds: readonly string[]): string =>
  `select project_id from tasks where company_id = ? and id in (${marks(taskIds.length)})`;

const byId = <T extends { id: string }>(rows: readonly T[]): Map<string, T> =>
  new Map(rows.map((row) => [row.id, row]));

function expectLevel(level: Level | null, needed: Level, what: string): Level {
  if (!level) throw notFound(what);
  if (!isAtLeast(level, needed)) throw forbidden('LEVEL_REQUIRED', `This asks for ${needed} on the ${what}.`);
  return level;
}
