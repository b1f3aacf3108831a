import { type ActingViewer, actorIdOf, type KeyViewer, type MemberViewer } from '../auth/viewer.js';
import { ApiKey } from '../entities/api-key.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { findRow, type Row, type RowLock, referenceTo } from '../entities/rows.js';
import { accessEnded, forbidden } from '../errors.js';
import { inOrder } from './in-order.js';
import type { KnownRights } from './known-rights.js';
import { type Actor, type Done, type Parts, transact, type Work } from './unit-of-work.js';

/** One transaction of a member or an API key that acts for itself. */
export interface ActingWork extends Work {
  /** The member's own row, read in this transaction; null of a key. */
  member: Row<Member> | null;
  /** The same of a key; null of a member. */
  key: Row<ApiKey> | null;
}

/** One transaction of a member who acts for themself. */
export interface MemberWork extends ActingWork {
  member: Row<Member>;
}

interface Options<R> {
  /** Holds the row: a deactivation waits for this transaction, or is seen by it. For what only an administrator may. */
  hold?: boolean;
  /** What the work begins with: read at the same time as the row. */
  read?: (em: EntityManager) => Promise<R>;
}

/**
 * `transact` for a member or an API key. What they were let in with is looked at again inside the transaction: throws
 * UNAUTHENTICATED for who has been deactivated or revoked since, FORBIDDEN for whose role or kind is another one by now.
 */
export function transactAs<V extends ActingViewer, T, R = undefined>(
  parts: Parts,
  viewer: V,
  { hold = false, read }: Options<R>,
  work: (work: V extends MemberViewer ? MemberWork : ActingWork, read: R) => Promise<T>,
): Promise<Done<T>> {
  return transact(parts, actorOf(viewer), async (given) => {
    // Who is not let in is told that first.
    const [acting, first] = await inOrder([getActing(given.em, viewer, hold), read?.(given.em) as Promise<R>]);
    return work({ ...given, ...acting } as Parameters<typeof work>[0], first);
  });
}

function actorOf(viewer: ActingViewer): Actor {
  const { companyId, kind: entryPoint } = viewer;
  const userId = 'userId' in viewer ? viewer.userId : null;
  return { companyId, userId, actorId: actorIdOf(viewer), entryPoint };
}

/**
 * `transactAs` for what is written by `update` alone, of an object that `read` locks first: the transaction may be shared
 * with others, and what is known of a member's rights need not be read.
 */
export async function transactOn<T, R>(
  parts: Parts,
  viewer: ActingViewer,
  objectId: string,
  read: (em: EntityManager, rights: KnownRights | null) => Promise<R>,
  work: (work: Work, read: R) => Promise<T>,
): Promise<Done<T>> {
  // Before a connection is taken: it may have to be read with another one.
  const rights = (viewer.kind === 'MEMBER' && (await parts.rightsOf?.(viewer))) || null;
  const acting = async (given: Work): Promise<T> => {
    const { em, rights } = given;
    const [, first] = await inOrder([rights ?? getActing(em, viewer, false), read(em, rights)]);
    return work(given, first);
  };
  return transact(parts, actorOf(viewer), acting, { firstLock: objectId, rights });
}

async function getActing(
  em: EntityManager,
  viewer: ActingViewer,
  hold: boolean,
): Promise<Pick<ActingWork, 'member' | 'key'>> {
  const lock = hold ? 'LOCK IN SHARE MODE' : undefined;
  if (viewer.kind === 'INTEGRATION') return { member: null, key: await getKey(em, viewer, lock) };
  return { member: await getMember(em, viewer, lock), key: null };
}

async function getKey(em: EntityManager, { keyId }: KeyViewer, lock: RowLock | undefined): Promise<Row<ApiKey>> {
  const key = await findRow(em, ApiKey, keyId, { lock });
  if (!key || key.revokedAt || key.expiresAt.getTime() <= Date.now()) throw accessEnded();
  return key;
}

async function getMember(em: EntityManager, viewer: MemberViewer, lock: RowLock | undefined): Promise<Row<Member>> {
  const member = await findRow(em, Member, viewer.memberId, { lock });
  if (!member || member.deactivatedAt) throw accessEnded();
  if (member.role !== viewer.role || member.kind !== viewer.membership)
    throw forbidden('RIGHTS_CHANGED', 'Your rights have changed: ask again.');
  return member;
}

/** Who wrote something, as it stands in its row. */
export const authorship = ({ em, member, key }: ActingWork) => ({
  author: member && referenceTo(em, Member, member),
  authorKey: key && referenceTo(em, ApiKey, key),
});

/** The operator, from the command line. */
export const operatorActor = (companyId: string): Actor => ({
  companyId,
  userId: null,
  actorId: null,
  entryPoint: 'OPERATOR',
});
