import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApolloServer, type ApolloServerPlugin, type GraphQLRequest, HeaderMap } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Authenticator, KnownMembers } from '../auth/authenticate.js';
import type { Viewer } from '../auth/viewer.js';
import { ApiError, badRequest, type ErrorCode, tooCostly } from '../errors.js';
import type { Documents } from '../execution/documents.js';
import { LIMITS } from '../execution/limits.js';
import { type Operation, operationOf } from '../execution/operation.js';
import type { Variables } from '../execution/plan.js';
import type { Answer } from '../resolvers/answers.js';
import { type ContextSettings, createContext, type GraphContext, type Idempotency } from '../resolvers/context.js';
import { KeptAnswer } from '../resolvers/kept-answer.js';
import type { KeptCompanies } from '../resolvers/kept-companies.js';
import { parseJson, readBody } from './body.js';
import type { FormatError } from './error-format.js';
import { type EventStreams, isEventStream } from './event-stream.js';
import { idempotencyOf } from './idempotency-key.js';

export interface GraphqlHttpOptions {
  schema: GraphQLSchema;
  documents: Documents;
  authenticator: Authenticator;
  companies: KeptCompanies;
  settings: ContextSettings;
  formatError: FormatError;
  introspection: boolean;
  bodyLimitBytes: number;
  anonymousBodyLimitBytes: number;
  costLimit: number;
  streams: EventStreams;
}

/** The statuses of what is refused before GraphQL begins; from there on GraphQL over HTTP tells the status. */
const STATUS: Record<ErrorCode, number> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  BAD_REQUEST: 400,
  PAYLOAD_TOO_LARGE: 413,
  LIMIT_EXCEEDED: 429,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
};

/** One request as it goes through Apollo Server. */
interface HttpContext {
  /** What the resolvers get. */
  readonly graph: GraphContext;
  /** What became of it; an object of its own, because Apollo Server works with a copy of the context. */
  readonly outcome: { cost: number; isSound: boolean };
}

/** `/graphql` over HTTP: who asks, how large a question they may ask, then Apollo Server. */
export async function createGraphqlHttp(options: GraphqlHttpOptions) {
  const { authenticator, settings, formatError, companies, documents } = options;
  const apollo = new ApolloServer<HttpContext>({
    schema: options.schema,
    introspection: options.introspection,
    includeStacktraceInErrorResponses: false,
    formatError: (_formatted, error) => formatError(error),
    parseOptions: { maxTokens: LIMITS.tokens },
    stopOnTerminationSignals: false,
    // Apollo's own page would load its scripts from other hosts.
    plugins: [ApolloServerPluginLandingPageDisabled(), execution(options)],
  });
  await apollo.start();

  const known: KnownMembers = (companyId, userId) => companies.find(companyId)?.memberOf(userId) ?? null;

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const credential = {
      authorization: request.headers.authorization,
      companyId: single(request.headers['x-company-id']),
    };
    const claimant = await authenticator.authenticate(credential, known);
    const wasComplete = request.complete;
    const bytes = request.method === 'POST' ? await readJson(request, claimant) : undefined;
    // While we waited for the rest of the question, the way in may have been closed.
    const viewer = wasComplete ? claimant : await authenticator.confirm(claimant, known);
    if (request.method === 'POST' && isEventStream(request)) {
      await options.streams.serve(request, response, viewer, bytes && parseJson(bytes));
      return;
    }
    const kept = bytes ? await KeptAnswer.open(companies, viewer, request.headers.accept, bytes) : null;
    if (kept?.known) {
      send(response, 200, kept.known.headers, kept.known.body);
      return;
    }
    const body = bytes && parseJson(bytes);
    const { query, operationName } = questionOf(body, url);
    const excess = query === null ? null : documents.excessOf(query);
    if (excess) throw excess;
    const found = query === null ? [] : documents.find(query, operationName);
    const isQuery = !('length' in found) && found.operation.operation === 'query';
    const context: HttpContext = {
      graph: isQuery && kept ? kept.context : createContext(settings, viewer),
      outcome: { cost: 0, isSound: false },
    };
    const result = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method ?? 'GET', headers: headerMap(request), search: url.search, body },
      context: async () => context,
    });
    const headers = { ...Object.fromEntries(result.headers), 'cache-control': 'no-store' };
    if (result.body.kind !== 'complete') throw new Error('Nothing here is answered in parts.');
    const text = bytesOf(result.body.string);
    if (isQuery && context.outcome.isSound && (result.status ?? 200) === 200)
      kept?.keep({ body: text, headers, cost: context.outcome.cost });
    send(response, result.status ?? 200, headers, text);
  }

  async function readJson(request: IncomingMessage, viewer: Viewer): Promise<Buffer | undefined> {
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    // Anything else is left to Apollo, which refuses it: it may be a form of another site.
    if (type !== 'application/json') return undefined;
    return readBody(request, viewer.kind === 'NOBODY' ? options.anonymousBodyLimitBytes : options.bodyLimitBytes);
  }

  return {
    stop: () => apollo.stop(),
    /** Never rejects: what fails is answered. */
    async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
      try {
        await answer(request, response, url);
      } catch (error) {
        refuse(request, response, error);
      }
    },
  };

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const formatted = formatError(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const status = error instanceof ApiError ? STATUS[error.code] : 500;
    const headers: Record<string, string> = {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    };
    if (status === 401) headers['www-authenticate'] = 'Bearer';
    if (status === 429) headers['retry-after'] = '30';
    // What is left of the question is not read: the connection ends with the answer.
    if (!request.complete) headers.connection = 'close';
    send(response, status, headers, bytesOf(JSON.stringify({ errors: [formatted] })));
  }
}

