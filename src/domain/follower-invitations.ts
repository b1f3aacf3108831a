import { newFollowSecret } from '../auth/follow-secret.js';
import { isOpenFollow } from '../auth/follow-viewer.js';
import { sealUnsubscription, type Unsubscription } from '../auth/unsubscription.js';
import type { MemberViewer } from '../auth/viewer.js';
import { Company } from '../entities/company.js';
import { Follow } from '../entities/follow.js';
import { Follower } from '../entities/follower.js';
import type { EntityManager } from '../entities/orm.js';
import { findRow, findRows, insertRows, type Row } from '../entities/rows.js';
import { notFound, UserError } from '../errors.js';
import { addressOf } from '../schema/address.js';
import { expectId, newId } from '../schema/ids.js';
import { type MemberWork, transactAs } from './actor.js';
import { INVITATION_MS, isFull } from './follow-door.js';
import { followerLetter } from './follower-letter.js';
import { expectLetterBox, postLetters } from './letters.js';
import { getShareable, ownFollows } from './sharing.js';
import { type Done, type Parts, transact } from './unit-of-work.js';

export interface FollowerInvitation {
  followId: string;
  email: string;
  /** Where this server is reached, for the letter's links. */
  publicUrl: string;
}

/**
 * Posts a letter with a way in of their own to somebody who may follow by a grant; it lets them in once they have confirmed.
 * Invited again, they get another one, and the one before it opens nothing any more. Throws FORBIDDEN where no mail is set up.
 */
export async function inviteFollower(
  parts: Parts,
  viewer: MemberViewer,
  { followId, email, publicUrl }: FollowerInvitation,
): Promise<Done<Row<Follower>>> {
  expectLetterBox(parts);
  const { keyring } = parts;
  const { companyId } = viewer;
  const address = addressOf(email);
  if (address === null) throw new UserError('ADDRESS', 'This is not an e-mail address.', 'email');
  const { secret, hash: renewalHash } = newFollowSecret(keyring, companyId, 'follower-renewal');
  const emailHash = keyring.fingerprint('follower-address', address);
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em } = work;
    const { follow, title } = await getInvitable(em, viewer, expectId('follow', followId));
    const [known] = await findRows(em, Follower, { follow: follow.id, emailHash }, { lock: 'FOR UPDATE' });
    if (known?.unsubscribedAt || (await hasUnsubscribed(em, follow, emailHash)))
      throw new UserError('UNSUBSCRIBED', 'They have unsubscribed: no more letters go there.', 'email');
    if (!known?.confirmedAt && isFull(follow))
      throw new UserError('FOLLOW_FULL', 'No more may come in by this follow.');
    const invited = { email: address, emailHash, renewalHash, invitedAt: new Date(), endedAt: null };
    const follower = await write(work, follow, known, invited);
    work.record({ type: 'follower.invited', objectId: follower.id, data: { followId: follow.id } });
    const company = await findRow(em, Company, companyId);
    const unsubscription = sealUnsubscription(keyring, { companyId, followerId: follower.id });
    const letter = followerLetter({
      to: address,
      company: company?.name ?? '',
      title,
      pageUrl: `${publicUrl}/f/invitation/${secret}`,
      unsubscribeUrl: `${publicUrl}/follow/unsubscribe/${unsubscription}`,
      until: new Date(invited.invitedAt.getTime() + INVITATION_MS),
      isConfirmed: follower.confirmedAt != null,
    });
    await postLetters(parts, work, [letter]);
    return follower;
  });
}

/** The follow, held, and what its letter calls it. Throws as `grantFollow` does, and a UserError for one that is over. */
async function getInvitable(em: EntityManager, viewer: MemberViewer, id: string) {
  const follow = await findRow(em, Follow, id, { lock: 'FOR UPDATE' });
  if (!follow || !(await ownFollows(em, viewer))(follow)) throw notFound('follow');
  if (!isOpenFollow(follow)) throw new UserError('FOLLOW_OVER', 'This follow is over: grant another one.', 'followId');
  const ids = { taskId: follow.task?.id ?? null, projectId: follow.project?.id ?? null };
  const { task, project } = await getShareable(em, viewer, ids, { field: 'followId' });
  return { follow, title: task?.title ?? project.name };
}

/** Whether they have unsubscribed by any follow of the same object: a letter says that no more about this goes to them. */
async function hasUnsubscribed(em: EntityManager, { task, project }: Row<Follow>, emailHash: string): Promise<boolean> {
  const follows = await findRows(em, Follow, task ? { task: task.id } : { project: project?.id ?? '' });
  const ids = follows.map(({ id }) => id);
  const found = await findRows(em, Follower, { follow: ids, emailHash });
  return found.some(({ unsubscribedAt }) => unsubscribedAt);
}

type Invited = Pick<Row<Follower>, 'email' | 'emailHash' | 'renewalHash' | 'invitedAt' | 'endedAt'>;

async function write(
  { em, update }: Pick<MemberWork, 'em' | 'update'>,
  { companyId, id }: Row<Follow>,
  known: Row<Follower> | undefined,
  invited: Invited,
): Promise<Row<Follower>> {
  if (known) {
    const follower = { ...known, ...invited };
    update(Follower, known, follower);
    return follower;
  }
  const now = new Date();
  const times = { createdAt: now, confirmedAt: null, unsubscribedAt: null };
  const follower = { companyId, id: newId('follower'), follow: { id }, ...times, ...invited };
  await insertRows(em, Follower, [follower]);
  return follower;
}

/**
 * Ends a follower by their own wish: no more letters, and no way in. Their address is erased; a keyed hash of it stays, so that
 * nobody invites them to follow the same object again. Done twice, or for who is not there, it is no fault.
 */
export async function unsubscribeFollower(parts: Parts, { companyId, followerId }: Unsubscription): Promise<void> {
  const actor = { companyId, userId: null, actorId: followerId, entryPoint: 'FOLLOWER' } as const;
  await transact(parts, actor, async ({ em, update, record }) => {
    const follower = await findRow(em, Follower, followerId, { lock: 'FOR UPDATE' });
    if (!follower || follower.unsubscribedAt) return;
    const now = new Date();
    update(Follower, follower, { ...follower, email: null, unsubscribedAt: now, endedAt: follower.endedAt ?? now });
    record({ type: 'follower.unsubscribed', objectId: followerId, data: { followId: follower.follow.id } });
  });
}
