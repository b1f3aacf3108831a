import { LockMode } from '@mikro-orm/core';
import { AuditEntry } from '../entities/audit-entry.js';
import { Invitation } from '../entities/invitation.js';
import { Member } from '../entities/member.js';
import { forkFor } from '../entities/orm.js';
import { SsoIdentity } from '../entities/single-sign-on.js';
import { User } from '../entities/user.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { operatorActor } from './actor.js';
import { recordMember } from './members.js';
import { type Parts, transact, type Work } from './unit-of-work.js';

/** Of the audit log, so many entries are emptied at once. */
const ENTRIES = 500;
/** Of which nobody has a mailbox (RFC 2606). */
const NOWHERE = 'erased.invalid';

/**
 * Makes a company forget who somebody was who is no member any more: what leads from their membership to them, and where they
 * were when they did what its audit log tells. The membership stays as a pseudonym, so that the chain, the history and what they
 * wrote stand. Their account is their own, and stays. Answers how many entries were emptied; done twice it finds no more.
 * Throws NOT_FOUND, and a UserError for who is a member still.
 */
export async function eraseMember(parts: Parts, companyId: string, memberId: string): Promise<number> {
  const id = expectId('member', memberId);
  await transact(parts, operatorActor(companyId), (work) => forget(work, id));
  const em = forkFor(parts.orm, { companyId });
  for (let erased = 0; ; ) {
    const those = { actorId: id, originSalt: { $ne: null } };
    const entries = await em.find(AuditEntry, those, { fields: ['id'], limit: ENTRIES, disableIdentityMap: true });
    if (entries.length === 0) return erased;
    const nowhere = { address: null, userAgent: null, originSalt: null };
    erased += await em.nativeUpdate(AuditEntry, { id: { $in: entries.map((entry) => entry.id) } }, nowhere);
  }
}

async function forget(work: Work, id: string): Promise<void> {
  const { em } = work;
  const member = await em.findOne(Member, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
  if (!member) throw notFound('member');
  if (member.erasedAt) return;
  if (!member.deactivatedAt) throw new UserError('STILL_A_MEMBER', 'Deactivate this member first.', 'memberId');
  const { email } = await em.findOneOrFail(User, { id: member.user.id });
  const nobody = em.create(User, { email: `${id}@${NOWHERE}`, name: 'Former member' });
  await em.nativeUpdate(Invitation, { email, status: { $ne: 'PENDING' } }, { email: nobody.email });
  await em.nativeDelete(SsoIdentity, { member: { id } });
  Object.assign(member, { user: nobody, displayName: null, title: null, erasedAt: new Date() });
  recordMember(work, 'member.erased', member, { erasedAt: [null, member.erasedAt] }, { profile: ['name', 'email'] });
}
