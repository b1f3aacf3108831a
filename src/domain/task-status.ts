import type { ClosingPolicy, PublicTaskStatus, TaskStatus } from '../entities/vocabulary.js';
import type { UserErrorCode } from '../errors/user-error-codes.js';
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

/** Who closes and cancels without asking, decides about requests, and reopens. For who decides the policy may be left out. */
export function mayClose(policy: ClosingPolicy | null, mover: Mover): boolean {
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
 * UserError with the reason: for a move that is not in the table first, then for a mover who may not make it.
 */
export function move(
  task: { status: TaskStatus; statusBefore?: TaskStatus | null },
  to: TaskStatus,
  policy: ClosingPolicy | null,
  mover: Mover,
): TaskStatus | null {
  const { status: from, statusBefore } = task;
  if (from === to) throw refusal('SAME_STATUS', `The task is ${from} already.`);
  switch (`${STATUSES[from].group}>${STATUSES[to].group}`) {
    case 'ACTIVE>ACTIVE':
      if (to === 'NEW') break;
      return null;
    case 'ACTIVE>WAITING':
    case 'ACTIVE>REQUESTED':
      return from;
    case 'ACTIVE>DONE':
      expectCloser('CLOSING_ON_REQUEST', 'Here the owner decides: request the closure or the cancellation instead.');
      return null;
    case 'WAITING>ACTIVE':
      expectReturn();
      return null;
    case 'REQUESTED>ACTIVE':
      expectReturn();
      expectCloser('OWNER_DECIDES', 'The owner decides about the request.');
      return null;
    case 'REQUESTED>DONE':
      if (to !== GRANTED[from]) break;
      expectCloser('OWNER_DECIDES', 'The owner decides about the request.');
      return null;
    case 'DONE>ACTIVE':
      if (to !== 'IN_PROGRESS') break;
      expectCloser('REOPENING', 'Whoever may close may reopen.');
      return null;
  }
  throw refusal('NOT_IN_TABLE', `A task cannot go from ${from} to ${to}.`);

  function expectCloser(code: UserErrorCode, message: string): void {
    if (!mayClose(policy, mover)) throw refusal(code, message);
  }
  function expectReturn(): void {
    if (to !== statusBefore) throw refusal('RETURNS_TO_BEFORE', `The task returns to ${statusBefore}.`);
  }
}

const refusal = (code: UserErrorCode, message: string) => new UserError(code, message, 'status');
