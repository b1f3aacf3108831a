import type { Grants } from '../auth/grants.js';
import type { Project } from '../entities/project.js';
import type { Row } from '../entities/rows.js';
import type { Statement } from '../entities/statements.js';
import { unless } from './expectation.js';

/**
 * What this process knows of somebody's rights before it asks the database. Who acts by it asks, at the end of the
 * transaction, whether it still holds.
 */
export interface KnownRights {
  readonly companyId: string;
  /** The event of the company's log up to which all of it is so. */
  readonly seq: number;
  readonly grants: Grants;
  /** The project of that id, if it is known here. */
  project(id: string): Row<Project> | undefined;
  /** Keeps a project that was read since. */
  remember(project: Row<Project>): void;
}

/** What events are about that change who a member is, what is granted to them, or where a task stands. */
const CONCERNING = ['member', 'permission', 'project'];

/**
 * Fails when there is an event that has changed what is known: told by an error, so that a commit behind it is not
 * reached. To be asked when the companies' heads are held, because then none can come any more.
 */
export function expectStillSo(known: readonly KnownRights[]): Statement[] {
  if (known.length === 0) return [];
  const since = new Map<string, number>();
  for (const { companyId, seq } of known) since.set(companyId, Math.min(seq, since.get(companyId) ?? seq));
  const later = [...since].map(() => '(company_id = ? and seq > ?)').join(' or ');
  // A log that has lost its end, in a failover, is another one than what is known is of.
  const shorter = [...since].map(() => '(company_id = ? and seq < ?)').join(' or ');
  const concerning = CONCERNING.map(() => 'type like ?').join(' or ');
  return [
    {
      text: `select ${unless(`exists(select 1 from events where (${later}) and (${concerning})) or exists(select 1 from log_heads where ${shorter})`)}`,
      parameters: [...[...since].flat(), ...CONCERNING.map((kind) => `${kind}.%`), ...[...since].flat()],
    },
  ];
}
