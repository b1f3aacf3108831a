import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Ctx,
  FieldResolver,
  ID,
  Info,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { taskFacts, taskPolicy } from '../auth/task-policy.js';
import { addComment } from '../domain/comments.js';
import { routeTo } from '../domain/events.js';
import { publicStatus } from '../domain/task-status.js';
import { assignTask, createTask, moveTask, updateTask, updateTasks } from '../domain/tasks.js';
import { Comment } from '../entities/comment.js';
import { HistoryEntry } from '../entities/event.js';
import { Member } from '../entities/member.js';
import { Project } from '../entities/project.js';
import { all, oneOf } from '../entities/row-filter.js';
import type { Row } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { Level, PublicTaskStatus } from '../entities/vocabulary.js';
import { forbidden, notFound } from '../errors.js';
import type { Change } from '../pubsub/topic.js';
import { connectionOf, PageArgs } from '../schema/connections.js';
import { ForActing, ForReading, PublicFace } from '../schema/directives.js';
import { expectId } from '../schema/ids.js';
import { payloadType } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { answerActing } from './answer.js';
import { Integration } from './api-key.js';
import type { GraphContext } from './context.js';
import { findPage } from './page.js';
import { requestedColumns } from './requested-columns.js';
import { TaskChange } from './task-change.js';
import { TaskFilter, TaskOrder, taskConditions } from './task-filter.js';
import {
  AddCommentInput,
  AssignTaskInput,
  CreateTaskInput,
  MoveTaskInput,
  UpdateTaskInput,
  UpdateTasksInput,
} from './task-inputs.js';
import { projectTasksSource, taskChangeOf } from './task-streams.js';
import {
  findVisibleProject,
  findVisibleTask,
  ifVisibleProject,
  projectOf,
  readablePrivacies,
  visibleTasks,
} from './visible.js';
import { whenKnown } from './when-known.js';

const TaskConnection = connectionOf(Task, 'Task');
const CommentConnection = connectionOf(Comment, 'Comment');
const HistoryConnection = connectionOf(HistoryEntry, 'History');
const CreateTaskPayload = payloadType('CreateTaskPayload', 'task', Task);
const UpdateTaskPayload = payloadType('UpdateTaskPayload', 'task', Task);
const UpdateTasksPayload = payloadType('UpdateTasksPayload', 'tasks', [Task]);
const AssignTaskPayload = payloadType('AssignTaskPayload', 'task', Task);
const MoveTaskPayload = payloadType('MoveTaskPayload', 'task', Task);
const AddCommentPayload = payloadType('AddCommentPayload', 'comment', Comment);

@Resolver(() => Task)
export class TaskResolver {
  @ForReading('TASKS_READ')
  @Query(() => Task)
  async task(@Arg('id', () => ID) id: string, @Ctx() context: GraphContext): Promise<Row<Task>> {
    const task = await findVisibleTask(context, expectId('task', id));
    if (!task) throw notFound('task');
    return task;
  }

  @ForReading('TASKS_READ')
  @Query(() => TaskConnection, { description: "A project's tasks, as far as you see them." })
  async tasks(
    @Arg('projectId', () => ID) projectId: string,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('filter', () => TaskFilter, { nullable: true }) filter?: TaskFilter,
    @Arg('orderBy', () => TaskOrder, { nullable: true }) orderBy?: TaskOrder,
  ) {
    const project = await findVisibleProject(context, expectId('project', projectId));
    if (!project) throw notFound('project');
    return findPage(context, Task, {
      page,
      route: routeTo('project', project.id),
      filter: all(oneOf('project', [project.id]), taskConditions(filter)),
      sight: await visibleTasks(context, project),
      orderBy: orderBy ?? { field: 'number', direction: 'ASC' },
      unique: 'number',
      columns: requestedColumns(info),
    });
  }

  @ForActing('TASKS_WRITE')
  @Mutation(() => CreateTaskPayload)
  createTask(
    @Arg('input') { projectId, ...fields }: CreateTaskInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answerActing(context, info, 'task', (parts, viewer) => createTask(parts, viewer, projectId, fields));
  }

  @ForActing('TASKS_WRITE')
  @Mutation(() => UpdateTaskPayload)
  updateTask(
    @Arg('input') { taskId, version, ...fields }: UpdateTaskInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answerActing(context, info, 'task', (parts, viewer) => updateTask(parts, viewer, taskId, fields, version));
  }

