import { IsOptional } from 'class-validator';
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { directoryOf } from '../auth/directory.js';
import { expectMember } from '../auth/viewer.js';
import { addMember, deactivateMember } from '../domain/members.js';
import { Member } from '../entities/member.js';
import type { Row } from '../entities/rows.js';
import { MembershipKind, Role } from '../entities/vocabulary.js';
import { connectionOf } from '../schema/connections.js';
import { ForMembers, HasRole } from '../schema/directives.js';
import { payloadType } from '../schema/payload.js';
import { ADDRESS_LENGTH, MaxCharacters, NAME_LENGTH } from '../schema/texts.js';
import { answer, type GraphContext } from './context.js';
import { findPage } from './page.js';

const MemberConnection = connectionOf(Member, 'Member');
const AddMemberPayload = payloadType('AddMemberPayload', 'member', Member);
const DeactivateMemberPayload = payloadType('DeactivateMemberPayload', 'member', Member);

@InputType()
class AddMemberInput {
  @MaxCharacters(ADDRESS_LENGTH)
  @Field()
  email!: string;
  @MaxCharacters(NAME_LENGTH)
  @Field()
  name!: string;
  @Field(() => Role, { defaultValue: Role.MEMBER })
  role!: Role;
  @Field(() => MembershipKind, { defaultValue: MembershipKind.INTERNAL })
  kind!: MembershipKind;
  @IsOptional()
  @Field(() => Boolean, {
    nullable: true,
    description: 'For externals: may be a solver in projects that took them as internal.',
  })
  licensedAsInternal?: boolean;
}

@InputType()
class DeactivateMemberInput {
  @Field(() => ID)
  memberId!: string;
}

@Resolver(() => Member)
export class MemberResolver {
  @ForMembers()
  @Query(() => MemberConnection, {
    description: 'The directory: for externals, the people with whom they share a project.',
  })
  async members(
    @Arg('first', () => Int) first: number,
    @Ctx() context: GraphContext,
    @Arg('after', () => String, { nullable: true }) after?: string,
  ) {
    const where = await directoryOf(context.em, await context.grants());
    return findPage(context, Member, { first, after, where, orderBy: { field: 'createdAt', direction: 'ASC' } });
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => AddMemberPayload)
  addMember(@Arg('input') input: AddMemberInput, @Ctx() context: GraphContext) {
    return answer(context, 'member', () => addMember(context.parts, expectMember(context.viewer), input));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => DeactivateMemberPayload, {
    description: "Ends the person's part in the company, their open sockets included.",
  })
  deactivateMember(@Arg('input') { memberId }: DeactivateMemberInput, @Ctx() context: GraphContext) {
    return answer(context, 'member', () => deactivateMember(context.parts, expectMember(context.viewer), memberId));
  }

  @FieldResolver(() => String)
  async name(@Root() member: Row<Member>, @Ctx() context: GraphContext): Promise<string> {
    return (await userOf(context, member)).name;
  }

  @FieldResolver(() => String)
  async email(@Root() member: Row<Member>, @Ctx() context: GraphContext): Promise<string> {
    return (await userOf(context, member)).email;
  }
}

const userOf = ({ references }: GraphContext, { user }: Row<Member>) => references.user(user.id);
