import type { EntityClass } from '@mikro-orm/core';
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
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { MemberViewer } from '../auth/viewer.js';
import { revokeApiKey } from '../domain/api-keys.js';
import { revokeFollow } from '../domain/follows.js';
import { revokeInvitation } from '../domain/invitations.js';
import { deactivateMember } from '../domain/members.js';
import { removeProvider } from '../domain/sso-providers.js';
import { endSupport } from '../domain/support.js';
import type { Done, Parts } from '../domain/unit-of-work.js';
import { ApiKey } from '../entities/api-key.js';
import { Follow } from '../entities/follow.js';
import { Invitation } from '../entities/invitation.js';
import { Member } from '../entities/member.js';
import { all, any, type RowFilter } from '../entities/row-filter.js';
import { countRows, type Row } from '../entities/rows.js';
import { SsoProvider } from '../entities/single-sign-on.js';
import { SupportGrant } from '../entities/support-grant.js';
import { EntryPointKind } from '../entities/vocabulary.js';
import { ApiError, notFound } from '../errors.js';
import { connectionOf, PageArgs } from '../schema/connections.js';
import { ForMembers, HasRole } from '../schema/directives.js';
import { type IdPrefix, prefixOf } from '../schema/ids.js';
import { payloadType } from '../schema/payload.js';
import { answer } from './answer.js';
import type { GraphContext } from './context.js';
import { nameOf } from './member.js';
import { newestFirst } from './page.js';

@ObjectType({ description: 'A way into the company that is open.' })
class EntryPoint {
  @Field(() => ID, { description: 'Of the member, the issuer, the invitation, the key, the follow or the grant.' })
  id!: string;
  @Field(() => EntryPointKind)
  kind!: EntryPointKind;
  @Field({
    description:
      'The name of the member, the issuer or the program, the invited address, the label of the follow, what support is for.',
  })
  name!: string;
  @Field()
  openedAt!: Date;
  @Field(() => Date, { nullable: true, description: 'When it closes by itself; null when it does not.' })
  expiresAt!: Date | null;
  /** Who opened it, where that is known of this kind. */
  openedById!: string | null;
}

const EntryPointConnection = connectionOf(EntryPoint, 'EntryPoint');
const EndEntryPointPayload = payloadType('EndEntryPointPayload', 'entryPoint', EntryPoint);

@ObjectType({ description: 'How many ways of one kind are open.' })
class EntryPointCount {
  @Field(() => EntryPointKind)
  kind!: EntryPointKind;
  @Field(() => Int)
  count!: number;
}

@InputType()
class EndEntryPointInput {
  @Field(() => ID, { description: 'Of an entry point.' })
  id!: string;
}

/** One kind of ways in: which of its rows are open, what is told of one, and how it is ended. */
interface Kind<T> {
  readonly type: EntityClass<T>;
  readonly isOpen: () => RowFilter;
  readonly describe: (row: Row<T>, context: GraphContext) => Promise<Told> | Told;
  readonly end: (parts: Parts, viewer: MemberViewer, id: string) => Promise<Done<Row<T> | T>>;
}
type Told = Pick<EntryPoint, 'name' | 'openedById' | 'expiresAt'>;
type Opened = { id: string; createdAt: Date };

const absent = (column: string): RowFilter => ({ column, is: 'absent' });
const isToCome = (column: string): RowFilter => ({ column, is: '>', value: new Date() });

const kind = <T extends Opened>(given: Kind<T>) => given as unknown as Kind<Opened>;

const KINDS: Readonly<Record<EntryPointKind, Kind<Opened>>> = {
  MEMBER: kind({
    type: Member,
    isOpen: () => absent('deactivatedAt'),
    describe: async (member, context) => ({
      name: await nameOf(context, member),
      openedById: null,
      expiresAt: null,
    }),
    end: deactivateMember,
  }),
  SSO: kind({
    type: SsoProvider,
    isOpen: () => true,
    describe: ({ issuer }) => ({ name: issuer, openedById: null, expiresAt: null }),
    end: removeProvider,
  }),
  INVITATION: kind({
    type: Invitation,
    isOpen: () => all({ column: 'status', is: '=', value: 'PENDING' }, isToCome('expiresAt')),
    describe: ({ email, invitedBy, expiresAt }) => ({ name: email, openedById: invitedBy.id, expiresAt }),
    end: revokeInvitation,
  }),
  API_KEY: kind({
    type: ApiKey,
    isOpen: () => all(absent('revokedAt'), isToCome('expiresAt')),
    describe: ({ name, createdBy, expiresAt }) => ({ name, openedById: createdBy.id, expiresAt }),
    end: revokeApiKey,
  }),
  FOLLOW: kind({
    type: Follow,
    isOpen: () => all(absent('revokedAt'), any(absent('expiresAt'), isToCome('expiresAt'))),
    describe: ({ label, grantedBy, expiresAt }) => ({
      name: label,
      openedById: grantedBy.id,
      expiresAt: expiresAt ?? null,
    }),
    end: revokeFollow,
  }),
  SUPPORT: kind({
    type: SupportGrant,
    isOpen: () => all(absent('revokedAt'), isToCome('expiresAt')),
    describe: ({ reason, grantedBy, expiresAt }) => ({ name: reason, openedById: grantedBy.id, expiresAt }),
    end: endSupport,
  }),
};

