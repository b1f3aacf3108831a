import { LockMode } from '@mikro-orm/core';
import { newFollowSecret } from '../auth/follow-secret.js';
import { hasPublicFace, taskFacts } from '../auth/task-policy.js';
import type { MemberViewer } from '../auth/viewer.js';
import { Follow } from '../entities/follow.js';
import { Member } from '../entities/member.js';
import { referenceTo } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { getTask } from './access.js';
import { transactAs } from './actor.js';
import type { Done, Parts } from './unit-of-work.js';

export interface FollowOptions {
  label?: string | null;
  expiresAt?: Date | null;
}

/**
 * Opens a task's public face to whoever has the link. The secret is in the answer and nowhere else. Asks for an
 * administrator (the schema does) who sees the task, and for a public task.
 */
export function grantFollow(
  parts: Parts,
  viewer: MemberViewer,
  taskId: string,
  { label, expiresAt }: FollowOptions,
): Promise<Done<{ follow: Follow; secret: string }>> {
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
      expiresAt: expiresAt ?? null,
    });
    work.record({ type: 'follow.granted', objectId: follow.id, data: { taskId: task.id } });
    return { follow, secret };
  });
}

/** Ends a follow: its sockets close, its link leads nowhere. Ending it twice is no fault. */
export function revokeFollow(parts: Parts, viewer: MemberViewer, followId: string): Promise<Done<Follow>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const key = { id: expectId('follow', followId) };
    const follow = await work.em.findOne(Follow, key, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!follow) throw notFound('follow');
    if (!follow.revokedAt) {
      follow.revokedAt = new Date();
      work.record({ type: 'follow.revoked', objectId: follow.id, changes: { revokedAt: [null, follow.revokedAt] } });
    }
    return follow;
  });
}
