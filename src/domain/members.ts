import { LockMode } from '@mikro-orm/core';
import type { MemberViewer } from '../auth/viewer.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { User } from '../entities/user.js';
import type { MembershipKind, Role } from '../entities/vocabulary.js';
import { accessEnded, notFound, UserError } from '../errors.js';
import { addressOf } from '../schema/address.js';
import { expectId, newId } from '../schema/ids.js';
import { NAME_LENGTH } from '../schema/texts.js';
import { transactAs } from './actor.js';
import { endInvitations } from './end-invitations.js';
import type { MemberEventData } from './events.js';
import { expectName } from './texts.js';
import type { Changes, Done, Parts, Work } from './unit-of-work.js';

export interface NewMember {
  email: string;
  name: string;
  role: Role;
  kind: MembershipKind;
  licensedAsInternal?: boolean;
}

/**
 * Adds a person to the company, without asking them: how the demo is acted out. Over the API an administrator invites people,
 * who accept, see `invitations.ts`.
 */
export function addMember(parts: Parts, viewer: MemberViewer, input: NewMember): Promise<Done<Member>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const member = await createMember(work.em, viewer.companyId, input);
    recordMember(work, 'member.added', member, firstMemberValues(member));
    return member;
  });
}

/** The history of a new membership. */
export const firstMemberValues = ({
  role,
  kind,
  licensedAsInternal,
}: Pick<Member, 'role' | 'kind' | 'licensedAsInternal'>): Changes => ({
  role: [null, role],
  kind: [null, kind],
  licensedAsInternal: [null, licensedAsInternal],
});

/** Writes the membership, and the person where the address is new. The person signs in with a verified address later. */
export async function createMember(
  em: EntityManager,
  companyId: string,
  input: NewMember,
  id = newId('member'),
): Promise<Member> {
  const email = addressOf(input.email);
  if (!email) throw new UserError('ADDRESS', 'This is not an e-mail address.', 'email');
  expectExternalRole(input);
  const name = expectName(input.name.trim() || email.slice(0, NAME_LENGTH), 'A member');
  const user = (await em.findOne(User, { email })) ?? em.create(User, { email, name });
  if (await em.findOne(Member, { user: user.id })) {
    throw new UserError('ALREADY_A_MEMBER', 'This person is in the directory already.', 'email');
  }
  const { role, kind, licensedAsInternal = false } = input;
  return em.create(Member, {
    companyId,
    id,
    user,
    role,
    kind,
    licensedAsInternal: licensedAsInternal && kind === 'EXTERNAL',
  });
}

/** Throws for an external who is to be more than a member. */
export function expectExternalRole({ role, kind }: Pick<Member, 'role' | 'kind'>): void {
  if (kind === 'EXTERNAL' && role !== 'MEMBER')
    throw new UserError('EXTERNAL_ROLE', 'An external member is neither administrator nor supervisor.', 'role');
}

/**
 * Ends a person's part in the company: their sockets close, their credentials open nothing here any more, and what they
 * offered to others and others to them is taken back. The last administrator stays, for nobody else could let anybody in again.
 */
export function deactivateMember(parts: Parts, viewer: MemberViewer, memberId: string): Promise<Done<Member>> {
  return transactAs(parts, viewer, {}, async (work) => {
    const { member, isLastAdmin } = await holdMember(work.em, viewer, memberId);
    if (member.deactivatedAt) return member;
    if (isLastAdmin)
      throw new UserError('LAST_ADMINISTRATOR', 'The last administrator cannot be deactivated.', 'memberId');
    member.deactivatedAt = new Date();
    recordMember(work, 'member.deactivated', member, { deactivatedAt: [null, member.deactivatedAt] });
    const { email } = await work.em.findOneOrFail(User, { id: member.user.id });
    await endInvitations(work, { $or: [{ invitedBy: { id: member.id } }, { openEmail: email }] });
    return member;
  });
}

/** Lets somebody in again who was deactivated, as what they were; what they were invited to be is taken back. */
export function reactivateMember(parts: Parts, viewer: MemberViewer, memberId: string): Promise<Done<Member>> {
  return transactAs(parts, viewer, {}, async (work) => {
    const { member } = await holdMember(work.em, viewer, memberId);
    if (!member.deactivatedAt) return member;
    expectKnown(member);
    const changes: Changes = { deactivatedAt: [member.deactivatedAt, null] };
    Object.assign(member, readmission());
    recordMember(work, 'member.reactivated', member, changes);
    const { email } = await work.em.findOneOrFail(User, { id: member.user.id });
    await endInvitations(work, { openEmail: email });
    return member;
  });
}

/** What becomes of a member who is let in again. */
export const readmission = () => ({ deactivatedAt: null, readmittedAt: new Date() });

/** Throws a UserError for whom the company was made to forget. */
export function expectKnown({ erasedAt }: Member): void {
  if (erasedAt) throw new UserError('MEMBER_ERASED', 'Nobody knows who this was: invite them anew.', 'memberId');
}

interface Held {
  member: Member;
  /** Whether nobody but this member could let anybody in. */
  isLastAdmin: boolean;
}

/**
 * A member whom an administrator is about to change. All administrators are held, in one order, so that of two who end each
 * other's at once one sees the other's end. Throws UNAUTHENTICATED or FORBIDDEN for who is no administrator any more.
 */
export async function holdMember(em: EntityManager, viewer: MemberViewer, memberId: string): Promise<Held> {
  const lock = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
  const where = { role: 'ADMIN', deactivatedAt: null } as const;
  const admins = await em.find(Member, where, { ...lock, orderBy: { id: 'asc' } });
  if (!admins.some((admin) => admin.id === viewer.memberId)) throw accessEnded();
  const member = await em.findOne(Member, { id: expectId('member', memberId) }, lock);
  if (!member) throw notFound('member');
  return { member, isLastAdmin: admins.length === 1 && admins[0] === member };
}

export function recordMember(
  work: Work,
  type: string,
  member: Member,
  changes: Changes,
  data: MemberEventData = {},
): void {
  work.record({ type, objectId: member.id, data, changes });
}
