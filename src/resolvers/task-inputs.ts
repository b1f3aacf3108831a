import { IsOptional, ValidateNested } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { Priority, Privacy, TaskStatus } from '../entities/vocabulary.js';
import { DateOnly } from '../schema/scalars.js';
import { MaxCharacters, TEXT_LENGTH, TITLE_LENGTH } from '../schema/texts.js';

@InputType()
abstract class TaskFieldsInput {
  @IsOptional()
  @MaxCharacters(TEXT_LENGTH)
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => Privacy, { nullable: true, description: 'INTERNAL unless given; for external members PUBLIC.' })
  privacy?: Privacy | null;
  @Field(() => Priority, { nullable: true })
  priority?: Priority | null;
  @Field(() => DateOnly, { nullable: true })
  startOn?: string | null;
  @Field(() => DateOnly, { nullable: true })
  dueOn?: string | null;
  @Field(() => Int, { nullable: true })
  estimateMinutes?: number | null;
  @Field(() => Int, { nullable: true })
  progressPercent?: number | null;
}

@InputType()
export class CreateTaskInput extends TaskFieldsInput {
  @Field(() => ID)
  projectId!: string;
  @MaxCharacters(TITLE_LENGTH)
  @Field()
  title!: string;
  @Field(() => ID, { nullable: true, description: 'An active member; you, unless given. A program has to name one.' })
  ownerId?: string | null;
}

@InputType({ description: 'What is absent stays as it is.' })
export class UpdateTaskInput extends TaskFieldsInput {
  @Field(() => ID)
  taskId!: string;
  @IsOptional()
  @MaxCharacters(TITLE_LENGTH)
  @Field(() => String, { nullable: true })
  title?: string | null;
  @Field(() => Int, { nullable: true, description: 'The version that you edited; another one is a VERSION_CONFLICT.' })
  version?: number | null;
}

@InputType({ description: 'At most 100 tasks, each once.' })
export class UpdateTasksInput {
  @ValidateNested()
  @Field(() => [UpdateTaskInput])
  tasks!: UpdateTaskInput[];
}

@InputType()
export class AssignTaskInput {
  @Field(() => ID)
  taskId!: string;
  @Field(() => ID, { nullable: true, description: 'A member; null takes the task from its solver.' })
  solverId?: string | null;
}

@InputType()
export class MoveTaskInput {
  @Field(() => ID)
  taskId!: string;
  @Field(() => TaskStatus)
  status!: TaskStatus;
  @Field(() => ID, { nullable: true, description: 'For AWAITING_MEMBER.' })
  awaitedMemberId?: string | null;
  @Field(() => ID, { nullable: true, description: 'For AWAITING_PROJECT.' })
  awaitedProjectId?: string | null;
  @Field(() => ID, { nullable: true, description: 'For AWAITING_TASK.' })
  awaitedTaskId?: string | null;
}

@InputType()
export class AddCommentInput {
  @Field(() => ID)
  taskId!: string;
  @MaxCharacters(TEXT_LENGTH)
  @Field()
  body!: string;
  @Field(() => Privacy, {
    nullable: true,
    description: 'PUBLIC or INTERNAL. INTERNAL unless given; for external members PUBLIC.',
  })
  privacy?: Privacy | null;
}
