import { isDatabaseFault } from '../entities/orm.js';
import { ApiError } from '../errors.js';

/** Why a socket is closed; `docs/protocol.md` tells what a client does on each. Those from 4400 to 4429 are the protocol's. */
export const CloseCode = {
  TOO_LARGE: 1009,
  INTERNAL: 1011,
  RESTART: 1012,
  TRY_LATER: 1013,
  BAD_REQUEST: 4400,
  UNAUTHORIZED: 4401,
  FORBIDDEN: 4403,
  SUBPROTOCOL: 4406,
  NO_INIT: 4408,
  SUBSCRIBER_EXISTS: 4409,
  EXPIRED: 4410,
  TOO_SLOW: 4413,
  IDLE: 4418,
  TOO_MANY_SOCKETS: 4420,
  TOO_MANY_INITS: 4429,
} as const;

/** The code and the reason for what failed. */
export function closingOf(error: unknown): [code: number, reason: string] {
  // Standard clients come back after 1013, and never after 1011.
  if (isDatabaseFault(error)) return [CloseCode.TRY_LATER, 'UNAVAILABLE'];
  if (!(error instanceof ApiError)) return [CloseCode.INTERNAL, 'INTERNAL_SERVER_ERROR'];
  if (error.reason === 'TOKEN_EXPIRED') return [CloseCode.EXPIRED, error.reason];
  if (error.code === 'LIMIT_EXCEEDED') return [CloseCode.TOO_MANY_SOCKETS, error.reason ?? error.code];
  if (error.code === 'UNAUTHENTICATED') return [CloseCode.UNAUTHORIZED, error.reason ?? error.code];
  if (error.code === 'UNAVAILABLE') return [CloseCode.TRY_LATER, error.reason ?? error.code];
  return [CloseCode.FORBIDDEN, error.code];
}
