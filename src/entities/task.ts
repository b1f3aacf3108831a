import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { NeedsScope, PublicFace } from '../schema/directives.js';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { DateOnly } from '../schema/scalars.js';
import { ApiKey } from './api-key.js';
import { Member } from './member.js';
import { Project } from './project.js';
import { TenantEntity, WithinCompany } from './tenant.js';
import { Priority, PriorityType, Privacy, TaskStatus } from './vocabulary.js';

/**
 * A piece of work. Who may see it is told by `auth/task-policy.ts`, how it moves by `domain/task-status.ts`. Each order
 * of its lists has an index, to the id that breaks ties, so that a page is read and nothing is sorted.
 */
@NeedsScope('TASKS_READ')
@ObjectType({ implements: Node, description: 'A piece of work.' })
@Entity({ tableName: 'tasks' })
@Unique({ properties: ['companyId', 'project', 'number'] })
@Index({ properties: ['companyId', 'project', 'status', 'number'] })
@Index({ properties: ['companyId', 'project', 'title', 'id'] })
@Index({ properties: ['companyId', 'project', 'priority', 'id'] })
@Index({ properties: ['companyId', 'project', 'dueOn', 'id'] })
@Index({ properties: ['companyId', 'project', 'createdAt', 'id'] })
@Index({ properties: ['companyId', 'project', 'updatedAt', 'id'] })
@Index({ properties: ['companyId', 'solver'] })
export class Task extends TenantEntity {
  [OptionalProps]?:
    | 'description'
    | 'privacy'
    | 'status'
    | 'priority'
    | 'progressPercent'
    | 'version'
    | 'createdAt'
    | 'updatedAt'
    | 'lastCommentNumber';

  @PublicFace()
  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('task');

  @WithinCompany(() => Project, 'project_id', { index: false })
  project!: Ref<Project>;

  @PublicFace()
  @Field(() => Int, { description: 'Unique in the project, given in order: the 42 of WEB-42.' })
  @Property()
  number!: number;

  @PublicFace()
  @Field()
  @Property({ length: 300 })
  title!: string;

  @Field()
  @Property({ type: 'text' })
  description: string = '';

  @Field(() => Privacy)
  @Property({ type: 'string', length: 10 })
  privacy: Privacy = Privacy.INTERNAL;

  @Field(() => TaskStatus)
  @Property({ type: 'string', length: 30 })
  status: TaskStatus = TaskStatus.NEW;

  /** Where leaving a waiting, suspended or requested state returns to. */
  @Property({ type: 'string', length: 30, nullable: true })
  statusBefore?: TaskStatus | null;

  @PublicFace()
  @Field(() => Priority)
  @Property({ type: PriorityType, default: PriorityType.NORMAL })
  priority: Priority = Priority.NORMAL;

  /** None where a program wrote it. */
  @WithinCompany(() => Member, 'author_id', { nullable: true })
  author?: Ref<Member> | null;

  @WithinCompany(() => ApiKey, 'author_key_id', { nullable: true })
  authorKey?: Ref<ApiKey> | null;

  @WithinCompany(() => Member, 'owner_id')
  owner!: Ref<Member>;

  @WithinCompany(() => Member, 'solver_id', { nullable: true })
  solver?: Ref<Member> | null;

  @WithinCompany(() => Member, 'awaited_member_id', { nullable: true })
  awaitedMember?: Ref<Member> | null;

  @WithinCompany(() => Project, 'awaited_project_id', { nullable: true })
  awaitedProject?: Ref<Project> | null;

  @WithinCompany(() => Task, 'awaited_task_id', { nullable: true })
  awaitedTask?: Ref<Task> | null;

  @PublicFace()
  @Field(() => DateOnly, { nullable: true })
  @Property({ type: 'date', nullable: true })
  startOn?: string | null;

  @PublicFace()
  @Field(() => DateOnly, { nullable: true })
  @Property({ type: 'date', nullable: true })
  dueOn?: string | null;

  @Field(() => Int, { nullable: true })
  @Property({ type: 'integer', nullable: true })
  estimateMinutes?: number | null;

  @PublicFace()
  @Field(() => Int, { description: 'From 0 to 100.' })
  @Property()
  progressPercent: number = 0;

  @Field(() => Int, { description: 'Counts the changes; give it back when you edit, to learn of a conflict.' })
  @Property({ default: 1 })
  version: number = 1;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();

  @Field()
  @Property({ length: 3 })
  updatedAt: Date = new Date();

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', length: 3, nullable: true })
  closedAt?: Date | null;

  @Property()
  lastCommentNumber: number = 0;
}
