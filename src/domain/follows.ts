import { LockMode } from '@mikro-orm/core';
import { hashPassword, normalPassword } from '../auth/follow-password.js';
import { newFollowSecret } from '../auth/follow-secret.js';
import type { MemberViewer } from '../auth/viewer.js';
import { Follow } from '../entities/follow.js';
import { Follower } from '../entities/follower.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { Project } from '../entities/project.js';
import { referenceTo } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { lengthOf } from '../schema/texts.js';
import { transactAs } from './actor.js';
import { getNamed, getShareable, ownFollows, type SharedIds } from './sharing.js';
import type { Done, Parts, Work } from './unit-of-work.js';

export interface FollowOptions {
  label?: string | null;
  expiresAt?: Date | null;
  /** Asked for at the door, beside the link. */
  password?: string | null;
  /** How many may come in at all; any number unless given. */
  maxFollowers?: number | null;
  canComment?: boolean | null;
}

const PASSWORD_LENGTH = { min: 8, max: 128 };
const MOST_FOLLOWERS = 1_000_000;

/**
 * Opens the public face of a task or a project to whoever has the link, and the password where there is one. The secret is in
 * the answer and nowhere else. Throws as `getShareable` does.
 */
export async function grantFollow(
  parts: Parts,
  viewer: MemberViewer,
  ids: SharedIds,
  options: FollowOptions,
): Promise<Done<{ follow: Follow; secret: string }>> {
  const { password, maxFollowers = null, canComment, label, expiresAt = null } = options;
  expectMaxFollowers(maxFollowers);
  // It takes its time, which no transaction has to wait for.
  const passwordHash = password == null ? null : await hashPassword(parts.keyring, expectPassword(password));
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em, member: grantedBy } = work;
    const { task, project } = await getShareable(em, viewer, ids, { lock: 'FOR UPDATE' });
    if (canComment && !task) throw new UserError('NO_COMMENTS', 'Nobody writes comments on a project.', 'canComment');
    if (expiresAt && expiresAt.getTime() <= Date.now()) {
      throw new UserError('EXPIRY_PAST', 'The expiry lies in the past.', 'expiresAt');
    }
    const { companyId } = viewer;
    const { secret, hash } = newFollowSecret(parts.keyring, companyId);
    const follow = em.create(Follow, {
      companyId,
      objectKind: task ? 'TASK' : 'PROJECT',
      task: task && referenceTo(em, Task, task),
      project: task ? null : referenceTo(em, Project, project),
      label: label ?? '',
      secretHash: hash,
      grantedBy: referenceTo(em, Member, grantedBy),
      expiresAt,
      passwordHash,
      maxFollowers,
      canComment: canComment ?? false,
    });
    const asked = { hasPassword: passwordHash !== null, maxFollowers, canComment: follow.canComment };
    work.record({ type: 'follow.granted', objectId: follow.id, data: { ...shownBy(follow), ...asked } });
    return { follow, secret };
  });
}

function expectPassword(password: string): string {
  const length = lengthOf(normalPassword(password));
  if (length >= PASSWORD_LENGTH.min && length <= PASSWORD_LENGTH.max) return password;
  throw new UserError('PASSWORD_LENGTH', 'The password has 8 to 128 characters.', 'password');
}

function expectMaxFollowers(maxFollowers: number | null): void {
  if (maxFollowers === null || (maxFollowers >= 1 && maxFollowers <= MOST_FOLLOWERS)) return;
  throw new UserError('MAX_FOLLOWERS', 'A follow is for 1 to 1,000,000 followers.', 'maxFollowers');
}

/** What it shows, as the log tells it. */
const shownBy = ({ task, project }: Follow): SharedIds =>
  task ? { taskId: task.id } : { projectId: project?.id ?? null };

/** Ends a follow: its sockets close, its link leads nowhere. Ending it twice is no fault. */
export function revokeFollow(parts: Parts, viewer: MemberViewer, followId: string): Promise<Done<Follow>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const follow = await holdFollow(work.em, viewer, expectId('follow', followId));
    end(work, follow);
    return follow;
  });
}

/** The follow, held, of who may end it. Throws NOT_FOUND for everybody else. */
async function holdFollow(em: EntityManager, viewer: MemberViewer, id: string): Promise<Follow> {
  const follow = await em.findOne(Follow, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!follow || !(await ownFollows(em, viewer))(follow)) throw notFound('follow');
  return follow;
}

/**
 * Ends all follows of a task or a project that stand, as far as the viewer may end them, and answers these. Throws NOT_FOUND
 * for what they do not see.
 */
export function endFollows(parts: Parts, viewer: MemberViewer, ids: SharedIds): Promise<Done<Follow[]>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em } = work;
    const { task, project } = await getNamed(em, viewer, ids);
    const those = task ? { task: { id: task.id } } : { project: { id: project.id } };
    const open = { ...those, revokedAt: null };
    const found = await em.find(Follow, open, { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } });
    const follows = found.filter(await ownFollows(em, viewer));
    for (const follow of follows) end(work, follow);
    return follows;
  });
}

function end(work: Pick<Work, 'record'>, follow: Follow): void {
  if (follow.revokedAt) return;
  follow.revokedAt = new Date();
  work.record({ type: 'follow.revoked', objectId: follow.id, changes: { revokedAt: [null, follow.revokedAt] } });
}

/**
 * Puts one follower out: their sockets close, and neither their token nor their way to a fresh one is good any more. The
 * link stays; where their number is bounded they keep their place, or they would come back by it.
 */
export function endFollower(parts: Parts, viewer: MemberViewer, followerId: string): Promise<Done<Follower>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em } = work;
    const key = { id: expectId('follower', followerId) };
    const follower = await em.findOne(Follower, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const follow = follower && (await em.findOneOrFail(Follow, { id: follower.follow.id }));
    if (!follower || !follow || !(await ownFollows(em, viewer))(follow)) throw notFound('follower');
    if (!follower.endedAt) {
      follower.endedAt = new Date();
      const changes = { endedAt: [null, follower.endedAt] as [unknown, unknown] };
      work.record({ type: 'follower.ended', objectId: follower.id, data: { followId: follow.id }, changes });
    }
    return follower;
  });
}
