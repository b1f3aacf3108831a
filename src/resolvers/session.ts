import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Field, ID, Info, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { expectMember, expectUserId } from '../auth/viewer.js';
import { endSession, endSessions, findSessions, type Owner, type OwnSession } from '../domain/own-sessions.js';
import { Allow } from '../schema/directives.js';
import { UserErrorItem } from '../schema/payload.js';
import { answerOwn } from './answer.js';
import type { GraphContext } from './context.js';

@ObjectType({ description: 'A browser in which you are signed in; nobody else sees it.' })
class Session implements OwnSession {
  @Field(() => ID)
  id!: string;
  @Field({ description: 'As the browser calls itself.' })
  device!: string;
  @Field({ description: 'The address that you signed in from.' })
  place!: string;
  @Field(() => String, { nullable: true, description: 'Through whom your issuer let you in, where it says so.' })
  identityProvider!: string | null;
  @Field()
  startedAt!: Date;
  @Field({ description: 'To the minute.' })
  lastSeenAt!: Date;
  @Field({ description: 'Unless it is used before.' })
  endsAt!: Date;
  @Field({ description: 'Whether you ask by it.' })
  isCurrent!: boolean;
}

@InputType()
class EndSessionInput {
  @Field(() => ID)
  sessionId!: string;
}

@InputType()
class EndSessionsInput {
  @Field(() => Boolean, {
    defaultValue: false,
    description: 'The one by which you ask as well: you are signed out everywhere.',
  })
  includingThis!: boolean;
}

@ObjectType()
class EndSessionPayload {
  @Field(() => Session, { nullable: true })
  session!: Session | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
}

@ObjectType()
class EndSessionsPayload {
  @Field(() => [Session], { nullable: true, description: 'Those that were ended.' })
  sessions!: Session[] | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
}

const ownerIn = ({ viewer, session, isBySso }: GraphContext): Owner => ({
  userId: expectUserId(viewer),
  session,
  within: isBySso ? expectMember(viewer).companyId : null,
});

/** The browsers in which the person who asks is signed in. */
@Resolver(() => Session)
export class SessionResolver {
  @Allow('USER', 'MEMBER')
  @Query(() => [Session], { description: 'The browsers in which you are signed in, the one seen last first.' })
  sessions(@Ctx() context: GraphContext): Promise<Session[]> {
    return findSessions(context.sessions, ownerIn(context));
  }

  @Allow('USER', 'MEMBER')
  @Mutation(() => EndSessionPayload, { description: 'Signs you out in one browser, at once.' })
  endSession(
    @Arg('input') { sessionId }: EndSessionInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answerOwn(context, info, 'session', (parts) =>
      endSession(parts, context.sessions, ownerIn(context), sessionId),
    );
  }

  @Allow('USER', 'MEMBER')
  @Mutation(() => EndSessionsPayload, { description: 'Signs you out in all other browsers, or everywhere, at once.' })
  endSessions(@Arg('input') input: EndSessionsInput, @Ctx() context: GraphContext, @Info() info: GraphQLResolveInfo) {
    return answerOwn(context, info, 'sessions', (parts) =>
      endSessions(parts, context.sessions, ownerIn(context), input),
    );
  }
}
