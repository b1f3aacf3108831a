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
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { type Invited, inviteMembers, resendInvitation, revokeInvitation } from '../domain/invitations.js';
import { Invitation } from '../entities/invitation.js';
import { Member } from '../entities/member.js';
import type { Row } from '../entities/rows.js';
import { InvitationStatus, MembershipKind, Role } from '../entities/vocabulary.js';
import { connectionOf, PageArgs } from '../schema/connections.js';
import { ForMembers, HasRole } from '../schema/directives.js';
import { type Payload, payloadType, UserErrorItem } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { MaxCharacters, NOTE_LENGTH } from '../schema/texts.js';
import { answer } from './answer.js';
import type { GraphContext } from './context.js';
import { findPage } from './page.js';
import { requestedColumns } from './requested-columns.js';

const InvitationConnection = connectionOf(Invitation, 'Invitation');
const ResendInvitationPayload = payloadType('ResendInvitationPayload', 'invitation', Invitation);
const RevokeInvitationPayload = payloadType('RevokeInvitationPayload', 'invitation', Invitation);

@ObjectType()
class InviteMembersPayload implements Payload {
  @Field(() => [Invitation], { nullable: true, description: 'What was sent, in no order of yours.' })
  invitations!: Invitation[] | null;
  @Field(() => [Member], {
    nullable: true,
    description: 'Who of the addresses is in the directory already: nothing was sent to them.',
  })
  alreadyMembers!: Member[] | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
  @Field(() => String, {
    nullable: true,
    description: "The log's position at which the change is visible; null when there was none.",
  })
  cursor!: string | null;
}

@InputType()
class InviteMembersInput {
  @Field(() => [String], { description: 'From 1 to 100 addresses.' })
  emails!: string[];
  @Field(() => MembershipKind, { defaultValue: MembershipKind.INTERNAL })
  kind!: MembershipKind;
  @Field(() => Role, { defaultValue: Role.MEMBER, description: 'An external is a member, and nothing more.' })
  role!: Role;
  @IsOptional()
  @MaxCharacters(NOTE_LENGTH)
  @Field(() => String, { nullable: true, description: 'Your own words in the letter, at most 500 characters.' })
  note?: string | null;
}

@InputType()
class ResendInvitationInput {
  @Field(() => ID)
  invitationId!: string;
}

@InputType()
class RevokeInvitationInput {
  @Field(() => ID)
  invitationId!: string;
}

/** What administrators do with invitations; who is invited has `own-invitation.ts`. */
@Resolver(() => Invitation)
export class InvitationResolver {
  @HasRole('ADMIN')
  @ForMembers()
  @Query(() => InvitationConnection, { description: 'Every invitation of the company, newest first.' })
  invitations(@Args(() => PageArgs) page: PageArgs, @Ctx() context: GraphContext, @Info() info: GraphQLResolveInfo) {
    return findPage(context, Invitation, {
      page,
      // Time alone makes one expire.
      route: null,
      filter: true,
      orderBy: { field: 'createdAt', direction: 'DESC' },
      columns: requestedColumns(info),
    });
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => InviteMembersPayload, {
    description:
      'Offers a membership to each address, by a letter. An open invitation to one of them is renewed: its earlier letters lead nowhere.',
  })
  async inviteMembers(
    @Arg('input') offer: InviteMembersInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const answered = await answer(context, info, 'invited', (parts, viewer) =>
      inviteMembers(parts, viewer, offer, context.publicUrl),
    );
    const { invitations = null, members = null } = (answered.invited ?? {}) as Partial<Invited>;
    return { ...answered, invitations, alreadyMembers: members };
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => ResendInvitationPayload, {
    description: 'Sends the letter once more. Earlier ones lead nowhere, and it is good for 14 days again.',
  })
  resendInvitation(
    @Arg('input') { invitationId }: ResendInvitationInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'invitation', (parts, viewer) =>
      resendInvitation(parts, viewer, invitationId, context.publicUrl),
    );
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => RevokeInvitationPayload, { description: 'Takes an invitation back: its letters lead nowhere.' })
  revokeInvitation(
    @Arg('input') { invitationId }: RevokeInvitationInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'invitation', (parts, viewer) => revokeInvitation(parts, viewer, invitationId));
  }

  @Reads('status', 'expiresAt')
  @FieldResolver(() => InvitationStatus)
  status(@Root() { status, expiresAt }: Row<Invitation>): InvitationStatus {
    return status === 'PENDING' && expiresAt.getTime() <= Date.now() ? 'EXPIRED' : status;
  }

  @Reads('invitedBy')
  @FieldResolver(() => Member, { description: 'Who sent it last.' })
  invitedBy(
    @Root() { invitedBy }: Row<Invitation>,
    @Ctx() { references }: GraphContext,
  ): Row<Member> | Promise<Row<Member>> {
    return references.member(invitedBy.id);
  }
}
