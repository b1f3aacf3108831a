import { hasPublicFace, type TaskFacts, taskFacts } from '../auth/task-policy.js';
import type { Project } from '../entities/project.js';
import type { Row } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import type { TaskEventData } from './events.js';
import { publicStatus } from './task-status.js';
import type { Changes, Work } from './unit-of-work.js';

interface Snapshot {
  row: Row<Task>;
  facts: TaskFacts;
  fields: Record<string, unknown>;
  face: string;
}

/** The task as it is now: what its row, its history, its viewers and its followers compare. */
export function snapshot(task: Row<Task>, project: Row<Project>): Snapshot {
  const fields = fieldsOf(task);
  const { title, priority, startOn, dueOn, progressPercent } = fields;
  const face = JSON.stringify([title, publicStatus(task.status), priority, startOn, dueOn, progressPercent]);
  return { row: { ...task }, facts: taskFacts(task, project), fields, face };
}

function fieldsOf(task: Row<Task>) {
  return {
    title: task.title,
    description: task.description,
    privacy: task.privacy,
    status: task.status,
    priority: task.priority,
    ownerId: task.owner.id,
    solverId: task.solver?.id ?? null,
    awaitedMemberId: task.awaitedMember?.id ?? null,
    awaitedProjectId: task.awaitedProject?.id ?? null,
    awaitedTaskId: task.awaitedTask?.id ?? null,
    startOn: task.startOn ?? null,
    dueOn: task.dueOn ?? null,
    estimateMinutes: task.estimateMinutes ?? null,
    progressPercent: task.progressPercent,
  };
}

/** Writes and records what changed since `before`; nothing, when nothing did. */
export function recordTaskChange(
  work: Pick<Work, 'record' | 'update'>,
  type: string,
  task: Row<Task>,
  project: Row<Project>,
  before: Snapshot,
): void {
  const after = snapshot(task, project);
  const changes = differences(before.fields, after.fields);
  if (Object.keys(changes).length === 0) return;
  task.version += 1;
  task.updatedAt = new Date();
  work.update(Task, before.row, task);
  const wasPublic = hasPublicFace(before.facts);
  const isPublic = hasPublicFace(after.facts);
  const data: TaskEventData = {
    before: isSame(before.facts, after.facts) ? 'SAME' : before.facts,
    after: after.facts,
    publicFace: wasPublic !== isPublic || (isPublic && before.face !== after.face),
  };
  work.record({ type, objectId: task.id, data, changes });
}

/** The history of a new task: every field that has a value from the start. */
export function firstValues(task: Row<Task>): Changes {
  const fields = fieldsOf(task);
  return differences(Object.fromEntries(Object.keys(fields).map((name) => [name, null])), fields);
}

const isSame = (a: TaskFacts, b: TaskFacts): boolean =>
  Object.entries(a).every(([fact, value]) => b[fact as keyof TaskFacts] === value);

function differences(before: Record<string, unknown>, after: Record<string, unknown>): Changes {
  const changed = Object.keys(after).filter((name) => before[name] !== after[name]);
  return Object.fromEntries(changed.map((name) => [name, [before[name], after[name]]]));
}
