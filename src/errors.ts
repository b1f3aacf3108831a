import type { ErrorCode } from './errors/error-codes.js';
import { REASONS, type Reason } from './errors/reasons.js';
import type { UserErrorCode } from './errors/user-error-codes.js';

/** What a client's program may act on. */
export type ErrorExtensions = { code: ErrorCode; reason?: Reason; traceId?: string };

/** What went wrong, in words and codes that may leave the process; the cause stays inside. */
export class ApiError extends Error {
  readonly code: ErrorCode;

  constructor(
    /** Why; the code is the one that it makes finer. */
    readonly reason: Reason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
    this.code = REASONS[reason].code;
  }

  get extensions(): ErrorExtensions {
    return { code: this.code, reason: this.reason };
  }
}

/** Absent and hidden are one answer, so that nobody learns what exists. */
export const notFound = (what = 'object') => new ApiError('NOT_VISIBLE_OR_ABSENT', `No such ${what}.`);

export const forbidden = (reason: Reason<'FORBIDDEN'>, message = 'You may see this, but not do it.') =>
  new ApiError(reason, message);

export const unauthenticated = (
  reason: Reason<'UNAUTHENTICATED'>,
  message = 'Sign in first.',
  options?: ErrorOptions,
) => new ApiError(reason, message, options);

/** For who was let in and would not be any more. */
export const accessEnded = () => unauthenticated('ACCESS_ENDED', 'This way in has been closed.');

/** For a link, or a token made of one, that opens nothing; which of its reasons it is, is told to nobody who asks. */
export const followInvalid = (options?: ErrorOptions) =>
  unauthenticated('FOLLOW_INVALID', 'This link does not lead anywhere.', options);

/** For whose browser session is over: by its time, or because somebody ended it. */
export const sessionEnded = () => unauthenticated('SESSION_ENDED', 'Your session has ended: sign in again.');

export const badRequest = (reason: Reason<'BAD_REQUEST'>, message: string) => new ApiError(reason, message);

/** For an operation that is beyond what one may cost, in points. */
export const tooCostly = (cost: number, limit: number) =>
  badRequest('TOO_COSTLY', `The operation costs ${cost} points, and may cost ${limit}: ask for smaller pages.`);

export const badInput = (reason: Reason<'BAD_USER_INPUT'>, message: string) => new ApiError(reason, message);

export const limitExceeded = (reason: Reason<'LIMIT_EXCEEDED'>, message: string) => new ApiError(reason, message);

export const unavailable = (reason: Reason<'UNAVAILABLE'>, message: string, cause: unknown) =>
  new ApiError(reason, message, { cause });

/** A refusal that the person at the screen can mend; it travels in the payload's `userErrors`, not as an error. */
export class UserError extends Error {
  constructor(
    readonly code: UserErrorCode,
    message: string,
    /** Path of the input's field, or none when the whole is at fault. */
    readonly field?: string,
  ) {
    super(message);
    this.name = 'UserError';
  }

  /** The same, said of an input that is one part of a larger one. */
  within(path: string): UserError {
    return new UserError(this.code, this.message, this.field ? `${path}.${this.field}` : path);
  }
}

/** Whether it is what the product's rules say: nothing is wrong with what was asked for it, or with us. */
export const isRefusal = (error: unknown): boolean => error instanceof UserError || error instanceof ApiError;
