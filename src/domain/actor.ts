import type { MemberViewer } from '../auth/viewer.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { findRow, type Row } from '../entities/rows.js';
import { accessEnded, forbidden } from '../errors.js';
import { type Actor, type Done, type Parts, transact, type Work } from './unit-of-work.js';

/** One transaction of a member who acts for themself. */
export interface MemberWork extends Work {
  /** Their own row, read in this transaction. */
  member: Row<Member>;
}

interface Options<R> {
  /** Holds the row: a deactivation waits for this transaction, or is seen by it. For what only an administrator may. */
  hold?: boolean;
  /** What the work begins with: read at the same time as the row. */
  read?: (em: EntityManager) => Promise<R>;
}

/**
 * `transact` for a member. What they were let in with is looked at again inside the transaction: throws UNAUTHENTICATED
 * for who has been deactivated since, FORBIDDEN for whose role or kind is another one by now.
 */
export function transactAs<T, R = undefined>(
  parts: Parts,
  viewer: MemberViewer,
  { hold = false, read }: Options<R>,
  work: (work: MemberWork, read: R) => Promise<T>,
): Promise<Done<T>> {
  const { companyId, userId, memberId } = viewer;
  const actor: Actor = { companyId, userId, actorId: memberId, entryPoint: 'MEMBER' };
  return transact(parts, actor, async (given) => {
    // Both are waited for, so that nothing is read of a transaction that has ended. Who is no member is told that first.
    const reading = [getActing(given.em, viewer, hold), read?.(given.em) as Promise<R>] as const;
    const [member, first] = await Promise.allSettled(reading);
    return work({ ...given, member: valueIn(member) }, valueIn(first));
  });
}

/** Throws what it was rejected with. */
function valueIn<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

async function getActing(em: EntityManager, viewer: MemberViewer, hold: boolean): Promise<Row<Member>> {
  const member = await findRow(em, Member, viewer.memberId, { lock: hold ? 'LOCK IN SHARE MODE' : undefined });
  if (!member || member.deactivatedAt) throw accessEnded();
  if (member.role !== viewer.role || member.kind !== viewer.membership)
    throw forbidden('RIGHTS_CHANGED', 'Your rights have changed: ask again.');
  return member;
}

/** The operator, from the command line. */
export const operatorActor = (companyId: string): Actor => ({
  companyId,
  userId: null,
  actorId: null,
  entryPoint: 'OPERATOR',
});
