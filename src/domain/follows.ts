import { LockMode } from '@mikro-orm/core';
import { hashPassword, normalPassword } from '../auth/follow-password.js';
import { newFollowSecret } from '../auth/follow-secret.js';
import { hasPublicFace, taskFacts } from '../auth/task-policy.js';
import type { MemberViewer } from '../auth/viewer.js';
import { Follow } from '../entities/follow.js';
import { Follower } from '../entities/follower.js';
import { Member } from '../entities/member.js';
import { referenceTo } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { lengthOf } from '../schema/texts.js';
import { getTask } from './access.js';
import { transactAs } from './actor.js';
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
 * Opens a task's public face to whoever has the link, and the password where there is one. The secret is in the answer and
 * nowhere else. Asks for an administrator (the schema does) who sees the task, and for a public task.
 */
export async function grantFollow(
  parts: Parts,
  viewer: MemberViewer,
  taskId: string,
  options: FollowOptions,
): Promise<Done<{ follow: Follow; secret: string }>> {
  const { password, maxFollowers = null, canComment, label, expiresAt = null } = options;
  expectMaxFollowers(maxFollowers);
  // It takes its time, which no transaction has to wait for.
  const passwordHash = password == null ? null : await hashPassword(parts.keyring, expectPassword(password));
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em, member: grantedBy } = work;
    const { object: task, project } = await getTask(em, viewer, taskId, 'MANAGE', { lock: 'FOR UPDATE' });
    if (!hasPublicFace(taskFacts(task, project))) {
      throw new UserError('OBJECT_NOT_PUBLIC', 'Only a public task can be followed without an account.', 'taskId');
    }
    if (expiresAt && expiresAt.getTime() <= Date.now()) {
      throw new UserError('EXPIRY_PAST', 'The expiry lies in the past.', 'expiresAt');
    }
    const { companyId } = viewer;
    const { secret, hash } = newFollowSecret(parts.keyring, companyId);
    const follow = em.create(Follow, {
      companyId,
      task: referenceTo(em, Task, task),
      label: label ?? '',
      secretHash: hash,
      grantedBy: referenceTo(em, Member, grantedBy),
      expiresAt,
      passwordHash,
      maxFollowers,
      canComment: canComment ?? false,
    });
    const asked = { hasPassword: passwordHash !== null, maxFollowers, canComment: follow.canComment };
    work.record({ type: 'follow.granted', objectId: follow.id, data: { taskId: task.id, ...asked } });
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

/** Ends a follow: its sockets close, its link leads nowhere. Ending it twice is no fault. */
export function revokeFollow(parts: Parts, viewer: MemberViewer, followId: string): Promise<Done<Follow>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const key = { id: expectId('follow', followId) };
    const follow = await work.em.findOne(Follow, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!follow) throw notFound('follow');
    end(work, follow);
    return follow;
  });
}

/** Ends all follows of a task that stand, and answers them. Throws NOT_FOUND for a task that the administrator does not see. */
export function endFollows(parts: Parts, viewer: MemberViewer, taskId: string): Promise<Done<Follow[]>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em } = work;
    const { object: task } = await getTask(em, viewer, taskId, 'MANAGE');
    const those = { task: referenceTo(em, Task, task), revokedAt: null };
    const follows = await em.find(Follow, those, { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } });
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
    const key = { id: expectId('follower', followerId) };
    const follower = await work.em.findOne(Follower, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!follower) throw notFound('follower');
    if (!follower.endedAt) {
      follower.endedAt = new Date();
      const changes = { endedAt: [null, follower.endedAt] as [unknown, unknown] };
      work.record({ type: 'follower.ended', objectId: follower.id, data: { followId: follower.follow.id }, changes });
    }
    return follower;
  });
}
