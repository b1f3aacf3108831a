import type { Origin } from '../auth/door-book.js';
import { fitsPassword } from '../auth/follow-password.js';
import { newFollowSecret, readFollowSecret } from '../auth/follow-secret.js';
import { FOLLOW_TOKEN_MS, followTokens } from '../auth/follow-token.js';
import { findFollowerViewer, findOpenFollow, findOpenFollower, followerViewer } from '../auth/follow-viewer.js';
import type { FollowerViewer } from '../auth/viewer.js';
import { Follow } from '../entities/follow.js';
import { Follower, uninvited } from '../entities/follower.js';
import { LastUse } from '../entities/last-use.js';
import { findRows, insertRows, type Row, type RowSource } from '../entities/rows.js';
import { followInvalid } from '../errors.js';
import { newId } from '../schema/ids.js';
import type { Refusals } from './refusals.js';
import { type Parts, transact } from './unit-of-work.js';

/** Without being used for so long, a follower's way back in is over; whoever has the link comes in by it again. */
const RENEWAL_IDLE_MS = 30 * 86_400_000;
/** So long after it was posted an invitation can be confirmed; then the way in that it is stays as long as the follow. */
export const INVITATION_MS = 14 * 86_400_000;

/** What somebody shows at the door: a link's secret, with a password where they have one. */
export interface Shown {
  secret: string;
  password?: string | undefined;
}

/** What they go on with. */
export interface Admitted {
  token: string;
  expiresAt: Date;
  /** For a fresh token when this one ends; told once. */
  renewal?: string;
}

/** What the door works with beside the product's parts. */
export interface DoorParts extends Parts {
  refusals: Refusals;
  origin: Origin;
}

/**
 * Lets somebody in by a link, as a new follower. Throws UNAUTHENTICATED, with one answer and after one length of time, for a
 * link that leads nowhere, a password that is wrong or missing, and a link by which no more may come in; the audit log
 * alone says which. UNAVAILABLE when too many passwords are being tried.
 */
export async function enterByLink(parts: DoorParts, { secret, password }: Shown): Promise<Entered> {
  const { keyring, orm } = parts;
  const key = readFollowSecret(keyring, secret);
  const follow = key && (await findOpenFollow({ orm, companyId: key.companyId }, { secretHash: key.hash }));
  const fits = password !== undefined && (await fitsPassword(keyring, password, follow?.passwordHash ?? null));
  if (!follow) {
    if (key) refuse(parts, key.companyId, null, 'FOLLOW_INVALID');
    throw followInvalid();
  }
  if (follow.passwordHash != null && !fits) {
    // Everybody who opens the link shows it without a password first: that is no attempt at one.
    if (password !== undefined) refuse(parts, follow.companyId, follow.id, 'FOLLOW_PASSWORD');
    throw followInvalid();
  }
  const admitted = isFull(follow) ? null : await admit(parts, follow);
  if (admitted) return admitted;
  refuse(parts, follow.companyId, follow.id, 'FOLLOW_FULL');
  throw followInvalid();
}

/** What a follower comes back by, and whether they say with it that they want to follow, as an invitation asks. */
export interface ShownAgain {
  renewal: string;
  confirm?: boolean | undefined;
}

/**
 * A fresh token for a follower who was let in before, or who confirms the invitation that they were sent. Throws
 * UNAUTHENTICATED, always alike, for who is not, or not any more.
 */
export async function enterAgain(parts: DoorParts, { renewal, confirm = false }: ShownAgain): Promise<Entered> {
  const { keyring, orm } = parts;
  const key = readFollowSecret(keyring, renewal, 'follower-renewal');
  if (!key) throw followInvalid();
  const { companyId } = key;
  const source = { orm, companyId };
  const [follower] = await findRows(source, Follower, { renewalHash: key.hash });
  if (!follower || follower.endedAt || (await isStale(source, follower))) {
    refuse(parts, companyId, follower?.follow.id ?? null, 'FOLLOW_INVALID');
    throw followInvalid();
  }
  if (isUnconfirmed(follower) && !(confirm && (await confirmInvitation(parts, follower)))) throw followInvalid();
  const named = { companyId, followId: follower.follow.id, followerId: follower.id, expiresAt: tokenEnd() };
  const viewer = await findFollowerViewer(orm, named);
  if (!viewer) {
    refuse(parts, companyId, follower.follow.id, 'FOLLOW_INVALID');
    throw followInvalid();
  }
  return { ...ticketOf(parts, viewer), viewer };
}

