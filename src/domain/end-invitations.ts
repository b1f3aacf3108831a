import { type FilterQuery, LockMode } from '@mikro-orm/core';
import { Invitation } from '../entities/invitation.js';
import type { InvitationStatus } from '../entities/vocabulary.js';
import type { Work } from './unit-of-work.js';

/** Takes back all open invitations of the company of which `those` is true. */
export async function endInvitations(work: Work, those: FilterQuery<Invitation>): Promise<void> {
  const open = await work.em.find(Invitation, { $and: [{ status: 'PENDING' }, those] } as FilterQuery<Invitation>, {
    lockMode: LockMode.PESSIMISTIC_WRITE,
    orderBy: { id: 'asc' },
  });
  for (const invitation of open) settle(work, invitation, 'REVOKED');
}

/** Ends an open invitation, whatever came of it. */
export function settle(work: Work, invitation: Invitation, status: 'ACCEPTED' | 'DECLINED' | 'REVOKED'): void {
  const changes: { status: [InvitationStatus, InvitationStatus] } = { status: [invitation.status, status] };
  Object.assign(invitation, { status, openEmail: null });
  work.record({ type: `invitation.${status.toLowerCase()}`, objectId: invitation.id, changes });
}
