import { type ApolloServerPlugin, type GraphQLRequest, HeaderMap } from '@apollo/server';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Origin } from '../auth/door-book.js';
import type { Viewer } from '../auth/viewer.js';
import type { Refusals } from '../domain/refusals.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import { ApiError, badRequest, tooCostly } from '../errors.js';
import { type Operation, operationOf } from '../execution/operation.js';
import type { Variables } from '../execution/plan.js';
import type { ContextSettings, GraphContext, Idempotency } from '../resolvers/context.js';
import { leastPosition, runIn } from '../resolvers/visibility.js';
import type { FormatError } from './error-format.js';
import { idempotencyOf } from './idempotency-key.js';
import { refusalHeaders } from './refusal-headers.js';
import { noteRefused } from './refused.js';
import { acceptedType } from './replies.js';

export interface ExecutionOptions {
  schema: GraphQLSchema;
  settings: ContextSettings;
  formatError: FormatError;
  costLimit: number;
  refusals: Refusals;
}

/** One request as it goes through Apollo Server. */
export interface HttpContext {
  readonly viewer: Viewer;
  readonly origin: Origin;
  /** The text that has been found fit; null where it is named by a hash that was not known. */
  readonly query: string | null;
  /** What the resolvers get; at least as new as a position of the log. */
  readonly graphAt: (position: number | null, idempotency: Idempotency | null) => Promise<GraphContext>;
  /** As the header has it. */
  readonly idempotencyKey: string | undefined;
  /** What became of it; an object of its own, because Apollo Server works with a copy of the context. */
  readonly outcome: { cost: number; isSound: boolean };
  /** Takes what it costs from what the viewer may still spend. */
  readonly spend: (cost: number) => Promise<void> | void;
}

interface Ready {
  operation: Operation;
  variables: Variables;
  idempotency: Idempotency | null;
}

/** Runs operations by their plans, and says what is wrong with their variables. */
export function execution({
  schema,
  settings,
  formatError,
  costLimit,
  refusals,
}: ExecutionOptions): ApolloServerPlugin<HttpContext> {
  return {
    async requestDidStart() {
      let ready: Ready | null = null;
      let faults: readonly GraphQLError[] | null = null;
      return {
        async didResolveOperation({ document, source, request, contextValue }) {
          // Somebody else may have sent it since: it is none that this viewer may run, before it has been looked at.
          if (source !== contextValue.query) throw notPersisted();
          const operation = operationOf(schema, document, request.operationName);
          if (operation?.operation.operation === 'subscription') throw refusal(subscriptionElsewhere());
          const coerced = operation?.coerce(request.variables);
          if (!operation || !coerced) return;
          if ('errors' in coerced) {
            faults = coerced.errors;
            return;
          }
          const idempotency =
            operation.operation.operation === 'mutation'
              ? idempotencyIn(settings, source, request, contextValue.idempotencyKey)
              : null;
          ready = { operation, variables: coerced.variables, idempotency };
          const cost = operation.cost(contextValue.viewer.kind, coerced.variables);
          if (cost > costLimit) throw refusal(tooCostly(cost, costLimit));
          contextValue.outcome.cost = Math.max(1, cost);
          try {
            await contextValue.spend(contextValue.outcome.cost);
          } catch (error) {
            throw error instanceof ApiError ? refusal(error) : error;
          }
        },
        async responseForOperation({ contextValue, request }) {
          if (faults) {
            const singleResult = { errors: faults.map(formatError) };
            return { body: { kind: 'single', singleResult }, http: { status: 400, headers: typed(request) } };
          }
          if (!ready) return null;
          const { outcome, viewer, graphAt } = contextValue;
          const { operation, variables, idempotency } = ready;
          const { errors, data } = await runIn(operation, variables, () =>
            graphAt(leastPosition(settings.parts, viewer, operation, variables), idempotency),
          );
          const extensions = { cost: { requested: outcome.cost, limit: costLimit } };
          outcome.isSound = !errors;
          noteRefused(refusals, contextValue, errors);
          const singleResult = { ...(errors && { errors: errors.map(formatError) }), data: data ?? null, extensions };
          return { body: { kind: 'single', singleResult }, http: { headers: typed(request) } };
        },
      };
    },
  };
}

/** What the answer is; Apollo Server refuses whoever accepts none of what it may be. */
function typed({ http }: GraphQLRequest): HeaderMap {
  const type = acceptedType(http?.headers.get('accept'));
  return new HeaderMap(type === null ? [] : [['content-type', type]]);
}

/** The text is the document's own, also where the request names it by its hash. */
function idempotencyIn(
  { parts }: ContextSettings,
  query: string,
  { operationName, variables, extensions }: GraphQLRequest,
  header: string | undefined,
): Idempotency | null {
  const places = { header, extensions };
  try {
    return idempotencyOf(parts.keyring, { query, operationName, variables }, places);
  } catch (error) {
    throw error instanceof ApiError ? refusal(error) : error;
  }
}

/** An answer is one: what streams needs a connection that stays. */
const subscriptionElsewhere = () =>
  badRequest(
    'SUBSCRIPTION_NEEDS_STREAM',
    'Subscribe over a WebSocket, or ask by POST with "accept: text/event-stream".',
  );

/** As Apollo Server says it. */
const notPersisted = () =>
  new GraphQLError('PersistedQueryNotFound', {
    extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', http: { status: 200 } },
  });

/** An error of ours as Apollo Server answers it, with the status that it has. */
function refusal(error: ApiError): GraphQLError {
  const headers = new HeaderMap();
  const { status } = ERROR_CODES[error.code];
  for (const [name, value] of Object.entries(refusalHeaders(status, error))) headers.set(name, value);
  const http = { status, headers };
  return new GraphQLError(error.message, { originalError: error, extensions: { http: http as never } });
}