/** Runs operations by their plans. What has no sound variables is left to Apollo Server, to say so. */
function execution({ schema, settings, formatError, costLimit }: GraphqlHttpOptions): ApolloServerPlugin<HttpContext> {
  return {
    async requestDidStart() {
      let ready: { operation: Operation; variables: Variables; graph: GraphContext } | null = null;
      return {
        async didResolveOperation({ document, source, request, contextValue }) {
          const operation = operationOf(schema, document, request.operationName);
          if (operation?.operation.operation === 'subscription') throw refusal(subscriptionElsewhere());
          const coerced = operation?.coerce(request.variables);
          if (!operation || !coerced || 'errors' in coerced) return;
          let { graph } = contextValue;
          const cost = operation.cost(graph.viewer.kind, coerced.variables);
          if (cost > costLimit) throw refusal(tooCostly(cost, costLimit));
          contextValue.outcome.cost = cost;
          if (operation.operation.operation === 'mutation') {
            const idempotency = idempotencyIn(settings, source, request);
            if (idempotency) graph = createContext(settings, graph.viewer, idempotency);
          }
          ready = { operation, variables: coerced.variables, graph };
        },
        async responseForOperation({ contextValue }) {
          if (!ready) return null;
          const { errors, data } = await ready.operation.run(undefined, ready.graph, ready.variables);
          const { outcome } = contextValue;
          const extensions = { cost: { requested: outcome.cost, limit: costLimit } };
          outcome.isSound = !errors;
          const singleResult = { ...(errors && { errors: errors.map(formatError) }), data: data ?? null, extensions };
          return { body: { kind: 'single', singleResult }, http: { headers: new HeaderMap() } };
        },
      };
    },
  };
}

/** The text is the document's own, also where the request names it by its hash. */
function idempotencyIn({ parts }: ContextSettings, query: string, request: GraphQLRequest): Idempotency | null {
  const { operationName, variables, extensions, http } = request;
  const places = { header: http?.headers.get('idempotency-key'), extensions };
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

const refusal = (error: ApiError) =>
  new GraphQLError(error.message, { originalError: error, extensions: { http: { status: STATUS[error.code] } } });

/** The text of the question, as far as it is one. */
function questionOf(body: unknown, { searchParams }: URL): { query: string | null; operationName: string | null } {
  const asked = (body ?? Object.fromEntries(searchParams)) as { query?: unknown; operationName?: unknown };
  const textOf = (value: unknown) => (typeof value === 'string' ? value : null);
  return { query: textOf(asked.query), operationName: textOf(asked.operationName) };
}

/** The body's bytes as a string of as many characters: Node writes head and body at once then. */
function send(response: ServerResponse, status: number, headers: Answer['headers'], body: string): void {
  response.writeHead(status, { ...headers, 'content-length': body.length }).end(body, 'latin1');
}

const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

function headerMap(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}
