import { LockMode } from '@mikro-orm/core';
import { AuditEntry } from '../entities/audit-entry.js';
import { Invitation } from '../entities/invitation.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { findRows } from '../entities/rows.js';
import { SsoIdentity } from '../entities/single-sign-on.js';
import { User } from '../entities/user.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { operatorActor } from './actor.js';
import { EMPTIED } from './audit-chain.js';
import { endInvitations } from './end-invitations.js';
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
  const { result: answered } = await transact(parts, operatorActor(companyId), (work) => forget(work, id));
  let emptied = await empty(parts, companyId, id, { actorId: id });
  // Who turns an invitation down is no member: of that the invitation alone tells whose it was.
  for (const objectId of answered) emptied += await empty(parts, companyId, objectId, { actorId: null, objectId });
  return emptied;
}

/** Ends what leads from the membership to the person. Answers the invitations that were theirs. */
async function forget(work: Work, id: string): Promise<string[]> {
  const { em } = work;
  const member = await em.findOne(Member, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
  if (!member) throw notFound('member');
  if (!member.deactivatedAt) throw new UserError('STILL_A_MEMBER', 'Deactivate this member first.', 'memberId');
  const { email } = await em.findOneOrFail(User, { id: member.user.id });
  const invitations = await invitationsTo(em, id, email);
  if (member.erasedAt) return invitations;
  await endInvitations(work, { openEmail: email });
  const nobody = em.create(User, { email: `${id}@${NOWHERE}`, name: 'Former member' });
  await em.nativeUpdate(Invitation, { id: { $in: invitations } }, { email: nobody.email, note: '' });
  await em.nativeDelete(SsoIdentity, { member: { id } });
  Object.assign(member, { user: nobody, displayName: null, title: null, erasedAt: new Date() });
  recordMember(work, 'member.erased', member, { erasedAt: [null, member.erasedAt] }, { profile: ['name', 'email'] });
  return invitations;
}

/** Those to their address, and those that they accepted when they had another one. */
async function invitationsTo(em: EntityManager, actorId: string, email: string): Promise<string[]> {
  const found = await findRows(em, Invitation, { email });
  const accepted = await findRows(em, AuditEntry, { actorId, action: 'invitation.accepted' });
  return [...new Set([...found.map(({ id }) => id), ...accepted.flatMap(({ objectId }) => objectId ?? [])])];
}

/** Empties from where entries came, some at a time, and each time with an entry that tells whose they were and how many. */
async function empty(parts: Parts, companyId: string, whose: string, those: Partial<AuditEntry>): Promise<number> {
  const full = { ...those, originSalt: { $ne: null } };
  for (let emptied = 0; ; ) {
    const { result } = await transact(parts, operatorActor(companyId), async ({ em, audit }) => {
      const found = await em.find(AuditEntry, full, { fields: ['id'], limit: ENTRIES, disableIdentityMap: true });
      if (found.length === 0) return null;
      // Who does the same at this moment has emptied some of them.
      const entries = await em.nativeUpdate(AuditEntry, { ...full, id: { $in: found.map(({ id }) => id) } }, EMPTIED);
      if (entries > 0) audit({ action: 'audit.erased', objectId: whose, details: { entries } });
      return entries;
    });
    if (result === null) return emptied;
    emptied += result;
  }
}
