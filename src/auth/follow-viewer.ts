import { Follow } from '../entities/follow.js';
import { Follower } from '../entities/follower.js';
import type { Orm } from '../entities/orm.js';
import { findRow, findRows, type Row, type RowLock, type RowSource } from '../entities/rows.js';
import type { FollowerViewer } from './viewer.js';

/** Somebody of whom it is known by what they came. */
export interface FollowerNamed {
  readonly companyId: string;
  readonly followId: string;
  readonly followerId: string | null;
  /** When what they have shown ends; null where something else watches the time. */
  readonly expiresAt: Date | null;
}

/** The follow while it stands; null when it was revoked, or its time is over. */
export async function findOpenFollow(
  source: RowSource,
  key: { id: string } | { secretHash: string },
  lock?: RowLock,
): Promise<Row<Follow> | null> {
  const [follow] = await findRows(source, Follow, { ...key, revokedAt: null }, { lock });
  return follow && isOpenFollow(follow) ? follow : null;
}

/** Whether it was not revoked, and its time is not over. */
export const isOpenFollow = ({ revokedAt, expiresAt }: Row<Follow>): boolean => revokedAt == null && !isOver(expiresAt);

/** The same of a follower, whose follow is looked at apart. */
export async function findOpenFollower(source: RowSource, id: string, lock?: RowLock): Promise<Row<Follower> | null> {
  const follower = await findRow(source, Follower, id, { lock });
  return follower && !follower.endedAt ? follower : null;
}

/** Whether a link has to be shown at the door first, because something is asked or counted there. */
export const asksAtDoor = ({ passwordHash, maxFollowers }: Row<Follow>): boolean =>
  passwordHash != null || maxFollowers != null;

/** Who follows by a link alone; null for one that leads nowhere, or to the door only. */
export async function findLinkViewer(orm: Orm, companyId: string, secretHash: string): Promise<FollowerViewer | null> {
  const follow = await findOpenFollow({ orm, companyId }, { secretHash });
  return follow && !asksAtDoor(follow) ? followerViewer(follow, null, null) : null;
}

/** A follower as things stand now; null when they, or the follow that they came by, stand no longer. */
export async function findFollowerViewer(orm: Orm, named: FollowerNamed): Promise<FollowerViewer | null> {
  const { companyId, followId, followerId, expiresAt } = named;
  const source = { orm, companyId };
  const [follow, follower] = await Promise.all([
    findOpenFollow(source, { id: followId }),
    followerId === null ? null : findOpenFollower(source, followerId),
  ]);
  if (!follow) return null;
  if (followerId === null) return asksAtDoor(follow) ? null : followerViewer(follow, null, expiresAt);
  return follower?.follow.id === followId ? followerViewer(follow, followerId, expiresAt) : null;
}

/** The viewer ends with the credential or with the follow, whichever comes first. */
export function followerViewer(
  { companyId, id, objectKind, task, project, expiresAt: end }: Row<Follow>,
  followerId: string | null,
  shownUntil: Date | null,
): FollowerViewer {
  const ends = [end, shownUntil].flatMap((time) => time?.getTime() ?? []);
  const expiresAt = ends.length > 0 ? new Date(Math.min(...ends)) : null;
  const objectId = (objectKind === 'PROJECT' ? project : task)?.id;
  if (!objectId) throw new Error(`The follow ${id} shows nothing.`);
  return { kind: 'FOLLOWER', companyId, followId: id, followerId, objectKind, objectId, expiresAt };
}

const isOver = (time: Date | null | undefined): boolean => time != null && time.getTime() <= Date.now();
