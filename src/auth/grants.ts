import { ProjectPermission } from '../entities/project.js';
import { findRows, type RowSource } from '../entities/rows.js';
import { Level } from '../entities/vocabulary.js';
import { hasScope, type Scope } from '../schema/scopes.js';
import { isAtLeast } from './level.js';
import type { ActingViewer, KeyViewer, MemberViewer } from './viewer.js';

/** What the policies read of a member: role and kind. */
type Footing = Pick<MemberViewer, 'memberId' | 'membership' | 'role'>;
/** And of an API key. */
type KeyFooting = Pick<KeyViewer, 'keyId' | 'scopes'>;

/**
 * What the policies read about who acts: a member's role, kind and the projects granted to them by name, or a key's
 * scopes. Nothing else.
 */
export class Grants {
  /** The member, or the key, which no object ever names as one of its people. */
  readonly actorId: string;
  /** Of an API key; it is neither internal nor external. */
  readonly scopes: readonly Scope[];
  readonly isInternal: boolean;
  readonly isExternal: boolean;
  readonly isAdmin: boolean;
  /** Administrators and supervisors; an external is neither, whatever a row says. */
  readonly isSupervisor: boolean;

  constructor(
    viewer: Footing | KeyFooting,
    readonly projectLevels: ReadonlyMap<string, Level>,
  ) {
    const isKey = 'keyId' in viewer;
    const { role, membership } = isKey ? { role: null, membership: null } : viewer;
    this.actorId = isKey ? viewer.keyId : viewer.memberId;
    this.scopes = isKey ? viewer.scopes : [];
    this.isInternal = membership === 'INTERNAL';
    this.isExternal = membership === 'EXTERNAL';
    this.isAdmin = role === 'ADMIN' && this.isInternal;
    this.isSupervisor = (role === 'ADMIN' || role === 'SUPERVISOR') && this.isInternal;
  }

  /** Whether it is a key that is allowed this. */
  has(scope: Scope): boolean {
    return hasScope(this.scopes, scope);
  }

  projectsAtLeast(needed: Level): string[] {
    return [...this.projectLevels].filter(([, level]) => isAtLeast(level, needed)).map(([projectId]) => projectId);
  }
}

/** Reads the grants as they stand now. */
export async function loadGrants(source: RowSource, viewer: ActingViewer): Promise<Grants> {
  if (viewer.kind === 'INTEGRATION') return new Grants(viewer, new Map());
  const rows = await findRows(source, ProjectPermission, { member: viewer.memberId });
  return new Grants(viewer, new Map(rows.map((row) => [row.project.id, row.level])));
}
