import { Field, InputType, registerEnumType } from 'type-graphql';
import { Priority, Privacy, TaskStatus } from '../entities/vocabulary.js';
import { badInput } from '../errors.js';
import {
  conditionsOf,
  DateOnlyFilter,
  DateTimeFilter,
  enumFilter,
  IdFilter,
  IntFilter,
  StringFilter,
} from '../schema/filters.js';
import { isId } from '../schema/ids.js';
import { lengthOf, TITLE_LENGTH } from '../schema/texts.js';

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

export const OrderDirection = { ASC: 'ASC', DESC: 'DESC' } as const;
registerEnumType(OrderDirection, { name: 'OrderDirection' });

@InputType({ description: 'How the tasks are sorted.' })
export class TaskOrder {
  @Field(() => TaskOrderField)
  field!: (typeof TaskOrderField)[keyof typeof TaskOrderField];
  @Field(() => OrderDirection, { defaultValue: 'ASC' })
  direction!: 'ASC' | 'DESC';
}

/** Without what names no member: it would match nothing, and is not for the database to compare. */
function onlyIds({ eq, in: oneOf, ...rest }: IdFilter): object {
  const given = [...(oneOf ?? []), ...(eq == null ? [] : [eq])];
  if (given.length === 0) return rest;
  const wanted = oneOf && eq != null ? oneOf.filter((id) => id === eq) : given;
  return { ...rest, in: wanted.filter((id) => isId('member', id)) };
}

/** A list counts as many as it has values. */
const MAX_CONDITIONS = 100;
const RELATIONS: Record<string, string> = { ownerId: 'owner', solverId: 'solver' };
/** What may be without a value. A comparison says no there, not "unknown", so that `not` says yes. */
const OPTIONAL: ReadonlySet<string> = new Set(['solverId', 'startOn', 'dueOn'] satisfies (keyof TaskFilter)[]);
/** Conditions of their own, because the ORM leaves an empty one out of `$or` and `$not`. */
const ALL = { id: { $ne: null } };
const NONE = { id: { $in: [] } };

/** The filter as a query's condition. Throws BAD_USER_INPUT when it is too large to be an honest one. */
export function taskConditions(filter: TaskFilter): object {
  const budget = { left: MAX_CONDITIONS };
  return translate(filter, budget);
}

/** How many values a field is compared with. Throws BAD_USER_INPUT for a text that no title is long enough to contain. */
function sizeOf(filter: object): number {
  const { contains } = filter as StringFilter;
  if (contains && lengthOf(contains) > TITLE_LENGTH)
    throw badInput('TEXT_TOO_LONG', `"contains" has at most ${TITLE_LENGTH} characters.`);
  const isGiven = (value: unknown) => value !== undefined && value !== null;
  return Object.values(filter).flat().filter(isGiven).length;
}

function translate({ and, or, not, ...fields }: TaskFilter, budget: { left: number }): object {
  const parts: object[] = [];
  for (const [name, filter] of Object.entries(fields)) {
    if (!filter) continue;
    budget.left -= sizeOf(filter);
    const relation = RELATIONS[name];
    for (const condition of conditionsOf(relation ? onlyIds(filter as IdFilter) : filter)) {
      const on = (value: unknown) => (relation ? { [relation]: { id: value } } : { [name]: value });
      if (OPTIONAL.has(name) && condition !== null) parts.push(on({ $ne: null }));
      parts.push(on(condition));
    }
  }
  budget.left -= 1;
  if (budget.left < 0) throw badInput('FILTER_TOO_LARGE', `A filter has at most ${MAX_CONDITIONS} conditions.`);
  if (and) parts.push(...and.map((part) => translate(part, budget)));
  if (or) parts.push(or.length > 0 ? { $or: or.map((part) => translate(part, budget)) } : NONE);
  if (not) parts.push({ $not: translate(not, budget) });
  return parts.length > 0 ? { $and: parts } : ALL;
}
