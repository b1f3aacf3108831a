import { followFacts, followPolicy } from '../auth/follow-policy.js';
import { loadGrants } from '../auth/grants.js';
import { levelOn } from '../auth/rule.js';
import { hasPublicFace, taskFacts } from '../auth/task-policy.js';
import type { MemberViewer } from '../auth/viewer.js';
import type { Follow } from '../entities/follow.js';
import type { EntityManager } from '../entities/orm.js';
import { type Project, ProjectPermission } from '../entities/project.js';
import { findRows, type Row, type RowLock } from '../entities/rows.js';
import type { Task } from '../entities/task.js';
import { forbidden, UserError } from '../errors.js';
import { getProject, getTask } from './access.js';

/** What an anonymous follow shows: one of the two. */
export interface SharedIds {
  taskId?: string | null;
  projectId?: string | null;
}

/** A task and its project, or a project. */
export interface Shared {
  task: Row<Task> | null;
  project: Row<Project>;
}

/** What is meant, of who sees it. Throws NOT_FOUND for who does not, a UserError where not one of the two is given. */
export async function getNamed(
  em: EntityManager,
  viewer: MemberViewer,
  { taskId, projectId }: SharedIds,
  lock?: RowLock,
): Promise<Shared> {
  if (taskId && !projectId) {
    const { object: task, project } = await getTask(em, viewer, taskId, 'VIEW', { ...(lock && { lock }) });
    return { task, project };
  }
  if (projectId && !taskId) return { task: null, project: (await getProject(em, viewer, projectId, 'VIEW')).object };
  throw new UserError('REQUIRED', 'Say what is followed: a task, or a project.', 'taskId');
}

/**
 * The same of who may show it to somebody without an account: an administrator, or an internal member to whom one gave the
 * right to share the project. Throws FORBIDDEN for who may not, a UserError for a task that is not public. Asks for a viewer
 * whose row is held.
 */
export async function getShareable(
  em: EntityManager,
  viewer: MemberViewer,
  ids: SharedIds,
  { field = 'taskId', lock }: { field?: string; lock?: RowLock } = {},
): Promise<Shared> {
  const shared = await getNamed(em, viewer, ids, lock);
  const { task, project } = shared;
  if (!(await mayShare(em, viewer, project)))
    throw forbidden('SHARE_REQUIRED', 'An administrator shares this, or somebody to whom one gave the right.');
  if (task && !hasPublicFace(taskFacts(task, project)))
    throw new UserError('OBJECT_NOT_PUBLIC', 'Only a public task can be followed without an account.', field);
  return shared;
}

async function mayShare(em: EntityManager, viewer: MemberViewer, project: Row<Project>): Promise<boolean> {
  if (viewer.membership !== 'INTERNAL') return false;
  if (viewer.role === 'ADMIN') return true;
  const own = { member: viewer.memberId, project: project.id };
  // Held: who takes the right away waits for this transaction, or is seen by it.
  const [permission] = await findRows(em, ProjectPermission, own, { lock: 'LOCK IN SHARE MODE' });
  return permission?.canShare ?? false;
}

/** Which follows somebody sees, and ends: an administrator all, others those that they granted. */
export async function ownFollows(
  em: EntityManager,
  viewer: MemberViewer,
): Promise<(follow: Pick<Row<Follow>, 'grantedBy'>) => boolean> {
  const grants = await loadGrants(em, viewer);
  return (follow) => levelOn(followPolicy, grants, followFacts(follow)) !== null;
}
