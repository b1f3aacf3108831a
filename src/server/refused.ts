import { GraphQLError } from 'graphql';
import type { Origin } from '../auth/door-book.js';
import type { Viewer } from '../auth/viewer.js';
import type { Refusals } from '../domain/refusals.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { ApiError } from '../errors.js';

/** What is no fault, and no absence: somebody wanted what is not theirs. */
const REFUSED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['FORBIDDEN', 'UNAUTHENTICATED']);

/** Has the audit log tell of the refusals among an operation's errors. */
export function noteRefused(
  refusals: Refusals,
  { viewer, origin }: { viewer: Viewer; origin: Origin },
  errors: readonly Error[] = [],
): void {
  for (const error of errors) {
    const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    if (cause instanceof ApiError && REFUSED.has(cause.code))
      refusals.note(viewer, origin, fieldOf(error), cause.reason);
  }
}

/** The field that was refused; where nothing was run it was the way in. */
function fieldOf(error: Error): string {
  const [node] = (error instanceof GraphQLError && error.nodes) || [];
  return node?.kind === 'Field' ? node.name.value.slice(0, 60) : 'access';
}
