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
import { Allow, ForMembers, PublicFace, Tenant } from '../schema/directives.js';
import { payloadType } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { MaxCharacters, NAME_LENGTH } from '../schema/texts.js';
import { answer } from './answer.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { FollowedChange, followedChangeOf, followedSource } from './followed-stream.js';
import { newestFirst } from './page.js';
import { findProjectFace, ProjectFace } from './project-face.js';
import { findVisibleTask, visibleFollows } from './visible.js';

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
  @Field(() => ID, { nullable: true, description: 'What the link shows: a public task, or a project.' })
  taskId?: string;
  @Field(() => ID, { nullable: true })
  projectId?: string;
  @IsOptional()
  @MaxCharacters(NAME_LENGTH)
  @Field(() => String, {
    nullable: true,
    description: 'Whom the link is for, in your words; only you and administrators see it.',
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
  @Field(() => ID, { nullable: true, description: 'Of a task, or of a project itself.' })
  taskId?: string;
  @Field(() => ID, { nullable: true })
  projectId?: string;
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

  @ForMembers()
  @Query(() => FollowConnection, {
    description:
      'The anonymous follows of the company, newest first: all for administrators, for others those they granted.',
  })
  async follows(@Args(() => PageArgs) page: PageArgs, @Ctx() context: GraphContext, @Info() info: GraphQLResolveInfo) {
    return newestFirst(context, Follow, page, info, { filter: await visibleFollows(context) });
  }

  @ForMembers()
  @Mutation(() => GrantFollowPayload, {
    description:
      'Makes a link that shows the public face of a task or a project to whoever has it, live. For administrators, and for whom one gave the right to share the project.',
  })
  async grantFollow(
    @Arg('input') { taskId, projectId, ...options }: GrantFollowInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const granted = await answer(context, info, 'granted', (parts, viewer) =>
      grantFollow(parts, viewer, { taskId, projectId }, options),
    );
    const { follow = null, secret = null } = (granted.granted ?? {}) as { follow?: Follow; secret?: string };
    return { ...granted, follow, secret, url: secret && `${context.publicUrl}/f/${secret}` };
  }

  @ForMembers()
  @Mutation(() => RevokeFollowPayload, {
    description: 'Ends a follow; open sockets of it close. For administrators, and for who granted it.',
  })
  revokeFollow(
    @Arg('input') { followId }: RevokeFollowInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'follow', (parts, viewer) => revokeFollow(parts, viewer, followId));
  }

  @ForMembers()
  @Mutation(() => EndFollowsPayload, {
    description: 'Ends all follows of a task or a project that you may end, as revokeFollow does.',
  })
  endFollows(@Arg('input') ids: EndFollowsInput, @Ctx() context: GraphContext, @Info() info: GraphQLResolveInfo) {
    return answer(context, info, 'follows', (parts, viewer) => endFollows(parts, viewer, ids));
  }

  @Tenant()
  @Allow('FOLLOWER')
  @Subscription(() => FollowedChange, {
    description: 'The changes of the public face of what your link shows.',
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
  ): Promise<FollowedChange> {
    return followedChangeOf(context, change);
  }

  @PublicFace()
  @Reads('task')
  @FieldResolver(() => Task, {
    nullable: true,
    description: 'Of a followed task: null while it is not public, or when you do not see it.',
  })
  async task(@Root() { task }: Row<Follow>, @Ctx() context: GraphContext): Promise<Row<Task> | null> {
    return task ? findVisibleTask(context, task.id) : null;
  }

  @PublicFace()
  @Reads('project')
  @FieldResolver(() => ProjectFace, {
    nullable: true,
    description: 'Of a followed project: null when you do not see it.',
  })
  async project(@Root() { project }: Row<Follow>, @Ctx() context: GraphContext): Promise<ProjectFace | null> {
    return project ? findProjectFace(context, project.id) : null;
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
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    // Who comes in is no event.
    return newestFirst(context, Follower, page, info, { filter: oneOf('follow', [follow.id]), route: null });
  }
}
