import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { FieldChange, HistoryEntry } from '../entities/event.js';
import { Member } from '../entities/member.js';
import type { GraphContext } from './context.js';

@Resolver(() => HistoryEntry)
export class HistoryResolver {
  @FieldResolver(() => [FieldChange])
  changes(@Root() entry: HistoryEntry): FieldChange[] {
    return Object.entries(entry.changes).map(([field, [before, after]]) => ({
      field,
      before: text(before),
      after: text(after),
    }));
  }

  @FieldResolver(() => Member, { nullable: true, description: 'None where the operator acted.' })
  actor(@Root() entry: HistoryEntry, @Ctx() context: GraphContext): Promise<Member | null> | null {
    return entry.actorId ? context.em.findOne(Member, { id: entry.actorId }) : null;
  }
}

const text = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);
