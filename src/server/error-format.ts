import { randomUUID } from 'node:crypto';
import { type ASTNode, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ArgumentValidationError } from 'type-graphql';
import { isDatabaseAway } from '../entities/orm.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { ApiError, badInput, type ErrorExtensions, unavailable } from '../errors.js';
import { placed } from '../execution/placed.js';
import type { Logger } from '../log.js';
import { toldMessage } from './told-message.js';

/** Codes that the GraphQL layer gives to a client's own mistakes; their messages may leave the process. */
const CLIENT_MISTAKES: ReadonlySet<unknown> = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
]);

/** An error as a client is told of it. */
interface ToldError extends GraphQLFormattedError {
  readonly extensions: ErrorExtensions;
}

export type FormatError = (error: unknown) => ToldError;

/** What a client is told of an error: typed ones as they are, everything else masked under a trace id that the log has. */
export function createErrorFormat(log: Logger): FormatError {
  return (error) => {
    const { locations, path } = error instanceof GraphQLError ? error.toJSON() : {};
    const place = { ...(locations && { locations }), ...(path && { path }) };
    const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    if (cause instanceof ApiError) return { message: cause.message, ...place, extensions: cause.extensions };
    if (cause instanceof ArgumentValidationError) {
      const problems = cause.extensions.validationErrors.flatMap((fault) => Object.values(fault.constraints ?? {}));
      const { message, extensions } = badInput('ARGUMENT_INVALID', problems.join('; '));
      return { message, ...place, extensions };
    }
    if (error instanceof GraphQLError && cause instanceof GraphQLError) {
      const code = clientCode(error, cause);
      if (code) return { message: toldMessage(error), ...place, extensions: { code } };
    }
    const isAway = isDatabaseAway(cause);
    const traceId = randomUUID();
    log.error(
      { traceId, error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) },
      isAway ? 'graphql: the database is away' : 'graphql: unexpected error',
    );
    if (isAway) {
      const { message, extensions } = unavailable('DATABASE_UNAVAILABLE', 'The database does not answer.', cause);
      return { message, ...place, extensions: { ...extensions, traceId } };
    }
    return {
      message: 'Something went wrong on our side.',
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', traceId },
    };
  };
}

/**
 * What graphql-js itself says of a bad variable has no path, because nothing had been run, and may have a cause: what
 * the type of the variable said. What it says of a bad argument has a path, and points at the value in the document.
 */
function clientCode(error: GraphQLError, cause: GraphQLError): ErrorCode | null {
  const { code } = error.extensions;
  if (CLIENT_MISTAKES.has(code)) return code as ErrorCode;
  if (code !== undefined) return null;
  return error.path === undefined || cause.nodes?.some(isValue) ? 'BAD_USER_INPUT' : null;
}

const isValue = ({ kind }: ASTNode): boolean => /^Variable$|Value$/.test(kind);

/** The error as its client is told of it, at the place in the document where it arose. */
export function withFormat(formatError: FormatError, error: unknown): GraphQLError {
  const { message, extensions } = formatError(error);
  return placed(message, extensions, error instanceof GraphQLError ? error : {});
}
