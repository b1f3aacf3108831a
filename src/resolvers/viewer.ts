import type { GraphQLResolveInfo } from 'graphql';
import { GraphQLJSONObject } from 'graphql-scalars';
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
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { activeMemberships } from '../auth/authenticate.js';
import { expectMember, expectUserId } from '../auth/viewer.js';
import { foundOwnCompany } from '../domain/companies.js';
import { findPreferences, findViews, savePersonalView, updatePreferences } from '../domain/personal.js';
import { Company } from '../entities/company.js';
import { Member } from '../entities/member.js';
import { findRows, type Row } from '../entities/rows.js';
import { PersonalView, User, UserPreferences } from '../entities/user.js';
import { MembershipKind, Role } from '../entities/vocabulary.js';
import { forbidden, notFound } from '../errors.js';
import { Allow } from '../schema/directives.js';
import { UserErrorItem } from '../schema/payload.js';
import { MaxCharacters, NAME_LENGTH } from '../schema/texts.js';
import { answerOwn } from './answer.js';
import type { GraphContext } from './context.js';
import { expectOwnSignIn } from './own-sign-in.js';

@ObjectType({ description: 'One of your companies, and what you are in it.' })
export class Membership {
  @Field(() => Company)
  company!: Row<Company>;
  @Field(() => ID)
  memberId!: string;
  @Field(() => Role)
  role!: Role;
  @Field(() => MembershipKind)
  kind!: MembershipKind;
}

@ObjectType({ description: 'You.' })
class ViewerProfile {
  @Field(() => User)
  user!: User;
  @Field(() => Member, { nullable: true, description: 'Who you are in the company that the request names.' })
  member!: Member | null;
}

@InputType({ description: 'What is absent stays as it is.' })
class UpdatePreferencesInput {
  @Field(() => String, { nullable: true, description: 'BCP 47 language tag.' })
  locale?: string | null;
  @Field(() => String, { nullable: true, description: 'IANA time zone.' })
  timeZone?: string | null;
  @Field(() => ID, { nullable: true, description: 'One of your views; null takes the default away.' })
  defaultViewId?: string | null;
}

@InputType()
class SavePersonalViewInput {
  @Field(() => ID, { nullable: true, description: 'One of your views, to save it anew; absent makes a new one.' })
  viewId?: string | null;
  @MaxCharacters(NAME_LENGTH)
  @Field()
  name!: string;
  @Field(() => GraphQLJSONObject, { description: 'The variables of a task list, as your client wants them back.' })
  filter!: object;
}

@InputType()
class FoundCompanyInput {
  @MaxCharacters(NAME_LENGTH)
  @Field()
  name!: string;
}

@ObjectType()
class FoundCompanyPayload {
  @Field(() => Company, { nullable: true, description: 'Name it in the header X-Company-Id to work in it.' })
  company!: Company | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
}

@ObjectType()
class UpdatePreferencesPayload {
  @Field(() => UserPreferences, { nullable: true })
  preferences!: UserPreferences | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
}

@ObjectType()
class SavePersonalViewPayload {
  @Field(() => PersonalView, { nullable: true })
  view!: PersonalView | null;
  @Field(() => [UserErrorItem])
  userErrors!: UserErrorItem[];
}

/** What belongs to the person who asks, whatever company they are in. */
@Resolver(() => ViewerProfile)
export class ViewerResolver {
  @Allow('USER', 'MEMBER')
  @Query(() => ViewerProfile, { description: 'You.' })
  async viewer(@Ctx() { em, viewer }: GraphContext): Promise<ViewerProfile> {
    const user = await em.findOne(User, { id: expectUserId(viewer) });
    if (!user) throw notFound('user');
    return { user, member: viewer.kind === 'MEMBER' ? await em.findOne(Member, { id: viewer.memberId }) : null };
  }

  @Allow('USER', 'MEMBER')
  @Query(() => [Membership], { description: 'Your companies.' })
  async companies(@Ctx() { em, viewer, parts, isBySso }: GraphContext): Promise<Membership[]> {
    const all = await activeMemberships(parts.orm, expectUserId(viewer));
    // A company's own issuer is not to learn of the other companies of its people.
    const memberships = isBySso ? all.filter(({ companyId }) => companyId === expectMember(viewer).companyId) : all;
    const companies = await em.find(Company, { id: { $in: memberships.map((member) => member.companyId) } });
    return memberships.flatMap(({ companyId, id, role, kind }) => {
      const company = companies.find((candidate) => candidate.id === companyId);
      return company ? [{ company, memberId: id, role, kind }] : [];
    });
  }

  @Allow('USER', 'MEMBER')
  @Mutation(() => FoundCompanyPayload, {
    description: 'Founds a company, of which you are the first administrator; where the operator lets people do so.',
  })
  foundCompany(
    @Arg('input') { name }: FoundCompanyInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    expectOwnSignIn(context);
    if (!context.isFoundingOpen) throw forbidden('FOUNDING_CLOSED', 'Here the operator founds companies.');
    return answerOwn(context, info, 'company', (parts, userId) => foundOwnCompany(parts, userId, name));
  }

  @Allow('USER', 'MEMBER')
  @Mutation(() => UpdatePreferencesPayload)
  updatePreferences(
    @Arg('input') input: UpdatePreferencesInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    expectOwnSignIn(context);
    return answerOwn(context, info, 'preferences', (parts, userId) => updatePreferences(parts, userId, input));
  }

  @Allow('USER', 'MEMBER')
  @Mutation(() => SavePersonalViewPayload)
  savePersonalView(
    @Arg('input') input: SavePersonalViewInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    expectOwnSignIn(context);
    return answerOwn(context, info, 'view', (parts, userId) => savePersonalView(parts, userId, input));
  }

  @FieldResolver(() => UserPreferences)
  preferences(@Root() { user }: ViewerProfile, @Ctx() context: GraphContext): Promise<UserPreferences> {
    expectOwnSignIn(context);
    return findPreferences(context.parts.orm, user.id);
  }

  @FieldResolver(() => [PersonalView])
  views(@Root() { user }: ViewerProfile, @Ctx() context: GraphContext): Promise<PersonalView[]> {
    expectOwnSignIn(context);
    return findViews(context.parts.orm, user.id);
  }
}

@Resolver(() => PersonalView)
export class PersonalViewResolver {
  @FieldResolver(() => GraphQLJSONObject)
  filter(@Root() view: Row<PersonalView>): object {
    return view.filter;
  }
}

@Resolver(() => UserPreferences)
export class UserPreferencesResolver {
  @FieldResolver(() => PersonalView, { nullable: true })
  async defaultView(
    @Root() { userId, defaultView }: Row<UserPreferences>,
    @Ctx() { em }: GraphContext,
  ): Promise<Row<PersonalView> | null> {
    const [view] = defaultView ? await findRows(em, PersonalView, { userId, id: defaultView.id }) : [];
    return view ?? null;
  }
}
