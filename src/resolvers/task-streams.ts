import { levelOn, personalFacts } from '../auth/rule.js';
import type { Standing } from '../auth/standing.js';
import { type TaskFacts, taskPolicy } from '../auth/task-policy.js';
import { expectReading } from '../auth/viewer.js';
import { getProject } from '../domain/access.js';
import { isTaskEvent, type TaskEventData } from '../domain/events.js';
import { openCursor, sealCursor } from '../pubsub/cursor.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import { type Change, ChangeSource, type Sight, type Topic } from '../pubsub/topic.js';
import { expectId } from '../schema/ids.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { ProjectTopic } from './project-topic.js';
import type { TaskChange } from './task-change.js';
import { findVisibleTask, privaciesOf } from './visible.js';

/** The changes of a project's tasks, as far as the viewer sees them at the time of each. Throws NOT_FOUND. */
export async function projectTasksSource(context: GraphContext, projectId: string, after?: string | null) {
  const viewer = expectReading(context.viewer);
  await getProject(context.rowsOf(COMPANY), viewer, expectId('project', projectId), 'VIEW');
  return sourceOf(context, new ProjectTasks(context.parts.orm, viewer.companyId, projectId), after);
}

/** Where a subscription goes on from: the cursor, or now. Throws NOT_FOUND for a cursor that is not this company's. */
export const sourceOf = ({ keyring }: GraphContext, topic: Topic<Standing>, after: string | null | undefined) =>
  new ChangeSource(topic, after == null ? null : openCursor(keyring, topic.companyId, after));

const { persons: PERSONS, projects: PROJECTS } = personalFacts(taskPolicy);

class ProjectTasks extends ProjectTopic {
  protected override namedInTask(event: LoggedEvent): readonly string[] | 'ALL' {
    if (!isTaskEvent(event.type)) return [];
    const { before, after } = event.data as TaskEventData;
    const named: string[] = [];
    for (const facts of before && before !== 'SAME' ? [before, after] : [after]) {
      if (PROJECTS.some((fact) => facts[fact] && facts[fact] !== this.projectId)) return 'ALL';
      for (const fact of PERSONS) if (facts[fact]) named.push(facts[fact]);
    }
    return named;
  }

  protected override lookAtTask(event: LoggedEvent, { viewer, grants }: Standing): Sight {
    if (!isTaskEvent(event.type) || viewer.kind === 'FOLLOWER' || !grants) return null;
    const { comment, ...data } = event.data as TaskEventData;
    if (comment && !privaciesOf(viewer).includes(comment.privacy)) return null;
    if (comment && viewer.kind === 'INTEGRATION' && !grants.has('COMMENTS_READ')) return null;
    const seen = (facts: TaskFacts | null) => facts !== null && levelOn(taskPolicy, grants, facts) !== null;
    const sees = seen(data.after);
    const saw = data.before === 'SAME' ? sees : seen(data.before);
    return sightOf(event.type === 'task.created', saw, sees, event.objectId);
  }
}

/** What of a change is told to who saw the object before it, and sees it after. */
export function sightOf(created: boolean, saw: boolean, sees: boolean, objectId: string): Sight {
  if (sees) return { kind: saw ? 'CHANGED' : created ? 'CREATED' : 'ENTERED', objectId };
  return saw ? { kind: 'LEFT', objectId } : null;
}

/** The payload of a change, read afresh for the viewer. */
export async function taskChangeOf(context: GraphContext, change: Change): Promise<TaskChange> {
  const { companyId } = expectReading(context.viewer);
  const task = change.objectId && change.kind !== 'LEFT' ? await findVisibleTask(context, change.objectId) : null;
  return {
    kind: change.kind,
    cursor: sealCursor(context.keyring, companyId, change.seq),
    taskId: change.objectId,
    task,
  };
}
