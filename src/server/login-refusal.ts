import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { isDatabaseAway } from '../entities/orm.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import type { Reason } from '../errors/reasons.js';
import { ApiError } from '../errors.js';
import { AddressRefusedError } from '../outbound/guarded-fetch.js';

/** Why a sign-in comes to nothing, as the person at the screen is told; nothing of what the request said is in it. */
export class LoginRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'LoginRefusal';
  }
}

export const beginAgain = (why: string) => new LoginRefusal(400, `${why} Begin again at /auth/login.`);

const UNAVAILABLE = ERROR_CODES.UNAVAILABLE.status;

/** What is answered to somebody whose sign-in has failed by this. Throws what is a fault of ours. */
export function refusalOf(error: unknown): Pick<LoginRefusal, 'status' | 'message'> {
  if (error instanceof LoginRefusal) return error;
  if (error instanceof ApiError) {
    const { status } = ERROR_CODES[error.code];
    return { status: status === 401 ? 403 : status, message: error.message };
  }
  if (error instanceof AuthorizationResponseError) return beginAgain('The issuer has not signed you in.');
  if (isIssuerAway(error)) return { status: UNAVAILABLE, message: 'The issuer does not answer: try again soon.' };
  if (error instanceof ResponseBodyError || error instanceof ClientError)
    return beginAgain('What the issuer has answered is not good.');
  if (isDatabaseAway(error)) return { status: UNAVAILABLE, message: 'The database does not answer: try again soon.' };
  throw error;
}

/** For the log: of what came in the query, an error's name at most. */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.reason;
  const { name, code, error: told } = error as { name: string; code?: string; error?: string };
  const isName = typeof told === 'string' && /^[a-z_]{1,64}$/.test(told);
  return [name, code, isName ? told : undefined].filter(Boolean).join(' ');
}

/** Why an issuer's answer lets nobody in, as the audit log has it; null for what says nothing of the answer. */
export function faultOfAnswer(error: unknown): Reason | null {
  if (error instanceof ApiError) return error.code === 'UNAUTHENTICATED' ? error.reason : null;
  if (isIssuerAway(error)) return null;
  return error instanceof ResponseBodyError || error instanceof ClientError ? 'TOKEN_INVALID' : null;
}

/** The request to the issuer came to nothing, or to an answer that is none. */
function isIssuerAway(error: unknown): boolean {
  if (error instanceof AddressRefusedError) return true;
  if (error instanceof TypeError && error.message === 'fetch failed') return true;
  const { code, cause } = error as { code?: string; cause?: unknown };
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM') return true;
  return cause instanceof Error && cause !== error && isIssuerAway(cause);
}
