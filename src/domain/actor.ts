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

interface Options {
  /** Holds the row: a deactivation waits for this transaction, or is seen by it. For what only an administrator may. */
  hold?: boolean;
}

/**
 * `transact` for a member. What they were let in with is looked at again inside the transaction: throws UNAUTHENTICATED
 * for who has been deactivated since, FORBIDDEN for whose role or kind is another one by now.
 */
export function transactAs<T>(
  parts: Parts,
  viewer: MemberViewer,
  { hold = false }: Options,
  work: (work: MemberWork) => Promise<T>,
): Promise<Done<T>> {
  const { companyId, userId, memberId } = viewer;
  const actor: Actor = { companyId, userId, memberId, entryPoint: 'MEMBER' };
  return transact(parts, actor, async (given) => work({ ...given, member: await getActing(given.em, viewer, hold) }));
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
  memberId: null,
  entryPoint: 'OPERATOR',
});
