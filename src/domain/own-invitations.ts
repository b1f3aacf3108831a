import { LockMode } from '@mikro-orm/core';
import { hashOfInvitation } from '../auth/invitation-secret.js';
import { Company } from '../entities/company.js';
import { UserIdempotencyRecord } from '../entities/idempotency-record.js';
import { Invitation } from '../entities/invitation.js';
import { type InvitationKey, invitationsTo } from '../entities/invitations-to.js';
import { Member } from '../entities/member.js';
import type { EntityManager, Orm } from '../entities/orm.js';
import { findRow, findRows, type Row, type RowSource, rowOf } from '../entities/rows.js';
import { User } from '../entities/user.js';
import type { MembershipKind, Role } from '../entities/vocabulary.js';
import { badInput, notFound, UserError } from '../errors.js';
import { expectId, newId } from '../schema/ids.js';
import { admitMember } from './admit-member.js';
import { settle } from './end-invitations.js';
import { type Parts, transact, type Work } from './unit-of-work.js';

/** An invitation as its address's owner is told of it. */
export interface OwnInvitation {
  id: string;
  company: string;
  invitedBy: string;
  kind: MembershipKind;
  role: Role;
  note: string;
  expiresAt: Date;
}

/** By which the owner of the address names one: its id, or the secret of its letter. */
export interface Naming {
  invitationId?: string | null | undefined;
  secret?: string | null | undefined;
}

/** What somebody has become. */
export interface Joined {
  company: Row<Company>;
  memberId: string;
  role: Role;
  kind: MembershipKind;
}

/** What is offered to a person: to the address that their issuer has verified. With a secret, what that letter tells of. */
export async function findOwnInvitations(
  { orm, keyring }: Pick<Parts, 'orm' | 'keyring'>,
  userId: string,
  secret?: string | null,
): Promise<OwnInvitation[]> {
  const key = secret == null ? undefined : { secretHash: hashOfInvitation(keyring, secret) };
  const found = await invitationsTo(orm, await emailOf(orm, userId), key);
  return Promise.all(
    found.filter(isOpen).map((invitation) => told({ orm, companyId: invitation.companyId }, invitation)),
  );
}

/**
 * Makes the person a member, as the invitation says; whoever was deactivated before it was made comes back as that. Throws
 * NOT_FOUND for an invitation that is not open, and for one that was not made to this person's address.
 */
export async function acceptInvitation(parts: Parts, userId: string, naming: Naming): Promise<Joined> {
  const { id, companyId } = await getOwn(parts, userId, naming);
  const [before] = await findRows({ orm: parts.orm, companyId }, Member, { user: userId });
  const memberId = before?.id ?? newId('member');
  return settleOwn(parts, { companyId, userId, actorId: memberId }, async (work) => {
    const invitation = await holdOpen(work.em, id);
    const { role, kind, issuedAt } = invitation;
    const earlier = await work.em.findOne(Member, { user: userId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (earlier && !earlier.deactivatedAt)
      throw new UserError('ALREADY_A_MEMBER', 'You are a member of this company already.');
    // Whoever was deactivated after it was made does not come back by it.
    if (earlier?.deactivatedAt && earlier.deactivatedAt >= issuedAt) throw notFound('invitation');
    await admitMember(work, earlier, { id: memberId, userId, role, kind });
    settle(work, invitation, 'ACCEPTED');
    const company = await findRow(work.em, Company, companyId);
    if (!company) throw notFound('invitation');
    return { company, memberId, role, kind };
  });
}

/** Turns an invitation down. Throws as `acceptInvitation` does. */
export async function declineInvitation(parts: Parts, userId: string, naming: Naming): Promise<OwnInvitation> {
  const { id, companyId } = await getOwn(parts, userId, naming);
  return settleOwn(parts, { companyId, userId, actorId: null }, async (work) => {
    const invitation = await holdOpen(work.em, id);
    settle(work, invitation, 'DECLINED');
    return told(work.em, rowOf(work.em, invitation));
  });
}

interface Answering {
  companyId: string;
  userId: string;
  /** Who they are to be in the company. */
  actorId: string | null;
}

async function settleOwn<T>(parts: Parts, answering: Answering, work: (work: Work) => Promise<T>): Promise<T> {
  const keeping = { type: UserIdempotencyRecord, owner: { userId: answering.userId } } as const;
  return (await transact(parts, { ...answering, entryPoint: 'USER' }, work, { keeping })).result;
}

/** The one that is named, open or not: who sends an answer again is told what came of it. */
async function getOwn({ orm, keyring }: Parts, userId: string, naming: Naming): Promise<Row<Invitation>> {
  const [found] = await invitationsTo(orm, await emailOf(orm, userId), keyIn(keyring, naming));
  if (!found) throw notFound('invitation');
  return found;
}

function keyIn(keyring: Parts['keyring'], { invitationId, secret }: Naming): InvitationKey {
  if ((invitationId == null) === (secret == null))
    throw badInput('INVITATION_NAMING', 'Give either "invitationId" or "secret".');
  if (secret != null) return { secretHash: hashOfInvitation(keyring, secret) };
  return { id: expectId('invitation', invitationId as string) };
}

/**
 * Holds the invitation, so that it is used once; and who stands for it, so that it does not outlive their part. Of two who
 * answer at once, the second finds it closed.
 */
async function holdOpen(em: EntityManager, id: string): Promise<Invitation> {
  const invitation = await em.findOne(Invitation, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!invitation || !isOpen(invitation)) throw notFound('invitation');
  const inviter = await findRow(em, Member, invitation.invitedBy.id, { lock: 'LOCK IN SHARE MODE' });
  if (inviter?.role !== 'ADMIN' || inviter.deactivatedAt) throw notFound('invitation');
  return invitation;
}

const isOpen = ({ status, expiresAt }: Pick<Invitation, 'status' | 'expiresAt'>): boolean =>
  status === 'PENDING' && expiresAt.getTime() > Date.now();

/** The address that their issuer verified last. */
async function emailOf(orm: Orm, userId: string): Promise<string> {
  const [user] = await findRows({ orm }, User, { id: userId });
  if (!user) throw notFound('user');
  return user.email;
}

async function told(source: RowSource, invitation: Row<Invitation>): Promise<OwnInvitation> {
  const { id, companyId, kind, role, note, expiresAt } = invitation;
  const [company, inviter] = await Promise.all([
    findRow(source, Company, companyId),
    findRow(source, Member, invitation.invitedBy.id),
  ]);
  const user = await findRow(source, User, inviter?.user.id ?? '');
  return { id, company: company?.name ?? '', invitedBy: user?.name ?? '', kind, role, note, expiresAt };
}