  @ForActing('TASKS_WRITE')
  @Mutation(() => UpdateTasksPayload, { description: 'Edits many tasks at once: all of them, or none.' })
  updateTasks(
    @Arg('input') { tasks }: UpdateTasksInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const edits = tasks.map(({ taskId, version, ...fields }) => ({ taskId, version, fields }));
    return answerActing(context, info, 'tasks', (parts, viewer) => updateTasks(parts, viewer, edits));
  }

  @ForActing('TASKS_WRITE')
  @Mutation(() => AssignTaskPayload)
  assignTask(
    @Arg('input') { taskId, solverId }: AssignTaskInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answerActing(context, info, 'task', (parts, viewer) => assignTask(parts, viewer, taskId, solverId ?? null));
  }

  @ForActing('TASKS_WRITE')
  @Mutation(() => MoveTaskPayload, { description: 'Moves the status, along the table of moves.' })
  moveTask(@Arg('input') input: MoveTaskInput, @Ctx() context: GraphContext, @Info() info: GraphQLResolveInfo) {
    const awaited = { memberId: input.awaitedMemberId, projectId: input.awaitedProjectId, taskId: input.awaitedTaskId };
    return answerActing(context, info, 'task', (parts, viewer) =>
      moveTask(parts, viewer, input.taskId, input.status, awaited),
    );
  }

  @ForActing('COMMENTS_WRITE')
  @Mutation(() => AddCommentPayload)
  addComment(
    @Arg('input') { taskId, body, privacy }: AddCommentInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answerActing(context, info, 'comment', (parts, viewer) => addComment(parts, viewer, taskId, body, privacy));
  }

  @ForReading('TASKS_READ')
  @Subscription(() => TaskChange, {
    description: "The changes of a project's tasks, as far as you see them at the time of each.",
    subscribe: ({ context, args }) => projectTasksSource(context, args.projectId, args.after) as never,
  })
  taskChanged(
    @Root() change: Change,
    @Ctx() context: GraphContext,
    @Arg('projectId', () => ID) _projectId: string,
    @Arg('after', () => String, {
      nullable: true,
      description: 'A cursor: replays what came after it, then goes live.',
    })
    _after?: string,
  ): Promise<TaskChange> {
    return taskChangeOf(context, change);
  }

  @FieldResolver(() => String, { description: 'What people call it: WEB-42.' })
  @Reads('project', 'number')
  key(@Root() task: Row<Task>, @Ctx() context: GraphContext): string | Promise<string> {
    return whenKnown(projectOf(context, task), ({ key }) => `${key}-${task.number}`);
  }

  @PublicFace()
  @FieldResolver(() => PublicTaskStatus, { description: 'The status as an anonymous follower may know it.' })
  @Reads('status')
  publicStatus(@Root() task: Row<Task>): PublicTaskStatus {
    return publicStatus(task.status);
  }

  @FieldResolver(() => Level, { nullable: true, description: 'What you may do with it.' })
  @Reads('project', 'privacy', 'author', 'owner', 'solver', 'awaitedMember', 'awaitedProject')
  async viewerLevel(@Root() task: Row<Task>, @Ctx() context: GraphContext): Promise<Level | null> {
    return context.level(taskPolicy, taskFacts(task, await projectOf(context, task)));
  }

  @FieldResolver(() => Project, { nullable: true, description: 'Null when you see the task, but not its project.' })
  @Reads('project')
  async project(@Root() task: Row<Task>, @Ctx() context: GraphContext): Promise<Row<Project> | null> {
    return ifVisibleProject(context, await projectOf(context, task));
  }

  @FieldResolver(() => Member, { nullable: true, description: 'None where a program wrote it.' })
  @Reads('author')
  author(@Root() task: Row<Task>, @Ctx() context: GraphContext): Row<Member> | Promise<Row<Member>> | null {
    return task.author ? context.references.member(task.author.id) : null;
  }

  @FieldResolver(() => Integration, { nullable: true, description: 'The program that wrote it, where one did.' })
  @Reads('authorKey')
  integration(@Root() task: Row<Task>, @Ctx() context: GraphContext): Integration | Promise<Integration> | null {
    return task.authorKey ? context.references.apiKey(task.authorKey.id) : null;
  }

  @FieldResolver(() => Member)
  @Reads('owner')
  owner(@Root() task: Row<Task>, @Ctx() context: GraphContext): Row<Member> | Promise<Row<Member>> {
    return context.references.member(task.owner.id);
  }

