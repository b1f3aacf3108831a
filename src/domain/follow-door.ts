import type { Origin } from '../auth/door-book.js';
import { fitsPassword } from '../auth/follow-password.js';
import { newFollowSecret, readFollowSecret } from '../auth/follow-secret.js';
import { FOLLOW_TOKEN_MS, sealFollowToken } from '../auth/follow-token.js';
import { findFollowerViewer, findOpenFollow, followerViewer } from '../auth/follow-viewer.js';
import type { FollowerViewer } from '../auth/viewer.js';
import { Follow } from '../entities/follow.js';
import { Follower } from '../entities/follower.js';
import { LastUse } from '../entities/last-use.js';
import { findRows, insertRows, type Row } from '../entities/rows.js';
import { followInvalid } from '../errors.js';
import { newId } from '../schema/ids.js';
import type { Refusals } from './refusals.js';
import { type Parts, transact } from './unit-of-work.js';

/** Without being used for so long, a follower's way back in is over; whoever has the link comes in by it again. */
const RENEWAL_IDLE_MS = 30 * 86_400_000;

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
export async function enterByLink(parts: DoorParts, { secret, password }: Shown): Promise<Admitted & FollowerSeen> {
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

/** A fresh token for a follower who was let in before. Throws UNAUTHENTICATED for who is not, or not any more. */
export async function enterAgain({ keyring, orm }: Parts, renewal: string): Promise<Admitted & FollowerSeen> {
  const key = readFollowSecret(keyring, renewal, 'follower-renewal');
  if (!key) throw followInvalid();
  const { companyId } = key;
  const source = { orm, companyId };
  const [follower] = await findRows(source, Follower, { renewalHash: key.hash, endedAt: null });
  if (!follower) throw followInvalid();
  const [use] = await findRows(source, LastUse, { objectId: follower.id });
  const seenAt = use?.usedAt ?? follower.createdAt;
  if (seenAt.getTime() < Date.now() - RENEWAL_IDLE_MS) throw followInvalid();
  const named = { companyId, followId: follower.follow.id, followerId: follower.id, expiresAt: tokenEnd() };
  const viewer = await findFollowerViewer(orm, named);
  if (!viewer) throw followInvalid();
  return { ...ticketOf({ keyring }, viewer), viewer };
}

/** Who that is. */
interface FollowerSeen {
  viewer: FollowerViewer;
}

const tokenEnd = (): Date => new Date(Date.now() + FOLLOW_TOKEN_MS);

const isFull = ({ maxFollowers, followerCount }: Row<Follow>): boolean =>
  maxFollowers != null && followerCount >= maxFollowers;

/** Makes the follower. Null when the follow has ended meanwhile, or others have taken the last place. */
async function admit(parts: DoorParts, { companyId, id }: Row<Follow>): Promise<(Admitted & FollowerSeen) | null> {
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
    await insertRows(em, Follower, [{ ...follower, createdAt: new Date(), endedAt: null }]);
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
  return { token: sealFollowToken(keyring, { companyId, followId, followerId, expiresAt }), expiresAt };
}

/** To the company's administrators; who asks learns nothing of it. */
function refuse({ refusals, origin }: DoorParts, companyId: string, followId: string | null, reason: string): void {
  refusals.noteAs({ companyId, actorId: followId, entryPoint: 'FOLLOWER' }, origin, 'access', reason);
}
