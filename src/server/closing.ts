import { isDatabaseFault } from '../entities/orm.js';
import { CloseCode } from '../errors/close-codes.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { Reason } from '../errors/reasons.js';
import { ApiError } from '../errors.js';

/** The code and the reason for what failed. */
export function closingOf(error: unknown): [code: CloseCode, reason: Reason | ErrorCode] {
  // Standard clients come back after 1013, and never after 1011.
  if (isDatabaseFault(error)) return [CloseCode.TRY_LATER, 'UNAVAILABLE'];
  if (!(error instanceof ApiError)) return [CloseCode.INTERNAL, 'INTERNAL_SERVER_ERROR'];
  const { code, reason } = error;
  if (reason === 'TOKEN_EXPIRED') return [CloseCode.EXPIRED, reason];
  if (code === 'LIMIT_EXCEEDED') return [CloseCode.TOO_MANY_SOCKETS, reason];
  if (code === 'UNAUTHENTICATED') return [CloseCode.UNAUTHORIZED, reason];
  if (code === 'UNAVAILABLE') return [CloseCode.TRY_LATER, reason];
  return [CloseCode.FORBIDDEN, reason === 'SSO_REQUIRED' ? reason : code];
}
