import { IsOptional } from 'class-validator';
import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { expectFollower } from '../auth/viewer.js';
import { endFollows, grantFollow, revokeFollow } from '../domain/follows.js';
import { Follow } from '../entities/follow.js';
import { Follower } from '../entities/follower.js';
import { Member } from '../entities/member.js';
import { oneOf } from '../entities/row-filter.js';
import { findRow, type Row } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { notFound } from '../errors.js';
import type { Change } from '../pubsub/topic.js';
import { connectionOf, PageArgs } from '../schema/connections.js';
import { Allow, ForMembers, HasRole, PublicFace, Tenant } from '../schema/directives.js';
import { payloadType } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { MaxCharacters, NAME_LENGTH } from '../schema/texts.js';
import { answer } from './answer.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { newestFirst } from './page.js';
import { TaskChange } from './task-change.js';
import { followedSource, taskChangeOf } from './task-streams.js';
import { findVisibleTask } from './visible.js';

const FollowConnection = connectionOf(Follow, 'Follow');
const FollowerConnection = connectionOf(Follower, 'Follower');
const EndFollowsPayload = payloadType('EndFollowsPayload', 'follows', [Follow]);
const RevokeFollowPayload = payloadType('RevokeFollowPayload', 'follow', Follow);

const GrantFollowPayload = payloadType('GrantFollowPayload', 'follow', Follow, {
  url: 'The link to hand out. Shown here once; only a fingerprint of it is kept.',
  secret: 'What the link carries, for clients that connect by themselves.',
});

@InputType()
class GrantFollowInput {
  @Field(() => ID)
  taskId!: string;
  @IsOptional()
  @MaxCharacters(NAME_LENGTH)
  @Field(() => String, {
    nullable: true,
    description: 'Whom the link is for, in your words; only administrators see it.',
  })
  label?: string;
  @Field(() => Date, { nullable: true })
  expiresAt?: Date;
  @Field(() => String, {
    nullable: true,
    description: '8 to 128 characters, asked for at the door beside the link. Tell it by another way than the link.',
  })
  password?: string;
  @Field(() => Int, {
    nullable: true,
    description: 'How many may come in by it at all; who is put out does not make room for another one.',
  })
  maxFollowers?: number;
  @Field(() => Boolean, { nullable: true, description: 'Whether they may write public comments; no, unless given.' })
  canComment?: boolean;
}

@InputType()
class RevokeFollowInput {
  @Field(() => ID)
  followId!: string;
}

@InputType()
class EndFollowsInput {
  @Field(() => ID)
  taskId!: string;
}

@Resolver(() => Follow)
export class FollowResolver {
  @Tenant()
  @Allow('FOLLOWER')
  @Query(() => Follow, { description: 'What your link shows.' })
  async followed(@Ctx() context: GraphContext): Promise<Row<Follow>> {
    const follow = await findRow(context.rowsOf(COMPANY), Follow, expectFollower(context.viewer).followId);
    if (!follow) throw notFound('follow');
    return follow;
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Query(() => FollowConnection, { description: 'Every anonymous follow of the company, newest first.' })
  follows(
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return newestFirst(context, Follow, page, info);
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => GrantFollowPayload, {
    description: "Makes a link that shows a task's public face to whoever has it, live.",
  })
  async grantFollow(
    @Arg('input') { taskId, ...options }: GrantFollowInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const granted = await answer(context, info, 'granted', (parts, viewer) =>
      grantFollow(parts, viewer, taskId, options),
    );
    const { follow = null, secret = null } = (granted.granted ?? {}) as { follow?: Follow; secret?: string };
    return { ...granted, follow, secret, url: secret && `${context.publicUrl}/f/${secret}` };
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => RevokeFollowPayload, { description: 'Ends a follow; open sockets of it close.' })
  revokeFollow(
    @Arg('input') { followId }: RevokeFollowInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'follow', (parts, viewer) => revokeFollow(parts, viewer, followId));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => EndFollowsPayload, { description: 'Ends all follows of a task at once, as revokeFollow does.' })
  endFollows(
    @Arg('input') { taskId }: EndFollowsInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'follows', (parts, viewer) => endFollows(parts, viewer, taskId));
  }

  @Tenant()
  @Allow('FOLLOWER')
  @Subscription(() => TaskChange, {
    description: "The changes of the followed task's public face.",
    subscribe: ({ context, args }) => followedSource(context, args.after) as never,
  })
  followedChanged(
    @Root() change: Change,
    @Ctx() context: GraphContext,
    @Arg('after', () => String, {
      nullable: true,
      description: 'A cursor: replays what came after it, then goes live.',
    })
    _after?: string,
  ): Promise<TaskChange> {
    return taskChangeOf(context, change);
  }

  @PublicFace()
  @Reads('task')
  @FieldResolver(() => Task, {
    nullable: true,
    description: 'Null while the task is not public, or when you do not see it.',
  })
  async task(@Root() follow: Row<Follow>, @Ctx() context: GraphContext): Promise<Row<Task> | null> {
    return findVisibleTask(context, follow.task.id);
  }

  @Reads('grantedBy')
  @FieldResolver(() => Member)
  grantedBy(@Root() follow: Row<Follow>, @Ctx() { references }: GraphContext): Row<Member> | Promise<Row<Member>> {
    return references.member(follow.grantedBy.id);
  }

  @Reads('passwordHash')
  @FieldResolver(() => Boolean, { description: 'Whether the door asks for a password beside the link.' })
  hasPassword(@Root() follow: Row<Follow>): boolean {
    return follow.passwordHash != null;
  }

  @Reads('followerCount')
  @FieldResolver(() => Int, {
    description: 'How many have come in by the door, those included who were put out since.',
  })
  followerCount(@Root() follow: Row<Follow>, @Ctx() context: GraphContext): number {
    context.readNow();
    return follow.followerCount;
  }

  @Reads('id')
  @FieldResolver(() => Date, { nullable: true, description: 'When somebody came by it last, to the minute.' })
  lastUsedAt(@Root() { id }: Row<Follow>, @Ctx() context: GraphContext): Promise<Date | null> {
    return context.lastUseOf(id);
  }

  @Reads('id')
  @FieldResolver(() => Int, {
    nullable: true,
    description: 'How many connections watch by it now, over all processes; null while that cannot be known.',
  })
  watching(@Root() follow: Row<Follow>, @Ctx() context: GraphContext): Promise<number | null> {
    return context.watchingOf(follow.id);
  }

  @Reads('id')
  @FieldResolver(() => FollowerConnection, { description: 'Who came in by the door, newest first.' })
  followers(
    @Root() follow: Row<Follow>,
    @Args(() => PageArgs, { validate: false }) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    // Who comes in is no event.
    return newestFirst(context, Follower, page, info, { filter: oneOf('follow', [follow.id]), route: null });
  }
}
