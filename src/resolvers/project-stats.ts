import { Arg, Ctx, Field, ID, Int, ObjectType, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { Standing } from '../auth/standing.js';
import { expectReading } from '../auth/viewer.js';
import { getProject } from '../domain/access.js';
import { factsBefore, isTaskEvent, type TaskEventData } from '../domain/events.js';
import { Task } from '../entities/task.js';
import { TaskStatus } from '../entities/vocabulary.js';
import { notFound } from '../errors.js';
import { sealCursor } from '../pubsub/cursor.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import { type Change, ChangeSource, type Sight } from '../pubsub/topic.js';
import { ForReading, NeedsScope } from '../schema/directives.js';
import { expectId } from '../schema/ids.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { ProjectTopic } from './project-topic.js';
import { ChangeKind } from './task-change.js';
import { findVisibleProject, privaciesOf } from './visible.js';

/** At most so often are the figures of a project that is being worked on counted anew for those who watch them. */
const PAUSE_MS = 250;

@NeedsScope('TASKS_READ')
@ObjectType({ description: 'How many tasks stand where.' })
class StatusCount {
  @Field(() => TaskStatus)
  status!: TaskStatus;
  @Field(() => Int)
  count!: number;
}

@NeedsScope('TASKS_READ')
@ObjectType({
  description: 'The figures of a project. Private tasks are not counted, for externals internal ones neither.',
})
class ProjectStats {
  @Field(() => Int)
  taskCount!: number;
  @Field(() => [StatusCount], { description: 'Every status that has tasks, in the order of the statuses.' })
  byStatus!: StatusCount[];
}

@NeedsScope('TASKS_READ')
@ObjectType({ description: 'The figures as they are now, or a word about the stream itself.' })
class ProjectStatsChange {
  @Field(() => ChangeKind)
  kind!: ChangeKind;
  @Field({ description: 'Where the stream stands.' })
  cursor!: string;
  @Field(() => ProjectStats, { nullable: true, description: 'With READY, CHANGED and RESYNC.' })
  stats!: ProjectStats | null;
}

/** A burst of changes is one new counting, for all who see the same. */
class ProjectFigures extends ProjectTopic {
  readonly pauseMs = PAUSE_MS;

  protected override namedInTask(): readonly string[] {
    return [];
  }

  protected override lookAtTask(event: LoggedEvent, { viewer }: Standing): Sight {
    if (!isTaskEvent(event.type) || event.type === 'task.commented' || viewer.kind === 'FOLLOWER') return null;
    const data = event.data as TaskEventData;
    const counted: readonly (string | null | undefined)[] = privaciesOf(viewer);
    // What an external may not see does not even make their figures come again.
    if (!counted.includes(factsBefore(data)?.privacy) && !counted.includes(data.after.privacy)) return null;
    return { kind: 'CHANGED', objectId: this.projectId };
  }
}

@Resolver()
export class ProjectStatsResolver {
  @ForReading('TASKS_READ')
  @Query(() => ProjectStats)
  async projectStats(
    @Arg('projectId', () => ID) projectId: string,
    @Ctx() context: GraphContext,
  ): Promise<ProjectStats> {
    const stats = await findStats(context, expectId('project', projectId));
    if (!stats) throw notFound('project');
    return stats;
  }

  @ForReading('TASKS_READ')
  @Subscription(() => ProjectStatsChange, {
    description: 'The figures of a project now, with READY, and whenever they may have changed.',
    subscribe: ({ context, args }) => figuresSource(context, args.projectId) as never,
  })
  async projectStatsChanged(
    @Root() { kind, seq }: Change,
    @Ctx() context: GraphContext,
    @Arg('projectId', () => ID) projectId: string,
  ): Promise<ProjectStatsChange> {
    const { companyId } = expectReading(context.viewer);
    return {
      kind,
      cursor: sealCursor(context.keyring, companyId, seq),
      stats: kind === 'HEARTBEAT' ? null : await findStats(context, projectId),
    };
  }
}

async function figuresSource(context: GraphContext, projectId: string): Promise<ChangeSource<Standing>> {
  const viewer = expectReading(context.viewer);
  await getProject(context.rowsOf(COMPANY), viewer, expectId('project', projectId), 'VIEW');
  return new ChangeSource(new ProjectFigures(context.parts.orm, viewer.companyId, projectId), null);
}

async function findStats(context: GraphContext, projectId: string): Promise<ProjectStats | null> {
  const project = await findVisibleProject(context, projectId);
  if (!project) return null;
  const where = { project: { id: project.id }, privacy: { $in: privaciesOf(expectReading(context.viewer)) } };
  const counts = await context.em.countBy(Task, 'status', { where });
  const byStatus = Object.values(TaskStatus)
    .map((status) => ({ status, count: counts[status] ?? 0 }))
    .filter(({ count }) => count > 0);
  return { taskCount: byStatus.reduce((sum, { count }) => sum + count, 0), byStatus };
}
