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
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { directoryOf } from '../auth/directory.js';
import { deactivateMember, reactivateMember } from '../domain/members.js';
import { updateMember } from '../domain/update-member.js';
import { Member } from '../entities/member.js';
import { all } from '../entities/row-filter.js';
import type { Row } from '../entities/rows.js';
import { MembershipKind, Role } from '../entities/vocabulary.js';
import { connectionOf, PageArgs } from '../schema/connections.js';
import { ForMembers, ForReading, HasRole } from '../schema/directives.js';
import { DateTimeFilter, enumFilter } from '../schema/filters.js';
import { payloadType } from '../schema/payload.js';
import { Reads } from '../schema/reads.js';
import { MaxCharacters, NAME_LENGTH } from '../schema/texts.js';
import { answer } from './answer.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { filterOf } from './filter.js';
import { findPage } from './page.js';
import { requestedColumns } from './requested-columns.js';
import { whenKnown } from './when-known.js';

const MemberConnection = connectionOf(Member, 'Member');
const UpdateMemberPayload = payloadType('UpdateMemberPayload', 'member', Member);
const ReactivateMemberPayload = payloadType('ReactivateMemberPayload', 'member', Member);
const DeactivateMemberPayload = payloadType('DeactivateMemberPayload', 'member', Member);

const RoleFilter = enumFilter(Role, 'RoleFilter');
const MembershipKindFilter = enumFilter(MembershipKind, 'MembershipKindFilter');

@InputType({ description: 'Which members; all conditions that are given must hold.' })
class MemberFilter {
  @Field(() => RoleFilter, { nullable: true })
  role?: InstanceType<typeof RoleFilter>;
  @Field(() => MembershipKindFilter, { nullable: true })
  kind?: InstanceType<typeof MembershipKindFilter>;
  @Field(() => DateTimeFilter, { nullable: true, description: 'Null for those who are active.' })
  deactivatedAt?: DateTimeFilter;
  @Field(() => [MemberFilter], { nullable: true })
  and?: MemberFilter[];
  @Field(() => [MemberFilter], { nullable: true })
  or?: MemberFilter[];
  @Field(() => MemberFilter, { nullable: true })
  not?: MemberFilter;
}

@InputType({ description: 'What is absent stays as it is.' })
class UpdateMemberInput {
  @Field(() => ID)
  memberId!: string;
  @IsOptional()
  @Field(() => Role, { nullable: true })
  role?: Role | null;
  @IsOptional()
  @Field(() => MembershipKind, { nullable: true })
  kind?: MembershipKind | null;
  @IsOptional()
  @Field(() => Boolean, { nullable: true, description: 'For externals; an internal member has none.' })
  licensedAsInternal?: boolean | null;
  @IsOptional()
  @MaxCharacters(NAME_LENGTH)
  @Field(() => String, { nullable: true, description: 'What the company calls them; null for their own name.' })
  displayName?: string | null;
  @IsOptional()
  @MaxCharacters(NAME_LENGTH)
  @Field(() => String, { nullable: true, description: 'What they do in this company; null takes it away.' })
  title?: string | null;
}

@InputType()
class ReactivateMemberInput {
  @Field(() => ID)
  memberId!: string;
}

@InputType()
class DeactivateMemberInput {
  @Field(() => ID)
  memberId!: string;
}

@Resolver(() => Member)
export class MemberResolver {
  @ForReading('MEMBERS_READ')
  @Query(() => MemberConnection, {
    description: 'The directory: for externals, the people with whom they share a project.',
  })
  async members(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('filter', () => MemberFilter, { nullable: true }) filter?: MemberFilter,
  ) {
    return findPage(context, Member, {
      page,
      route: COMPANY,
      filter: all(await directoryOf(context.rowsOf(COMPANY), await context.grants()), filterOf(filter)),
      orderBy: { field: 'createdAt', direction: 'ASC' },
      columns: requestedColumns(info),
    });
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => UpdateMemberPayload, {
    description: 'Changes what somebody is in the company; it holds at once, for open sockets too.',
  })
  updateMember(
    @Arg('input') { memberId, ...standing }: UpdateMemberInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'member', (parts, viewer) => updateMember(parts, viewer, memberId, standing));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => ReactivateMemberPayload, { description: 'Lets somebody in again, as what they were.' })
  reactivateMember(
    @Arg('input') { memberId }: ReactivateMemberInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'member', (parts, viewer) => reactivateMember(parts, viewer, memberId));
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => DeactivateMemberPayload, {
    description: "Ends the person's part in the company, their open sockets included.",
  })
  deactivateMember(
    @Arg('input') { memberId }: DeactivateMemberInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return answer(context, info, 'member', (parts, viewer) => deactivateMember(parts, viewer, memberId));
  }

  @Reads('user', 'displayName')
  @FieldResolver(() => String, { description: 'Their own name, or what the company calls them.' })
  name(@Root() member: Row<Member>, @Ctx() context: GraphContext): string | Promise<string> {
    return nameOf(context, member);
  }

  @Reads('user')
  @FieldResolver(() => String)
  email(@Root() member: Row<Member>, @Ctx() context: GraphContext): string | Promise<string> {
    return whenKnown(userOf(context, member), ({ email }) => email);
  }
}

/** What a member is called in the company. */
export const nameOf = (context: GraphContext, member: Row<Member>): string | Promise<string> =>
  member.displayName ?? whenKnown(userOf(context, member), ({ name }) => name);

const userOf = ({ references }: GraphContext, { user }: Row<Member>) => references.user(user.id);
