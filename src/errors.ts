/** The stable codes of `extensions.code`; clients may switch on them, so a code never changes its meaning. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'BAD_REQUEST'
  | 'PAYLOAD_TOO_LARGE'
  | 'LIMIT_EXCEEDED'
  | 'UNAVAILABLE'
  | 'NOT_YET_VISIBLE'
  | 'INTERNAL_SERVER_ERROR';

/** What went wrong, in words and codes that may leave the process; the cause stays inside. */
export class ApiError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Finer than the code: why, for a program to act on. */
    readonly reason?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ApiError';
  }

  get extensions(): Record<string, unknown> {
    return { code: this.code, ...(this.reason && { reason: this.reason }) };
  }
}

/** Absent and hidden are one answer, so that nobody learns what exists. */
export const notFound = (what = 'object') => new ApiError('NOT_FOUND', `No such ${what}.`, 'NOT_VISIBLE_OR_ABSENT');

export const forbidden = (reason: string, message = 'You may see this, but not do it.') =>
  new ApiError('FORBIDDEN', message, reason);

export const unauthenticated = (reason: string, message = 'Sign in first.') =>
  new ApiError('UNAUTHENTICATED', message, reason);

/** For who was let in and would not be any more. */
export const accessEnded = () => unauthenticated('ACCESS_ENDED', 'This way in has been closed.');

export const badRequest = (reason: string, message: string) => new ApiError('BAD_REQUEST', message, reason);

/** For an operation that is beyond what one may cost, in points. */
export const tooCostly = (cost: number, limit: number) =>
  badRequest('TOO_COSTLY', `The operation costs ${cost} points, and may cost ${limit}: ask for smaller pages.`);

export const badInput = (reason: string, message: string) => new ApiError('BAD_USER_INPUT', message, reason);

/** A refusal that the person at the screen can mend; it travels in the payload's `userErrors`, not as an error. */
export class UserError extends Error {
  constructor(
    readonly code: string,
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
