import { LockMode } from '@mikro-orm/core';
import { newInvitationSecret } from '../auth/invitation-secret.js';
import type { MemberViewer } from '../auth/viewer.js';
import { Company } from '../entities/company.js';
import { Invitation } from '../entities/invitation.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { referenceTo } from '../entities/rows.js';
import { User } from '../entities/user.js';
import type { MembershipKind, Role } from '../entities/vocabulary.js';
import { badInput, notFound, UserError } from '../errors.js';
import type { Letter } from '../mail/letter.js';
import { addressOf } from '../schema/address.js';
import { expectId } from '../schema/ids.js';
import { type MemberWork, transactAs } from './actor.js';
import { settle } from './end-invitations.js';
import { invitationLetter, type Letterhead } from './invitation-letter.js';
import { expectLetterBox, postLetters } from './letters.js';
import { expectExternalRole } from './members.js';
import type { Done, Parts } from './unit-of-work.js';
import { expectNothingInternal } from './update-member.js';

/** So many addresses at a time. */
export const MOST_ADDRESSES = 100;
const GOOD_MS = 14 * 86_400_000;

/** What is offered, to several addresses alike. */
export interface Offer {
  emails: readonly string[];
  kind: MembershipKind;
  role: Role;
  note?: string | null;
}

export interface Invited {
  invitations: Invitation[];
  /** Who is in the company already: nothing was sent to them. */
  members: Member[];
}

/**
 * Offers a membership to each address, by a letter. Asks for an administrator (the schema does). What is told of an address
 * does not depend on whether somebody has an account with it: only on the company's directory and its own invitations.
 */
export function inviteMembers(
  parts: Parts,
  viewer: MemberViewer,
  offer: Offer,
  publicUrl: string,
): Promise<Done<Invited>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    expectLetterBox(parts);
    const places = expectAddresses(offer.emails);
    expectExternalRole(offer);
    const known = await membersAt(work.em, [...places.keys()]);
    const members = [...known.values()].filter(({ deactivatedAt }) => !deactivatedAt);
    const wanted = [...places.keys()].filter((email) => !members.includes(known.get(email) as Member));
    for (const email of wanted) await expectCanReturn(work.em, known.get(email), offer, `emails.${places.get(email)}`);
    const before = await holdOpen(work.em, wanted);
    const issuing = new Issuing(parts, work, await headOf(work.em, viewer, publicUrl));
    const invitations = wanted.map((email) => {
      const { kind, role, note } = offer;
      return issuing.issue({ email, kind, role, note: note?.trim() ?? '' }, before.get(email));
    });
    await issuing.post();
    return { invitations, members };
  });
}

/** Sends an invitation once more, with a secret of its own: the letters before it lead nowhere, and it is good for its whole time again. */
export function resendInvitation(
  parts: Parts,
  viewer: MemberViewer,
  invitationId: string,
  publicUrl: string,
): Promise<Done<Invitation>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    expectLetterBox(parts);
    const invitation = await holdInvitation(work.em, invitationId);
    if (invitation.status !== 'PENDING') throw closed();
    const member = (await membersAt(work.em, [invitation.email])).get(invitation.email);
    if (member && !member.deactivatedAt)
      throw new UserError('ALREADY_A_MEMBER', 'This person is in the directory already.', 'invitationId');
    const issuing = new Issuing(parts, work, await headOf(work.em, viewer, publicUrl));
    issuing.issue(invitation, invitation);
    await issuing.post();
    return invitation;
  });
}

/** Takes an invitation back: its letters lead nowhere. Doing so twice is no fault. */
export function revokeInvitation(parts: Parts, viewer: MemberViewer, invitationId: string): Promise<Done<Invitation>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const invitation = await holdInvitation(work.em, invitationId);
    if (invitation.status === 'PENDING') settle(work, invitation, 'REVOKED');
    else if (invitation.status !== 'REVOKED') throw closed();
    return invitation;
  });
}

