import { IsOptional } from 'class-validator';
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Field, ID, Info, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { expectUserId } from '../auth/viewer.js';
import {
  acceptInvitation,
  declineInvitation,
  findOwnInvitations,
  type OwnInvitation,
} from '../domain/own-invitations.js';
import { MembershipKind, Role } from '../entities/vocabulary.js';
import { Allow } from '../schema/directives.js';
import { UserErrorItem } from '../schema/payload.js';
import { ADDRESS_LENGTH, MaxCharacters } from '../schema/texts.js';
import { answerOwn } from './answer.js';
import type { GraphContext } from './context.js';
import { expectOwnSignIn } from './own-sign-in.js';
import { Membership } from './viewer.js';

@ObjectType({ description: 'What a company offers you, at the address that your issuer has verified.' })
class MyInvitation implements OwnInvitation {
  @Field(() => ID)
  id!: string;
  @Field({ description: "The company's name." })
  company!: string;
  @Field({ description: 'The name of who invites you.' })
  invitedBy!: string;
  @Field(() => MembershipKind)
  kind!: MembershipKind;
  @Field(() => Role)
  role!: Role;
  @Field({ description: 'Their words.' })
  note!: string;
  @Field()
  expiresAt!: Date;
}

@InputType({ description: 'Either of the two.' })
class AcceptInvitationInput {
  @IsOptional()
  @Field(() => ID, { nullable: true })
  invitationId?: string | null;
  @IsOptional()
  @MaxCharacters(ADDRESS_LENGTH)
  @Field(() => String, { nullable: true, description: 'What the link of the letter has behind its "#".' })
  secret?: string | null;
}

@InputType({ description: 'Either of the two.' })
class DeclineInvitationInput {
  @IsOptional()
  @Field(() => ID, { nullable: true })
  invitationId?: string | null;
  @IsOptional()
  @MaxCharacters(ADDRESS_LENGTH)
  @Field(() => String, { nullable: true, description: 'What the link of the letter has behind its "#".' })
  secret?: string | null;
}

@ObjectType()
class AcceptInvitationPayload {
  @Field(() => Membership, { nullable: true, description: 'What you have become.' })
  membership!: Membership | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
}

@ObjectType()
class DeclineInvitationPayload {
  @Field(() => MyInvitation, { nullable: true, description: 'What you have turned down.' })
  invitation!: MyInvitation | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
}

/** What is offered to the person who asks, whatever company they are in. */
@Resolver(() => MyInvitation)
export class OwnInvitationResolver {
  @Allow('USER', 'MEMBER')
  @Query(() => [MyInvitation], { description: 'What is offered to you and not answered yet, the latest first.' })
  myInvitations(
    @Ctx() context: GraphContext,
    @Arg('secret', () => String, { nullable: true, description: "Only what this letter's secret stands for." })
    secret?: string | null,
  ): Promise<MyInvitation[]> {
    expectOwnSignIn(context);
    return findOwnInvitations(context.parts, expectUserId(context.viewer), secret);
  }

  @Allow('USER', 'MEMBER')
  @Mutation(() => AcceptInvitationPayload, { description: 'Makes you a member, as the invitation says.' })
  acceptInvitation(
    @Arg('input') naming: AcceptInvitationInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    expectOwnSignIn(context);
    return answerOwn(context, info, 'membership', (parts, userId) => acceptInvitation(parts, userId, naming));
  }

  @Allow('USER', 'MEMBER')
  @Mutation(() => DeclineInvitationPayload, { description: 'Turns an invitation down, for good.' })
  declineInvitation(
    @Arg('input') naming: DeclineInvitationInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    expectOwnSignIn(context);
    return answerOwn(context, info, 'invitation', (parts, userId) => declineInvitation(parts, userId, naming));
  }
}
