import type { GraphQLResolveInfo } from 'graphql';
import { GraphQLJSONObject } from 'graphql-scalars';
import { Arg, Args, Ctx, Field, FieldResolver, Info, InputType, Query, Resolver, Root } from 'type-graphql';
import { AuditEntry } from '../entities/audit-entry.js';
import { Member } from '../entities/member.js';
import type { Row } from '../entities/rows.js';
import { AuditResult } from '../entities/vocabulary.js';
import { connectionOf, PageArgs } from '../schema/connections.js';
import { ForMembers, HasRole } from '../schema/directives.js';
import { DateTimeFilter, enumFilter, IdFilter, WordFilter } from '../schema/filters.js';
import { isId } from '../schema/ids.js';
import { Reads } from '../schema/reads.js';
import { Integration } from './api-key.js';
import type { GraphContext } from './context.js';
import { filterOf } from './filter.js';
import { findPage } from './page.js';
import { requestedColumns } from './requested-columns.js';

const AuditEntryConnection = connectionOf(AuditEntry, 'AuditEntry');
const AuditResultFilter = enumFilter(AuditResult, 'AuditResultFilter');

@InputType({ description: 'Which entries; all conditions that are given must hold.' })
class AuditFilter {
  @Field(() => WordFilter, { nullable: true, description: 'Such as member.deactivated.' })
  action?: WordFilter;
  @Field(() => AuditResultFilter, { nullable: true })
  result?: InstanceType<typeof AuditResultFilter>;
  @Field(() => IdFilter, { nullable: true, description: 'Who has acted.' })
  actorId?: IdFilter;
  @Field(() => IdFilter, { nullable: true, description: 'What it was done to.' })
  objectId?: IdFilter;
  @Field(() => DateTimeFilter, { nullable: true })
  occurredAt?: DateTimeFilter;
}

@Resolver(() => AuditEntry)
export class AuditResolver {
  @HasRole('ADMIN')
  @ForMembers()
  @Query(() => AuditEntryConnection, {
    description: 'Who may come in and what they may: each change of that, and each refusal, newest first.',
  })
  auditLog(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: GraphContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('filter', () => AuditFilter, { nullable: true }) filter?: AuditFilter,
  ) {
    return findPage(context, AuditEntry, {
      page,
      // A refusal is no event.
      route: null,
      filter: filterOf(filter, { actorId: ['actorId', null], objectId: ['objectId', null] }),
      orderBy: { field: 'occurredAt', direction: 'DESC' },
      unique: 'occurredAt',
      columns: requestedColumns(info),
    });
  }

  @Reads('details')
  @FieldResolver(() => GraphQLJSONObject, { description: 'What it was about: ids and words, and never a name.' })
  details(@Root() { details }: Row<AuditEntry>): object {
    return JSON.parse(details) as object;
  }

  @Reads('actorId')
  @FieldResolver(() => Member, { nullable: true, description: 'Who has acted, where it was a member.' })
  actor(
    @Root() { actorId }: Row<AuditEntry>,
    @Ctx() { references }: GraphContext,
  ): Row<Member> | Promise<Row<Member>> | null {
    return actorId && isId('member', actorId) ? references.member(actorId) : null;
  }

  @Reads('actorId')
  @FieldResolver(() => Integration, { nullable: true, description: 'The program that has acted, where it was one.' })
  integration(
    @Root() { actorId }: Row<AuditEntry>,
    @Ctx() { references }: GraphContext,
  ): Integration | Promise<Integration> | null {
    return actorId && isId('apikey', actorId) ? references.apiKey(actorId) : null;
  }
}
