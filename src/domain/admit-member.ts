import { Member } from '../entities/member.js';
import { User } from '../entities/user.js';
import type { MembershipKind, Role } from '../entities/vocabulary.js';
import { expectExternalRole, firstMemberValues, readmission, recordMember } from './members.js';
import type { Changes, Work } from './unit-of-work.js';
import { expectNothingInternal } from './update-member.js';

export interface Admission {
  /** Of the new membership. */
  id: string;
  userId: string;
  role: Role;
  kind: MembershipKind;
}

/**
 * Makes somebody a member as an administrator has offered it, or lets them in again as that; `earlier` is the row of who was
 * deactivated, held. Throws a UserError for who still is, from before, what they could not be now.
 */
export async function admitMember(work: Work, earlier: Member | null, admission: Admission): Promise<void> {
  const { id, userId, role, kind } = admission;
  expectExternalRole(admission);
  if (!earlier) {
    const { em, actor } = work;
    const user = em.getReference(User, userId);
    const added = em.create(Member, { companyId: actor.companyId, id, user, role, kind, licensedAsInternal: false });
    return recordMember(work, 'member.added', added, firstMemberValues(added));
  }
  const after = { role, kind, licensedAsInternal: kind === 'EXTERNAL' && earlier.licensedAsInternal };
  if (kind === 'EXTERNAL') await expectNothingInternal(work.em, earlier, after);
  const changes: Changes = { deactivatedAt: [earlier.deactivatedAt, null] };
  for (const name of ['role', 'kind', 'licensedAsInternal'] as const)
    if (earlier[name] !== after[name]) changes[name] = [earlier[name], after[name]];
  Object.assign(earlier, after, readmission());
  recordMember(work, 'member.reactivated', earlier, changes);
}
