import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
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
import type { ContextSettings, GraphContext } from '../resolvers/context.js';
import { createContext } from '../resolvers/context.js';
import { KeptAnswer } from '../resolvers/kept-answer.js';
import type { KeptCompanies } from '../resolvers/kept-companies.js';
import { leastPosition, runIn, untilVisible } from '../resolvers/visibility.js';
import { parseJson, readBody } from './body.js';
import type { FormatError } from './error-format.js';
import { type EventStreams, isEventStream } from './event-stream.js';
import { bytesOf, reply, typeFor, wantsPlainJson } from './replies.js';

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
  NOT_YET_VISIBLE: 503,
  INTERNAL_SERVER_ERROR: 500,
};

/** One request as it goes through Apollo Server. */
interface HttpContext {
  readonly viewer: Viewer;
  /** What the resolvers get; at least as new as a position of the log. */
  readonly graphAt: (position: number | null) => Promise<GraphContext>;
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
    const kept = await KeptAnswer.open(companies, viewer, keyOf(request, url, bytes));
    if (kept?.known) {
      await reply(request, response, 200, kept.known);
      return;
    }
    const body = bytes && parseJson(bytes);
    const { query, operationName } = questionOf(body, url);
    const excess = query === null ? null : documents.excessOf(query);
    if (excess) throw excess;
    const found = query === null ? [] : documents.find(query, operationName);
    const isQuery = !('length' in found) && found.operation.operation === 'query';
    const outcome = { cost: 0, isSound: false, isKept: false };
    const graphAt = async (position: number | null) => {
      outcome.isKept = isQuery && kept !== null && (position ?? 0) <= kept.since;
      if (outcome.isKept && kept) return kept.context;
      if (position === null || !('companyId' in viewer)) return createContext(settings, viewer);
      await untilVisible(settings.parts, viewer.companyId, position);
      return createContext(settings, await authenticator.confirm(viewer));
    };
    const context: HttpContext = { viewer, graphAt, outcome };
    const result = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method ?? 'GET', headers: headerMap(request), search: url.search, body },
      context: async () => context,
    });
    if (result.body.kind !== 'complete') throw new Error('Nothing here is answered in parts.');
    const text = bytesOf(result.body.string);
    const answered: Answer = {
      body: text,
      headers: Object.fromEntries(result.headers),
      encoded: new Map(),
      cost: outcome.cost,
    };
    const status = statusOf(result.status ?? 200, text, request.headers.accept);
    if (outcome.isKept && outcome.isSound && status === 200) kept?.keep(answered);
    await reply(request, response, status, answered);
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
        await refuse(request, response, error);
      }
    },
  };

  async function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    const formatted = formatError(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const status = error instanceof ApiError ? STATUS[error.code] : 500;
    const headers: Record<string, string> = { 'content-type': typeFor(request.headers.accept) };
    if (status === 401) headers['www-authenticate'] = 'Bearer';
    if (status === 429) headers['retry-after'] = '30';
    // What is left of the question is not read: the connection ends with the answer.
    if (!request.complete) headers.connection = 'close';
    const body = bytesOf(JSON.stringify({ errors: [formatted] }));
    await reply(request, response, status, { body, headers, encoded: new Map(), cost: 0 });
  }
}

interface Ready {
  operation: Operation;
  variables: Variables;
}

/** Runs operations by their plans. What has no sound variables is left to Apollo Server, to say so. */
function execution({ schema, settings, formatError, costLimit }: GraphqlHttpOptions): ApolloServerPlugin<HttpContext> {
  return {
    async requestDidStart() {
      let ready: Ready | null = null;
      return {
        async didResolveOperation({ document, request, contextValue }) {
          const operation = operationOf(schema, document, request.operationName);
          if (operation?.operation.operation === 'subscription') throw refusal(subscriptionElsewhere());
          const coerced = operation?.coerce(request.variables);
          if (!operation || !coerced || 'errors' in coerced) return;
          ready = { operation, variables: coerced.variables };
          const cost = operation.cost(contextValue.viewer.kind, coerced.variables);
          if (cost > costLimit) throw refusal(tooCostly(cost, costLimit));
          contextValue.outcome.cost = cost;
        },
        async responseForOperation({ contextValue }) {
          if (!ready) return null;
          const { outcome, viewer, graphAt } = contextValue;
          const { operation, variables } = ready;
          const { errors, data } = await runIn(operation, variables, () =>
            graphAt(leastPosition(settings.parts, viewer, operation, variables)),
          );
          const extensions = { cost: { requested: outcome.cost, limit: costLimit } };
          outcome.isSound = !errors;
          const singleResult = { ...(errors && { errors: errors.map(formatError) }), data: data ?? null, extensions };
          return { body: { kind: 'single', singleResult }, http: { headers: new HeaderMap() } };
        },
      };
    },
  };
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

/** What GraphQL itself says of a request, as far as it is one. */
const SAID_BY_GRAPHQL: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);

/** GraphQL over HTTP, 6.4.1: as plain JSON the status tells of the transport only. */
function statusOf(status: number, body: string, accept: string | undefined): number {
  if (status !== 400 || !wantsPlainJson(accept)) return status;
  const { errors = [] } = JSON.parse(body) as { errors?: { extensions?: { code?: string } }[] };
  return errors.every(({ extensions }) => SAID_BY_GRAPHQL.has(extensions?.code)) ? 200 : 400;
}

/** All of a request that its answer depends on, beside who asks. */
function keyOf({ method, headers }: IncomingMessage, { search }: URL, body: Buffer | undefined): string {
  const shown = APOLLO_HEADERS.map((name) => headers[name]).join('\n');
  return `${method} ${search}\n${shown}\n${body?.toString('latin1') ?? ''}`;
}

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** What Apollo Server looks at: how the question came, how the answer is to come, and what no form of another site sends. */
const APOLLO_HEADERS = ['content-type', 'accept', 'apollo-require-preflight', 'x-apollo-operation-name'];

function headerMap(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const name of APOLLO_HEADERS) {
    const value = request.headers[name];
    if (value !== undefined) headers.set(name, String(value));
  }
  return headers;
}