type Terms = Pick<Invitation, 'email' | 'kind' | 'role' | 'note'>;

/** The invitations that one command makes or renews, and their letters. */
class Issuing {
  readonly #letters: Letter[] = [];

  constructor(
    readonly parts: Parts,
    readonly work: MemberWork,
    readonly head: Letterhead,
  ) {}

  /** Who issues it stands for it from now on: it ends when they are no administrator any more. */
  issue({ email, kind, role, note }: Terms, before: Invitation | undefined): Invitation {
    const { em, member, actor, record } = this.work;
    const { secret, hash } = newInvitationSecret(this.parts.keyring);
    const now = Date.now();
    const terms = {
      kind,
      role,
      note,
      secretHash: hash,
      invitedBy: referenceTo(em, Member, member),
      issuedAt: new Date(now),
      expiresAt: new Date(now + GOOD_MS),
    };
    const invitation = before
      ? em.assign(before, terms)
      : em.create(Invitation, { companyId: actor.companyId, email, openEmail: email, status: 'PENDING', ...terms });
    this.#letters.push(invitationLetter(invitation, secret, this.head));
    const type = before ? 'invitation.renewed' : 'invitation.created';
    record({ type, objectId: invitation.id, data: { kind, role } });
    return invitation;
  }

  async post(): Promise<void> {
    await postLetters(this.parts, this.work, this.#letters);
  }
}

/** The addresses as they are kept, each once, and where each stands first. Throws for what is none. */
function expectAddresses(emails: readonly string[]): ReadonlyMap<string, number> {
  if (emails.length === 0 || emails.length > MOST_ADDRESSES)
    throw badInput('NUMBER_OF_ADDRESSES', `From 1 to ${MOST_ADDRESSES} addresses are invited at once.`);
  const places = new Map<string, number>();
  for (const [i, text] of emails.entries()) {
    const email = addressOf(text);
    if (!email) throw new UserError('ADDRESS', 'This is not an e-mail address.', `emails.${i}`);
    if (!places.has(email)) places.set(email, i);
  }
  // In one order, so that two who invite the same people do not wait for each other in a circle.
  return new Map([...places].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Who of the company has one of these addresses; whether others have an account with one is not asked. */
async function membersAt(em: EntityManager, emails: readonly string[]): Promise<ReadonlyMap<string, Member>> {
  const members = await em.find(Member, { user: { email: { $in: [...emails] } } }, { populate: ['user'] });
  return new Map(members.map((member) => [member.user.getEntity().email, member]));
}

/** Somebody who was deactivated can be invited again, unless they still are what the offer does not let them be. */
async function expectCanReturn(
  em: EntityManager,
  member: Member | undefined,
  { kind, role }: Offer,
  field: string,
): Promise<void> {
  if (!member || kind === 'INTERNAL') return;
  const { licensedAsInternal } = member;
  await expectNothingInternal(em, member, { kind, role, licensedAsInternal }, field);
}

/** The open invitations to these addresses, by address. */
async function holdOpen(em: EntityManager, emails: readonly string[]): Promise<ReadonlyMap<string, Invitation>> {
  const lock = { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } } as const;
  const open = await em.find(Invitation, { openEmail: { $in: [...emails] } }, lock);
  return new Map(open.map((invitation) => [invitation.email, invitation]));
}

async function headOf(em: EntityManager, viewer: MemberViewer, publicUrl: string): Promise<Letterhead> {
  const company = await em.findOneOrFail(Company, { id: viewer.companyId });
  const inviter = await em.findOneOrFail(User, { id: viewer.userId });
  return { company: company.name, inviter: inviter.name, publicUrl };
}

async function holdInvitation(em: EntityManager, invitationId: string): Promise<Invitation> {
  const key = { id: expectId('invitation', invitationId) };
  const invitation = await em.findOne(Invitation, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!invitation) throw notFound('invitation');
  return invitation;
}

const closed = () =>
  new UserError('INVITATION_CLOSED', 'This invitation has been answered or taken back.', 'invitationId');
