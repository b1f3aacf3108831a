import type { Orm } from '../entities/orm.js';
import { type Grants, loadGrants } from './grants.js';
import type { FollowerViewer, MemberViewer, ReadingViewer, Viewer } from './viewer.js';

/** Who somebody is in a company and what they may, as it was read last. Its viewer has no expiry and no session: the connection has. */
export interface Standing {
  readonly viewer: ReadingViewer | FollowerViewer;
  /** None for a follower, to whom only the followed object is open. */
  readonly grants: Grants | null;
}

/** Reads a viewer's standing. Null when the way in has been closed. */
export async function findStanding(
  orm: Orm,
  refresh: (viewer: Viewer) => Promise<Viewer | null>,
  viewer: ReadingViewer | FollowerViewer,
): Promise<Standing | null> {
  const { session: _, sso: __, ...person } = viewer as MemberViewer;
  // Several connections of a key may have come by several secrets of it.
  const secretHash = viewer.kind === 'INTEGRATION' ? { secretHash: null } : {};
  const current = await refresh({ ...person, ...secretHash, expiresAt: null, isStanding: true } as Viewer);
  if (!current || !('companyId' in current)) return null;
  const lasting = { ...current, expiresAt: null };
  if (lasting.kind === 'FOLLOWER') return { viewer: lasting, grants: null };
  return { viewer: lasting, grants: await loadGrants({ orm, companyId: lasting.companyId }, lasting) };
}

/** Whether two standings of one viewer allow the same. */
export function isSameStanding(a: Standing, b: Standing): boolean {
  const levels = ({ grants }: Standing) => grants && [...grants.projectLevels].sort();
  const isSame = (x: unknown, y: unknown) => JSON.stringify(x) === JSON.stringify(y);
  return isSame(a.viewer, b.viewer) && isSame(levels(a), levels(b));
}
