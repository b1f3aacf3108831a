import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import { expectFollower } from '../auth/viewer.js';
import { addFollowerComment } from '../domain/follower-comments.js';
import { inviteFollower } from '../domain/follower-invitations.js';
import { endFollower } from '../domain/follows.js';
import { Comment } from '../entities/comment.js';
import { Follower } from '../entities/follower.js';
import type { Row } from '../entities/rows.js';
import { Allow, ForMembers, PublicFace, Tenant } from '../schema/directives.js';
import { type Payload, payloadType, UserErrorItem } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { ADDRESS_LENGTH, MaxCharacters, NAME_LENGTH, TEXT_LENGTH } from '../schema/texts.js';
import { answer, answerFollower } from './answer.js';
import type { GraphContext } from './context.js';
import { findVisibleTask } from './visible.js';

const InviteFollowerPayload = payloadType('InviteFollowerPayload', 'follower', Follower);
const EndFollowerPayload = payloadType('EndFollowerPayload', 'follower', Follower);

@ObjectType()
class AddFollowerCommentPayload implements Payload {
  @PublicFace()
  @Field(() => Comment, { nullable: true })
  comment!: Row<Comment> | null;
  @PublicFace()
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
  @PublicFace()
  @Field(() => String, {
    nullable: true,
    description: "The log's position at which the change is visible; null when there was none.",
  })
  cursor!: string | null;
}

@InputType()
class EndFollowerInput {
  @Field(() => ID)
  followerId!: string;
}

@InputType()
class InviteFollowerInput {
  @Field(() => ID)
  followId!: string;
  @MaxCharacters(ADDRESS_LENGTH)
  @Field({ description: 'The letter goes there. Only administrators, and who granted the follow, see it.' })
  email!: string;
}

@InputType()
class AddFollowerCommentInput {
  @MaxCharacters(TEXT_LENGTH)
  @Field()
  body!: string;
  @MaxCharacters(NAME_LENGTH)
  @Field({ description: 'Whom it is from, as all who see the task are shown: at most 80 characters on one line.' })
  name!: string;
}

@Resolver(() => Follower)
export class FollowerResolver {
  @ForMembers()
  @Mutation(() => InviteFollowerPayload, {
    description:
      'For administrators, and for who granted the follow. Sends a letter with a way in of their own; who confirms follows, without a password. Invited again, they get another letter, and the one before it opens nothing any more.',
  })
  inviteFollower(
    @Arg('input') { followId, email }: InviteFollowerInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { publicUrl } = context;
    return answer(context, info, 'follower', (parts, viewer) =>
      inviteFollower(parts, viewer, { followId, email, publicUrl }),
    );
  }

  @ForMembers()
  @Mutation(() => EndFollowerPayload, {
    description:
      'Puts one follower out; open sockets of theirs close. For administrators, and for who granted the follow.',
  })
  endFollower(
    @Arg('input') { followerId }: EndFollowerInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'follower', (parts, viewer) => endFollower(parts, viewer, followerId));
  }

  @Tenant()
  @Allow('FOLLOWER')
  @Mutation(() => AddFollowerCommentPayload, {
    description:
      'Adds a public comment to the task that you follow, where your link allows it and you came in by the door.',
  })
  addFollowerComment(
    @Arg('input') words: AddFollowerCommentInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { objectId } = expectFollower(context.viewer);
    const sees = async () => (await findVisibleTask(context, objectId)) !== null;
    return answerFollower(context, info, 'comment', (parts, viewer) => addFollowerComment(parts, viewer, words), sees);
  }

  @Reads('id')
  @FieldResolver(() => Date, { nullable: true, description: 'To the minute.' })
  lastSeenAt(@Root() { id }: Row<Follower>, @Ctx() context: GraphContext): Promise<Date | null> {
    return context.lastUseOf(id);
  }

  @Reads('follow')
  @FieldResolver(() => ID, { description: 'The follow that they came by.' })
  followId(@Root() follower: Row<Follower>): string {
    return follower.follow.id;
  }
}