const KIND_OF: ReadonlyMap<string | null, EntryPointKind> = new Map<IdPrefix, EntryPointKind>([
  ['member', 'MEMBER'],
  ['provider', 'SSO'],
  ['invitation', 'INVITATION'],
  ['apikey', 'API_KEY'],
  ['follow', 'FOLLOW'],
  ['support', 'SUPPORT'],
]);

/** Whatever an id might have been of, what is not there is told in one way. */
const asNone = (error: unknown): never => {
  throw error instanceof ApiError && error.code === 'NOT_FOUND' ? notFound('entry point') : error;
};

async function entryPointOf(context: GraphContext, of: EntryPointKind, row: Row<Opened>): Promise<EntryPoint> {
  return { id: row.id, kind: of, openedAt: row.createdAt, ...(await KINDS[of].describe(row, context)) };
}

@Resolver(() => EntryPoint)
export class EntryPointResolver {
  @HasRole('ADMIN')
  @ForMembers()
  @Query(() => EntryPointConnection, {
    description: 'The ways of one kind that are open into the company, newest first.',
  })
  async entryPoints(
    @Arg('kind', () => EntryPointKind) of: EntryPointKind,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: GraphContext,
  ) {
    // What is open is a matter of the hour, of which no event tells.
    const { type, isOpen } = KINDS[of];
    const found = await newestFirst(context, type, page, null, { filter: isOpen(), route: null });
    const entries = new Map<string, EntryPoint>();
    for (const row of found.nodes) entries.set(row.id, await entryPointOf(context, of, row));
    const entryOf = ({ id }: Row<Opened>) => entries.get(id) as EntryPoint;
    return {
      nodes: found.nodes.map(entryOf),
      edges: found.edges.map(({ node, cursor }) => ({ node: entryOf(node), cursor })),
      pageInfo: found.pageInfo,
    };
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Query(() => [EntryPointCount], { description: 'How many ways of each kind are open into the company.' })
  entryPointCounts(@Ctx() context: GraphContext): Promise<EntryPointCount[]> {
    return Promise.all(
      Object.values(EntryPointKind).map(async (of) => {
        const { type, isOpen } = KINDS[of];
        return { kind: of, count: await countRows(context.em, type, isOpen()) };
      }),
    );
  }

  @HasRole('ADMIN')
  @ForMembers()
  @Mutation(() => EndEntryPointPayload, {
    description: 'Closes a way in of whatever kind, at once, with what is open by it.',
  })
  async endEntryPoint(
    @Arg('input') { id }: EndEntryPointInput,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const of = KIND_OF.get(prefixOf(id));
    if (!of) throw notFound('entry point');
    const ended = await answer(context, info, 'row', (parts, viewer) => KINDS[of].end(parts, viewer, id).catch(asNone));
    const row = ended.row as Row<Opened> | null;
    return { ...ended, entryPoint: row && (await entryPointOf(context, of, row)) };
  }

  @FieldResolver(() => Member, { nullable: true, description: 'Who opened it, where that is kept.' })
  openedBy(
    @Root() { openedById }: EntryPoint,
    @Ctx() { references }: GraphContext,
  ): Row<Member> | Promise<Row<Member>> | null {
    return openedById === null ? null : references.member(openedById);
  }

  @FieldResolver(() => Date, { nullable: true, description: 'When somebody came in by it last, to the minute.' })
  lastUsedAt(@Root() { id }: EntryPoint, @Ctx() context: GraphContext): Promise<Date | null> {
    return context.lastUseOf(id);
  }
}