  @FieldResolver(() => Member, { nullable: true })
  @Reads('solver')
  solver(@Root() task: Row<Task>, @Ctx() context: GraphContext): Row<Member> | Promise<Row<Member>> | null {
    return task.solver ? context.references.member(task.solver.id) : null;
  }

  @FieldResolver(() => Member, { nullable: true })
  @Reads('awaitedMember')
  awaitedMember(@Root() task: Row<Task>, @Ctx() context: GraphContext): Row<Member> | Promise<Row<Member>> | null {
    return task.awaitedMember ? context.references.member(task.awaitedMember.id) : null;
  }

  @FieldResolver(() => Project, { nullable: true, description: 'Null as well when you do not see it.' })
  @Reads('awaitedProject')
  async awaitedProject(@Root() task: Row<Task>, @Ctx() context: GraphContext): Promise<Row<Project> | null> {
    const { awaitedProject } = task;
    if (!awaitedProject) return null;
    return ifVisibleProject(context, await context.references.project(awaitedProject.id));
  }

  @FieldResolver(() => Task, { nullable: true, description: 'Null as well when you do not see it.' })
  @Reads('awaitedTask')
  async awaitedTask(@Root() task: Row<Task>, @Ctx() context: GraphContext): Promise<Row<Task> | null> {
    return task.awaitedTask ? findVisibleTask(context, task.awaitedTask.id) : null;
  }

  @PublicFace()
  @FieldResolver(() => CommentConnection, { description: 'In the order in which they were written.' })
  @Reads('id')
  comments(
    @Root() task: Row<Task>,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return findPage(context, Comment, {
      page,
      route: routeTo('task', task.id),
      filter: all(oneOf('task', [task.id]), oneOf('privacy', readablePrivacies(context))),
      orderBy: { field: 'number', direction: 'ASC' },
      unique: 'number',
      columns: requestedColumns(info),
    });
  }

  @FieldResolver(() => HistoryConnection, { description: 'Who changed what, newest first. For internal members.' })
  @Reads('id')
  history(
    @Root() task: Row<Task>,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { viewer } = context;
    if (viewer.kind === 'INTEGRATION') throw forbidden('CLOSED_TO_KEYS', 'The history is not open to API keys.');
    if (!readablePrivacies(context).includes('INTERNAL'))
      throw forbidden('INTERNAL_ONLY', 'The history is for internal members.');
    return findPage(context, HistoryEntry, {
      page,
      route: routeTo('task', task.id),
      filter: oneOf('objectId', [task.id]),
      orderBy: { field: 'id', direction: 'DESC' },
      columns: requestedColumns(info),
    });
  }
}

@Resolver(() => Comment)
export class CommentResolver {
  @PublicFace()
  @FieldResolver(() => Int, {
    nullable: true,
    description: 'Unique in the task, given in order. For internal members: to others its gaps would tell too much.',
  })
  @Reads('number')
  number(@Root() comment: Row<Comment>, @Ctx() context: GraphContext): number | null {
    return readablePrivacies(context).includes('INTERNAL') ? comment.number : null;
  }

  @FieldResolver(() => Task)
  @Reads('task')
  async task(@Root() comment: Row<Comment>, @Ctx() context: GraphContext): Promise<Row<Task>> {
    const task = await context.findTask(comment.task.id);
    if (!task) throw notFound('task');
    return task;
  }

  @FieldResolver(() => Member, {
    nullable: true,
    description: 'None where a program or a follower wrote it: see `integration` and `followerName`.',
  })
  @Reads('author')
  author(@Root() comment: Row<Comment>, @Ctx() context: GraphContext): Row<Member> | Promise<Row<Member>> | null {
    return comment.author ? context.references.member(comment.author.id) : null;
  }

  @FieldResolver(() => Integration, { nullable: true, description: 'The program that wrote it, where one did.' })
  @Reads('authorKey')
  integration(@Root() comment: Row<Comment>, @Ctx() context: GraphContext): Integration | Promise<Integration> | null {
    return comment.authorKey ? context.references.apiKey(comment.authorKey.id) : null;
  }

  @FieldResolver(() => ID, {
    nullable: true,
    description: 'The follower who wrote it, for administrators, who can end them.',
  })
  @Reads('follower')
  followerId(@Root() comment: Row<Comment>, @Ctx() context: GraphContext): string | null {
    return comment.follower && context.viewer.kind === 'MEMBER' && context.viewer.role === 'ADMIN'
      ? comment.follower.id
      : null;
  }
}
