import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ArgumentValidationError } from 'type-graphql';
import { ApiError } from '../errors.js';
import type { Logger } from '../log.js';

/** Codes that the GraphQL layer gives to a client's own mistakes; their messages may leave the process. */
const CLIENT_MISTAKES: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

export type FormatError = (error: unknown) => GraphQLFormattedError;

/** What a client is told of an error: typed ones as they are, everything else masked under a trace id that the log has. */
export function createErrorFormat(log: Logger): FormatError {
  return (error) => {
    const { locations, path } = error instanceof GraphQLError ? error.toJSON() : {};
    const place = { ...(locations && { locations }), ...(path && { path }) };
    const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    if (cause instanceof ApiError) return { message: cause.message, ...place, extensions: cause.extensions };
    if (cause instanceof ArgumentValidationError) {
      const problems = cause.extensions.validationErrors.flatMap((fault) => Object.values(fault.constraints ?? {}));
      return {
        message: problems.join('; '),
        ...place,
        extensions: { code: 'BAD_USER_INPUT', reason: 'ARGUMENT_INVALID' },
      };
    }
    if (error instanceof GraphQLError && (cause === error || cause instanceof GraphQLError)) {
      const code = clientCode(error);
      if (code) return { message: error.message, ...place, extensions: { code } };
    }
    const traceId = randomUUID();
    log.error(
      { traceId, error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) },
      'graphql: unexpected error',
    );
    return {
      message: 'Something went wrong on our side.',
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', traceId },
    };
  };
}

/** graphql-js marks a bad variable or document by having locations and no path: nothing had been run. */
function clientCode(error: GraphQLError): string | null {
  const { code } = error.extensions;
  if (CLIENT_MISTAKES.has(code)) return code as string;
  return code === undefined && !error.originalError && error.path === undefined ? 'BAD_USER_INPUT' : null;
}

/** The error as its client is told of it, at the place in the document where it arose. */
export function withFormat(formatError: FormatError, error: unknown): GraphQLError {
  const { message, extensions } = formatError(error);
  const place =
    error instanceof GraphQLError
      ? { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path }
      : {};
  return new GraphQLError(message, { ...place, extensions });
}
