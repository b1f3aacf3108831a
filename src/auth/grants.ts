import { ProjectPermission } from '../entities/project.js';
import { findRows, type RowSource } from '../entities/rows.js';
import { Level } from '../entities/vocabulary.js';
import { isAtLeast } from './level.js';
import type { MemberViewer } from './viewer.js';

/** What the policies read about a member: role, kind, and the projects granted to them by name. Nothing else. */
export class Grants {
  readonly memberId: string;
  readonly isExternal: boolean;
  readonly isAdmin: boolean;
  /** Administrators and supervisors; an external is neither, whatever a row says. */
  readonly isSupervisor: boolean;

  constructor(
    viewer: Pick<MemberViewer, 'memberId' | 'membership' | 'role'>,
    readonly projectLevels: ReadonlyMap<string, Level>,
  ) {
    this.memberId = viewer.memberId;
    this.isExternal = viewer.membership === 'EXTERNAL';
    this.isAdmin = viewer.role === 'ADMIN' && !this.isExternal;
    this.isSupervisor = (viewer.role === 'ADMIN' || viewer.role === 'SUPERVISOR') && !this.isExternal;
  }

  projectsAtLeast(needed: Level): string[] {
    return [...this.projectLevels].filter(([, level]) => isAtLeast(level, needed)).map(([projectId]) => projectId);
  }
}

/** Reads the grants as they stand now. */
export async function loadGrants(source: RowSource, viewer: MemberViewer): Promise<Grants> {
  const rows = await findRows(source, ProjectPermission, { member: viewer.memberId });
  return new Grants(viewer, new Map(rows.map((row) => [row.project.id, row.level])));
}
