import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import type { Row } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { NeedsScope } from '../schema/directives.js';

export const ChangeKind = {
  READY: 'READY',
  CREATED: 'CREATED',
  CHANGED: 'CHANGED',
  ENTERED: 'ENTERED',
  LEFT: 'LEFT',
  RESYNC: 'RESYNC',
  HEARTBEAT: 'HEARTBEAT',
} as const;
export type ChangeKind = keyof typeof ChangeKind;

registerEnumType(ChangeKind, {
  name: 'ChangeKind',
  description: 'What a payload of a subscription says.',
  valuesConfig: {
    READY: { description: 'The stream stands; what is committed from here on arrives.' },
    CREATED: { description: 'The object is new.' },
    CHANGED: { description: 'The object changed.' },
    ENTERED: { description: 'You see the object now; before, you did not.' },
    LEFT: { description: 'You do not see the object any more.' },
    RESYNC: { description: 'Read everything anew: the stream goes on from here, what lies before is not told.' },
    HEARTBEAT: { description: 'Nothing happened that you may see; the stream lives.' },
  },
});

@NeedsScope('TASKS_READ')
@ObjectType({ description: 'One change of a task, or a word about the stream itself.' })
export class TaskChange {
  @Field(() => ChangeKind)
  kind!: ChangeKind;

  @Field({ description: 'Where the stream stands after this payload: give it as `after` to go on from here.' })
  cursor!: string;

  @Field(() => ID, { nullable: true, description: 'Which task, also when it LEFT.' })
  taskId!: string | null;

  @Field(() => Task, {
    nullable: true,
    description: 'The task as it is now, at this change or later; null when it LEFT.',
  })
  task!: Row<Task> | null;
}
