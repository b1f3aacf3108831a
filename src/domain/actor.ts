import type { MemberViewer } from '../auth/viewer.js';
import type { Actor } from './unit-of-work.js';

/** A member who acts for themself. */
export const memberActor = (viewer: MemberViewer): Actor => ({
  companyId: viewer.companyId,
  userId: viewer.userId,
  memberId: viewer.memberId,
  entryPoint: 'MEMBER',
});

/** The operator, from the command line. */
export const operatorActor = (companyId: string): Actor => ({
  companyId,
  userId: null,
  memberId: null,
  entryPoint: 'OPERATOR',
});
