import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { FieldChange, HistoryEntry } from '../entities/event.js';
import { Member } from '../entities/member.js';
import type { Row } from '../entities/rows.js';
import { isId } from '../schema/ids.js';
import { Reads } from '../schema/reads.js';
import { Integration } from './api-key.js';
import type { GraphContext } from './context.js';
import { findVisibleProject, findVisibleTask } from './visible.js';

/** Fields whose values are ids of objects that the reader may not see. */
const POINTERS: Record<string, (context: GraphContext, id: string) => Promise<object | null>> = {
  awaitedTaskId: findVisibleTask,
  awaitedProjectId: findVisibleProject,
};

@Resolver(() => HistoryEntry)
export class HistoryResolver {
  @Reads('changes')
  @FieldResolver(() => [FieldChange], { description: 'Ids of what you do not see are null.' })
  changes(@Root() entry: Row<HistoryEntry>, @Ctx() context: GraphContext): Promise<FieldChange[]> {
    const show = async (field: string, value: unknown): Promise<string | null> => {
      if (value === null || value === undefined) return null;
      const find = POINTERS[field];
      if (find && !(await find(context, String(value)))) return null;
      return typeof value === 'string' ? value : JSON.stringify(value);
    };
    return Promise.all(
      Object.entries(entry.changes).map(async ([field, [before, after]]) => ({
        field,
        before: await show(field, before),
        after: await show(field, after),
      })),
    );
  }

  @Reads('actorId')
  @FieldResolver(() => Member, {
    nullable: true,
    description: 'None where a program, a follower or the operator acted.',
  })
  actor(
    @Root() entry: Row<HistoryEntry>,
    @Ctx() { references }: GraphContext,
  ): Row<Member> | Promise<Row<Member>> | null {
    const { actorId } = entry;
    return actorId && isId('member', actorId) ? references.member(actorId) : null;
  }

  @Reads('actorId')
  @FieldResolver(() => Integration, { nullable: true, description: 'The program that acted, where one did.' })
  integration(
    @Root() { actorId }: Row<HistoryEntry>,
    @Ctx() { references }: GraphContext,
  ): Integration | Promise<Integration> | null {
    return actorId && isId('apikey', actorId) ? references.apiKey(actorId) : null;
  }
}
