import { ProjectPermission } from '../entities/project.js';
import { findRows, type RowSource } from '../entities/rows.js';
import { Level } from '../entities/vocabulary.js';
import { hasScope, type Scope } from '../schema/scopes.js';
import { isAtLeast } from './level.js';
import type { KeyViewer, MemberViewer, ReadingViewer, SupportViewer } from './viewer.js';

/** What the policies read of a member: role and kind. */
type Footing = Pick<MemberViewer, 'memberId' | 'membership' | 'role'>;
/** And of an API key. */
type KeyFooting = Pick<KeyViewer, 'keyId' | 'scopes'>;
/** And of the operator's support: nothing but that it is. */
type SupportFooting = Pick<SupportViewer, 'grantId'>;

const NOBODY_IN_PERSON = { role: null, membership: null, memberId: '' };

/**
 * What the policies read about who acts: a member's role, kind and the projects granted to them by name, or a key's
 * scopes. Nothing else.
 */
export class Grants {
  /** The member; or the key, or the grant to support, which no object ever names as one of its people. */
  readonly actorId: string;
  /** Of an API key; it is neither internal nor external, and neither is support. */
  readonly scopes: readonly Scope[];
  readonly isInternal: boolean;
  readonly isExternal: boolean;
  readonly isAdmin: boolean;
  /** Administrators and supervisors; an external is neither, whatever a row says. */
  readonly isSupervisor: boolean;
  readonly isSupport: boolean;

  constructor(
    viewer: Footing | KeyFooting | SupportFooting,
    readonly projectLevels: ReadonlyMap<string, Level>,
  ) {
    const { role, membership, memberId } = 'memberId' in viewer ? viewer : NOBODY_IN_PERSON;
    this.actorId = 'keyId' in viewer ? viewer.keyId : 'grantId' in viewer ? viewer.grantId : memberId;
    this.scopes = 'scopes' in viewer ? viewer.scopes : [];
    this.isInternal = membership === 'INTERNAL';
    this.isExternal = membership === 'EXTERNAL';
    this.isAdmin = role === 'ADMIN' && this.isInternal;
    this.isSupervisor = (role === 'ADMIN' || role === 'SUPERVISOR') && this.isInternal;
    this.isSupport = 'grantId' in viewer;
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
export async function loadGrants(source: RowSource, viewer: ReadingViewer): Promise<Grants> {
  if (viewer.kind !== 'MEMBER') return new Grants(viewer, new Map());
  const rows = await findRows(source, ProjectPermission, { member: viewer.memberId });
  return new Grants(viewer, new Map(rows.map((row) => [row.project.id, row.level])));
}
