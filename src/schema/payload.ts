import { type ClassType, Field, ObjectType } from 'type-graphql';
import { NeedsScope, PublicFace } from './directives.js';

/** A refusal that the person at the screen can mend. */
@NeedsScope()
@ObjectType('UserError', { description: 'A refusal that the person at the screen can mend.' })
export class UserErrorItem {
  @PublicFace()
  @Field(() => String, { nullable: true, description: "The input's field, or none when the whole is at fault." })
  field!: string | null;

  @PublicFace()
  @Field({ description: 'Stable: a program may switch on it.' })
  code!: string;

  @PublicFace()
  @Field()
  message!: string;
}

export interface Payload {
  userErrors: UserErrorItem[];
  cursor: string | null;
}

/**
 * A mutation's payload: the object, or a list of them, under its name, what the user can mend, and where in the log the
 * change is visible; beside it `texts`, by name what they say.
 */
export function payloadType(
  name: string,
  field: string,
  type: ClassType<object> | [ClassType<object>],
  texts: Readonly<Record<string, string>> = {},
): ClassType<Payload> {
  @NeedsScope()
  @ObjectType(name)
  class MutationPayload implements Payload {
    @Field(() => [UserErrorItem])
    userErrors!: UserErrorItem[];

    @Field(() => String, {
      nullable: true,
      description: "The log's position at which the change is visible; null when there was none.",
    })
    cursor!: string | null;
  }
  Field(() => type, { nullable: true })(MutationPayload.prototype, field);
  for (const [text, description] of Object.entries(texts))
    Field(() => String, { nullable: true, description })(MutationPayload.prototype, text);
  return MutationPayload;
}
