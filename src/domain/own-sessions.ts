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
}

/** A person's sessions, the one seen last first. */
export async function findSessions(sessions: Sessions, owner: Owner): Promise<OwnSession[]> {
  return (await sessions.list(owner.userId)).map((session) => told(session, owner));
}

/** Ends one, on all processes. Throws NOT_FOUND for one that is not this person's, or has ended already. */
export function endSession(parts: Parts, sessions: Sessions, owner: Owner, sessionId: string): Promise<OwnSession> {
  const id = expectId('session', sessionId);
  return changeSessions(parts, owner, async () => {
    const found = (await sessions.list(owner.userId)).find((session) => session.id === id);
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
    const those = (await sessions.list(owner.userId)).filter(({ hash }) => includingThis || hash !== owner.session);
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