/** The same, and who that is. */
interface Entered extends Admitted {
  viewer: FollowerViewer;
}

const isUnconfirmed = ({ invitedAt, confirmedAt }: Row<Follower>): boolean => invitedAt != null && confirmedAt == null;

async function isStale(source: RowSource, { id, invitedAt, confirmedAt, createdAt }: Row<Follower>): Promise<boolean> {
  if (confirmedAt) return false;
  if (invitedAt) return invitedAt.getTime() + INVITATION_MS < Date.now();
  const [use] = await findRows(source, LastUse, { objectId: id });
  return (use?.usedAt ?? createdAt).getTime() + RENEWAL_IDLE_MS < Date.now();
}

/** Once; from then on the secret of the letter lets them in. False when the follow has ended, or has no room. */
async function confirmInvitation(parts: DoorParts, { companyId, id, follow }: Row<Follower>): Promise<boolean> {
  const actor = { companyId, userId: null, actorId: id, entryPoint: 'FOLLOWER' } as const;
  const { result } = await transact(parts, actor, async ({ em, update, record }) => {
    const held = await findOpenFollow(em, { id: follow.id }, 'FOR UPDATE');
    const follower = await findOpenFollower(em, id, 'FOR UPDATE');
    if (!held || !follower) return 'FOLLOW_INVALID';
    if (!isUnconfirmed(follower)) return null;
    if (isFull(held)) return 'FOLLOW_FULL';
    update(Follow, held, { ...held, followerCount: held.followerCount + 1 });
    update(Follower, follower, { ...follower, confirmedAt: new Date() });
    record({ type: 'follower.entered', objectId: id, data: { followId: follow.id, byInvitation: true } });
    return null;
  });
  if (result) refuse(parts, companyId, follow.id, result);
  return result === null;
}

const tokenEnd = (): Date => new Date(Date.now() + FOLLOW_TOKEN_MS);

export const isFull = ({ maxFollowers, followerCount }: Row<Follow>): boolean =>
  maxFollowers != null && followerCount >= maxFollowers;

/** Makes the follower. Null when the follow has ended meanwhile, or others have taken the last place. */
async function admit(parts: DoorParts, { companyId, id }: Row<Follow>): Promise<Entered | null> {
  const { keyring } = parts;
  const { secret: renewal, hash: renewalHash } = newFollowSecret(keyring, companyId, 'follower-renewal');
  const followerId = newId('follower');
  const actor = { companyId, userId: null, actorId: followerId, entryPoint: 'FOLLOWER' } as const;
  const { result: follow } = await transact(parts, actor, async ({ em, update, audit }) => {
    // Held, so that no two take one place.
    const held = await findOpenFollow(em, { id }, 'FOR UPDATE');
    if (!held || isFull(held)) return null;
    update(Follow, held, { ...held, followerCount: held.followerCount + 1 });
    const follower = { companyId, id: followerId, follow: { id }, renewalHash };
    await insertRows(em, Follower, [{ ...follower, createdAt: new Date(), endedAt: null, ...uninvited }]);
    audit({ action: 'follower.entered', objectId: followerId, details: { followId: id } });
    return held;
  });
  const viewer = follow && followerViewer(follow, followerId, tokenEnd());
  return viewer && { ...ticketOf(parts, viewer), renewal, viewer };
}

function ticketOf({ keyring }: Pick<Parts, 'keyring'>, viewer: FollowerViewer): Admitted {
  const { companyId, followId, followerId } = viewer;
  const expiresAt = viewer.expiresAt ?? tokenEnd();
  if (followerId === null) throw new Error('A token is for a follower who came in by the door.');
  return { token: followTokens(keyring).make({ companyId, followId, followerId }, expiresAt), expiresAt };
}

/** To the company's administrators; who asks learns nothing of it. */
function refuse({ refusals, origin }: DoorParts, companyId: string, followId: string | null, reason: string): void {
  refusals.noteAs({ companyId, actorId: followId, entryPoint: 'FOLLOWER' }, origin, 'access', reason);
}
