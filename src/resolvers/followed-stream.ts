import { Field, ObjectType } from 'type-graphql';
import type { Standing } from '../auth/standing.js';
import { hasPublicFace, type TaskFacts } from '../auth/task-policy.js';
import { expectFollower } from '../auth/viewer.js';
import { factsBefore, isTaskEvent, routeTo, type TaskEventData } from '../domain/events.js';
import type { Row } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { sealCursor } from '../pubsub/cursor.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import type { Change, Sight, Topic } from '../pubsub/topic.js';
import { PublicFace } from '../schema/directives.js';
import type { GraphContext } from './context.js';
import { findProjectFace, ProjectFace } from './project-face.js';
import { ChangeKind } from './task-change.js';
import { sightOf, sourceOf } from './task-streams.js';
import { findVisibleTask } from './visible.js';

@ObjectType({ description: 'One change of what a link shows, or a word about the stream itself.' })
export class FollowedChange {
  @PublicFace()
  @Field(() => ChangeKind)
  kind!: ChangeKind;

  @PublicFace()
  @Field({ description: 'Where the stream stands after this payload: give it as `after` to go on from here.' })
  cursor!: string;

  @PublicFace()
  @Field(() => Task, {
    nullable: true,
    description: 'The followed task as it is now, at this change or later; null when it LEFT, being public no more.',
  })
  task!: Row<Task> | null;

  @PublicFace()
  @Field(() => ProjectFace, { nullable: true, description: 'The same of a followed project.' })
  project!: ProjectFace | null;
}

/** The public face of the followed object's changes. */
export function followedSource(context: GraphContext, after?: string | null) {
  const { companyId, objectKind, objectId } = expectFollower(context.viewer);
  return sourceOf(context, new TOPICS[objectKind](companyId, objectId), after);
}

/** All followers of an object see the same of it. */
abstract class Followed implements Topic<Standing> {
  readonly routes: readonly string[];

  constructor(
    readonly companyId: string,
    readonly objectId: string,
    kind: 'task' | 'project',
  ) {
    this.routes = [routeTo(kind, objectId)];
  }

  classOf(): string {
    return 'FOLLOWER';
  }

  namedIn(): readonly string[] {
    return [];
  }

  look(event: LoggedEvent): Sight {
    if (!isTaskEvent(event.type)) return null;
    const data = event.data as TaskEventData;
    return data.publicFace ? this.lookAt(event, isPublic(factsBefore(data)), isPublic(data.after)) : null;
  }

  /** What is told of a change that shows in a task's public face. */
  protected abstract lookAt(event: LoggedEvent, wasPublic: boolean, isPublic: boolean): Sight;
}

const isPublic = (facts: TaskFacts | null): boolean => facts !== null && hasPublicFace(facts);

class FollowedTask extends Followed {
  constructor(companyId: string, taskId: string) {
    super(companyId, taskId, 'task');
  }

  protected override lookAt({ objectId }: LoggedEvent, wasPublic: boolean, isPublic: boolean): Sight {
    return objectId === this.objectId ? sightOf(false, wasPublic, isPublic, objectId) : null;
  }
}

/** A burst of changes is one new counting, for all who follow the same project. */
const PAUSE_MS = 250;

/** Of a project it is its progress that changes: which of its tasks it changed by, nobody is told. */
class FollowedProject extends Followed {
  readonly pauseMs = PAUSE_MS;

  constructor(companyId: string, projectId: string) {
    super(companyId, projectId, 'project');
  }

  protected override lookAt({ type }: LoggedEvent, wasPublic: boolean, isPublic: boolean): Sight {
    return wasPublic !== isPublic || type === 'task.moved' ? { kind: 'CHANGED', objectId: this.objectId } : null;
  }
}

const TOPICS = { TASK: FollowedTask, PROJECT: FollowedProject };

/** The payload of a change, read afresh. */
export async function followedChangeOf(
  context: GraphContext,
  { kind, seq, objectId }: Change,
): Promise<FollowedChange> {
  const { companyId, objectKind } = expectFollower(context.viewer);
  const shown = objectId && kind !== 'LEFT' ? objectId : null;
  return {
    kind,
    cursor: sealCursor(context.keyring, companyId, seq),
    task: shown && objectKind === 'TASK' ? await findVisibleTask(context, shown) : null,
    project: shown && objectKind === 'PROJECT' ? await findProjectFace(context, shown) : null,
  };
}
