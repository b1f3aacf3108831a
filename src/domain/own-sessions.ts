import type { Session, Sessions } from '../auth/sessions.js';
import { notFound } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { changeOwn } from './personal.js';
import type { Parts } from './unit-of-work.js';

/** A person's session as they are told of it. */
export interface OwnSession {
  id: string;
  device: string;
  place: string;
  identityProvider: string | null;
  startedAt: Date;
  lastSeenAt: Date;
  endsAt: Date;
  isCurrent: boolean;
}

/** A person, and the hash of the session by which they ask, if they do. */
export interface Owner {
  userId: string;
  session: string | null;
  /** The company whose own issuer they came by: then its sessions are all that they are told of. Null for every other way. */
  within: string | null;
}

const listOf = async (sessions: Sessions, { userId, within }: Owner): Promise<Session[]> =>
  (await sessions.list(userId)).filter(({ sso }) => within === null || sso?.companyId === within);

/** A person's sessions, the one seen last first. */
export async function findSessions(sessions: Sessions, owner: Owner): Promise<OwnSession[]> {
  return (await listOf(sessions, owner)).map((session) => told(session, owner));
}

/** Ends one, on all processes. Throws NOT_FOUND for one that is not this person's, or has ended already. */
export function endSession(parts: Parts, sessions: Sessions, owner: Owner, sessionId: string): Promise<OwnSession> {
  const id = expectId('session', sessionId);
  return changeSessions(parts, owner, async () => {
    const found = (await listOf(sessions, owner)).find((session) => session.id === id);
    const [ended] = found ? await sessions.end(owner.userId, [found.hash]) : [];
    if (!ended) throw notFound('session');
    return told(ended, owner);
  });
}

/** Ends all others of a person, or all: then they are signed out everywhere. */
export const endSessions = (
  parts: Parts,
  sessions: Sessions,
  owner: Owner,
  { includingThis }: { includingThis: boolean },
): Promise<OwnSession[]> =>
  changeSessions(parts, owner, async () => {
    const those = (await listOf(sessions, owner)).filter(({ hash }) => includingThis || hash !== owner.session);
    const hashes = those.map(({ hash }) => hash);
    return (await sessions.end(owner.userId, hashes)).map((session) => told(session, owner));
  });

/** Sessions are not in the database: what has been ended is not ended again when the database makes us try again. */
function changeSessions<T>(parts: Parts, { userId }: Owner, work: () => Promise<T>): Promise<T> {
  let done: Promise<T> | undefined;
  return changeOwn(parts, userId, () => (done ??= work()));
}

const told = (session: Session, owner: Owner): OwnSession => ({
  id: session.id,
  device: session.device,
  place: session.place,
  identityProvider: session.identityProvider,
  startedAt: new Date(session.startedAt),
  lastSeenAt: new Date(session.lastSeenAt),
  endsAt: session.expiresAt,
  isCurrent: session.hash === owner.session,
});
