import { Field, InputType, registerEnumType } from 'type-graphql';
import type { RowFilter } from '../entities/row-filter.js';
import { Priority, Privacy, TaskStatus } from '../entities/vocabulary.js';
import { DateOnlyFilter, DateTimeFilter, enumFilter, IdFilter, IntFilter, StringFilter } from '../schema/filters.js';
import { OrderDirection } from '../schema/order.js';
import { filterOf } from './filter.js';

const StatusFilter = enumFilter(TaskStatus, 'TaskStatusFilter');
const PriorityFilter = enumFilter(Priority, 'PriorityFilter');
const PrivacyFilter = enumFilter(Privacy, 'PrivacyFilter');

@InputType({ description: 'Which tasks; all conditions that are given must hold.' })
export class TaskFilter {
  @Field(() => IntFilter, { nullable: true })
  number?: IntFilter;
  @Field(() => StringFilter, { nullable: true })
  title?: StringFilter;
  @Field(() => StatusFilter, { nullable: true })
  status?: InstanceType<typeof StatusFilter>;
  @Field(() => PriorityFilter, { nullable: true })
  priority?: InstanceType<typeof PriorityFilter>;
  @Field(() => PrivacyFilter, { nullable: true })
  privacy?: InstanceType<typeof PrivacyFilter>;
  @Field(() => IdFilter, { nullable: true })
  ownerId?: IdFilter;
  @Field(() => IdFilter, { nullable: true })
  solverId?: IdFilter;
  @Field(() => DateOnlyFilter, { nullable: true })
  startOn?: DateOnlyFilter;
  @Field(() => DateOnlyFilter, { nullable: true })
  dueOn?: DateOnlyFilter;
  @Field(() => DateTimeFilter, { nullable: true })
  updatedAt?: DateTimeFilter;
  @Field(() => [TaskFilter], { nullable: true })
  and?: TaskFilter[];
  @Field(() => [TaskFilter], { nullable: true })
  or?: TaskFilter[];
  @Field(() => TaskFilter, { nullable: true })
  not?: TaskFilter;
}

export const TaskOrderField = {
  NUMBER: 'number',
  TITLE: 'title',
  PRIORITY: 'priority',
  DUE_ON: 'dueOn',
  CREATED_AT: 'createdAt',
  UPDATED_AT: 'updatedAt',
} as const;
registerEnumType(TaskOrderField, { name: 'TaskOrderField', description: 'What tasks can be sorted by.' });

@InputType({ description: 'How the tasks are sorted.' })
export class TaskOrder {
  @Field(() => TaskOrderField)
  field!: (typeof TaskOrderField)[keyof typeof TaskOrderField];
  @Field(() => OrderDirection, { defaultValue: 'ASC' })
  direction!: OrderDirection;
}

/** The filter as a filter on rows. */
export const taskConditions = (filter: TaskFilter | undefined): RowFilter =>
  filterOf(filter, { ownerId: ['owner', 'member'], solverId: ['solver', 'member'] });
