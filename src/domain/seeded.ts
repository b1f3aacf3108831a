import { fromUUIDBytes } from 'typeid-js';
import type { MemberViewer } from '../auth/viewer.js';
import type { MembershipKind, Role } from '../entities/vocabulary.js';
import type { IdPrefix } from '../schema/ids.js';

/** How much is generated. */
export interface SeedPlan {
  companies: number;
  /** Of each company. */
  projects: number;
  /** Of each project. */
  tasks: number;
  /** Of each company, its administrator included. */
  members: number;
}

/** The first seeded moment; a fixed one, so that all seedings are alike. */
export const SEED_START_MS = Date.UTC(2025, 0, 1);

/**
 * The id of what is seeded, numbered from 1: of a company by its own number, of a task by its project's number and its
 * own, of anything else by its number in the company. Ids of one kind sort by these numbers.
 */
export function seededId(kind: IdPrefix, company: number, n = 0, taskNumber = 0): string {
  const bytes = new DataView(new ArrayBuffer(16));
  // A UUIDv7: 48 bits of time, the version, the variant. Where others have chance, these have their numbers.
  bytes.setBigUint64(0, (BigInt(SEED_START_MS + company) << 16n) | 0x7000n);
  bytes.setUint32(8, 0x8000_0000 + n);
  bytes.setUint32(12, taskNumber);
  return fromUUIDBytes(kind, new Uint8Array(bytes.buffer));
}

/** With what address a seeded member signs in. */
export const seededAddress = (company: number, n: number): string => `person-${n}.company-${company}@example.com`;

export interface SeededMembership {
  role: Role;
  kind: MembershipKind;
  licensedAsInternal: boolean;
}

/** What a seeded member is: the first one an administrator, every fifth an external, every tenth one with a licence. */
export function seededMembership(n: number): SeededMembership {
  const isExternal = n % 5 === 0;
  const role = n === 1 ? 'ADMIN' : n % 10 === 2 ? 'SUPERVISOR' : 'MEMBER';
  return { role, kind: isExternal ? 'EXTERNAL' : 'INTERNAL', licensedAsInternal: n % 10 === 0 };
}

/** A seeded member, as somebody who has been let in. */
export function seededViewer(company: number, n: number): MemberViewer {
  const { role, kind } = seededMembership(n);
  return {
    kind: 'MEMBER',
    companyId: seededId('company', company),
    userId: seededId('user', company, n),
    memberId: seededId('member', company, n),
    role,
    membership: kind,
    expiresAt: null,
  };
}
