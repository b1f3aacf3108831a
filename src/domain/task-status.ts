import type { ClosingPolicy, PublicTaskStatus, TaskStatus } from '../entities/vocabulary.js';
import { UserError } from '../errors.js';

type Group = 'ACTIVE' | 'WAITING' | 'REQUESTED' | 'DONE';

/** Where each status belongs, and what an anonymous follower is told instead of it. */
const STATUSES: Record<TaskStatus, { group: Group; face: PublicTaskStatus }> = {
  NEW: { group: 'ACTIVE', face: 'OPEN' },
  IN_PROGRESS: { group: 'ACTIVE', face: 'OPEN' },
  AWAITING_OWNER: { group: 'WAITING', face: 'AWAITING_OWNER' },
  AWAITING_MEMBER: { group: 'WAITING', face: 'OPEN' },
  AWAITING_PROJECT: { group: 'WAITING', face: 'OPEN' },
  AWAITING_TASK: { group: 'WAITING', face: 'OPEN' },
  SUSPENDED: { group: 'WAITING', face: 'OPEN' },
  CLOSURE_REQUESTED: { group: 'REQUESTED', face: 'CLOSURE_REQUESTED' },
  CANCELLATION_REQUESTED: { group: 'REQUESTED', face: 'CANCELLATION_REQUESTED' },
  CLOSED: { group: 'DONE', face: 'CLOSED' },
  CANCELLED: { group: 'DONE', face: 'CANCELLED' },
};

export const publicStatus = (status: TaskStatus): PublicTaskStatus => STATUSES[status].face;
export const isDone = (status: TaskStatus): boolean => STATUSES[status].group === 'DONE';

/** Who moves the task, as far as the process asks. */
export interface Mover {
  isExternal: boolean;
  /** The task's owner, or somebody with MANAGE. */
  decides: boolean;
}

/** Who closes and cancels without asking, decides about requests, and reopens. */
export function mayClose(policy: ClosingPolicy, mover: Mover): boolean {
  if (mover.decides) return true;
  return policy === 'ANYONE' || (policy === 'ANY_INTERNAL' && !mover.isExternal);
}

/** The request that the status answers, in either way. */
const GRANTED: Partial<Record<TaskStatus, TaskStatus>> = {
  CLOSURE_REQUESTED: 'CLOSED',
  CANCELLATION_REQUESTED: 'CANCELLED',
};

/**
 * The table of moves. Returns the status to return to later (null when the move leaves nothing behind); throws
 * UserError with the reason for a move that is not in it.
 */
export function move(
  task: { status: TaskStatus; statusBefore?: TaskStatus | null },
  to: TaskStatus,
  policy: ClosingPolicy,
  mover: Mover,
): TaskStatus | null {
  const from = task.status;
  const groups = `${STATUSES[from].group}>${STATUSES[to].group}`;
  if (from === to) throw refusal('SAME_STATUS', `The task is ${from} already.`);
  if (isDone(to) && !mayClose(policy, mover)) {
    throw refusal('CLOSING_ON_REQUEST', 'Here the owner decides: request the closure or the cancellation instead.');
  }
  switch (groups) {
    case 'ACTIVE>ACTIVE':
      if (to === 'IN_PROGRESS') return null;
      throw refusal('NOT_IN_TABLE', 'A task that was begun is not new again.');
    case 'ACTIVE>WAITING':
    case 'ACTIVE>REQUESTED':
      return from;
    case 'ACTIVE>DONE':
      return null;
    case 'WAITING>ACTIVE':
      if (to === task.statusBefore) return null;
      throw refusal('RETURNS_TO_BEFORE', `The task returns to ${task.statusBefore}.`);
    case 'REQUESTED>ACTIVE':
      if (!mayClose(policy, mover)) throw refusal('OWNER_DECIDES', 'The owner decides about the request.');
      if (to === task.statusBefore) return null;
      throw refusal('RETURNS_TO_BEFORE', `A rejected request returns to ${task.statusBefore}.`);
    case 'REQUESTED>DONE':
      if (to === GRANTED[from]) return null;
      break;
    case 'DONE>ACTIVE':
      if (!mayClose(policy, mover)) throw refusal('REOPENING', 'Whoever may close may reopen.');
      if (to === 'IN_PROGRESS') return null;
      break;
  }
  throw refusal('NOT_IN_TABLE', `A task cannot go from ${from} to ${to}.`);
}

const refusal = (code: string, message: string) => new UserError(code, message, 'status');
