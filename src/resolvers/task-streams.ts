import { loadGrants } from '../auth/grants.js';
import { levelOn } from '../auth/rule.js';
import { hasPublicFace, taskPolicy } from '../auth/task-policy.js';
import { expectFollower, expectMember, type MemberViewer } from '../auth/viewer.js';
import { getProject } from '../domain/access.js';
import {
  isMemberEvent,
  isPermissionEvent,
  isTaskEvent,
  type PermissionEventData,
  type TaskEventData,
} from '../domain/events.js';
import { forkFor } from '../entities/orm.js';
import { ApiError, unauthenticated } from '../errors.js';
import { type Change, changeStream, type Sight } from '../pubsub/change-stream.js';
import { openCursor, sealCursor } from '../pubsub/cursor.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import { expectId } from '../schema/ids.js';
import type { GraphContext } from './context.js';
import type { TaskChange } from './task-change.js';
import { findVisibleTask } from './visible.js';

/** The changes of a project's tasks, as far as the viewer sees them at the time of each. Throws NOT_FOUND. */
export async function streamProjectTasks(context: GraphContext, projectId: string, after?: string | null) {
  const viewer = expectMember(context.viewer);
  await getProject(context.em, viewer, expectId('project', projectId), 'VIEW');
  return stream(context, viewer.companyId, after, (event) => lookAsMember(context, projectId, event));
}

/** The public face of the followed object's changes. */
export async function streamFollowed(context: GraphContext, after?: string | null) {
  const viewer = expectFollower(context.viewer);
  return stream(context, viewer.companyId, after, (event) => lookAsFollower(context, viewer.objectId, event));
}

function stream(
  context: GraphContext,
  companyId: string,
  after: string | null | undefined,
  look: (event: LoggedEvent) => Promise<Sight>,
) {
  const { parts, heartbeatMs, signal } = context;
  const position = after == null ? null : openCursor(parts.keyring, companyId, after);
  return changeStream({ feeds: parts.feeds, companyId, after: position, heartbeatMs, look, signal });
}

async function lookAsMember(context: GraphContext, projectId: string, event: LoggedEvent): Promise<Sight> {
  if (isMemberEvent(event.type) || isPermissionEvent(event.type)) return lookAtRights(context, projectId, event);
  if (!isTaskEvent(event.type)) return null;
  const { before, after, comment } = event.data as TaskEventData;
  if (before?.projectId !== projectId && after.projectId !== projectId) return null;
  const viewer = await currentMember(context);
  if (!viewer) return end();
  if (comment?.privacy === 'INTERNAL' && viewer.membership === 'EXTERNAL') return null;
  const grants = await loadGrants(forkFor(context.parts.orm, viewer), viewer);
  const saw = before !== null && levelOn(taskPolicy, grants, before) !== null;
  const sees = levelOn(taskPolicy, grants, after) !== null;
  return sightOf(event.type === 'task.created', saw, sees, event.objectId);
}

/** A change of this viewer's own rights: the stream ends, or what it showed before has to be read anew. */
async function lookAtRights(context: GraphContext, projectId: string, event: LoggedEvent): Promise<Sight> {
  const { memberId } = expectMember(context.viewer);
  const concerned = isMemberEvent(event.type) ? event.objectId : (event.data as PermissionEventData).memberId;
  if (concerned !== memberId) return null;
  const viewer = await currentMember(context);
  if (!viewer) return end();
  try {
    await getProject(forkFor(context.parts.orm, viewer), viewer, projectId, 'VIEW');
    return { kind: 'RESYNC' };
  } catch (error) {
    if (error instanceof ApiError) return { kind: 'END', error };
    throw error;
  }
}

async function lookAsFollower(context: GraphContext, taskId: string, event: LoggedEvent): Promise<Sight> {
  if (event.objectId !== taskId || !isTaskEvent(event.type)) return null;
  const { before, after, publicFace } = event.data as TaskEventData;
  if (!publicFace) return null;
  if (!(await context.refreshViewer())) return end();
  return sightOf(false, before !== null && hasPublicFace(before), hasPublicFace(after), event.objectId);
}

function sightOf(created: boolean, saw: boolean, sees: boolean, objectId: string): Sight {
  if (sees) return { kind: saw ? 'CHANGED' : created ? 'CREATED' : 'ENTERED', objectId };
  return saw ? { kind: 'LEFT', objectId } : null;
}

async function currentMember(context: GraphContext): Promise<MemberViewer | null> {
  const viewer = await context.refreshViewer();
  return viewer?.kind === 'MEMBER' ? viewer : null;
}

const end = (): Sight => ({ kind: 'END', error: unauthenticated('ACCESS_ENDED', 'This way in has been closed.') });

/** The payload of a change, read afresh for the viewer. */
export async function taskChangeOf(context: GraphContext, change: Change): Promise<TaskChange> {
  const companyId = (context.viewer as { companyId: string }).companyId;
  const task = change.objectId && change.kind !== 'LEFT' ? await findVisibleTask(context, change.objectId) : null;
  return {
    kind: change.kind,
    cursor: sealCursor(context.parts.keyring, companyId, change.seq),
    taskId: change.objectId,
    task,
  };
}
