import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApolloServer, type ApolloServerPlugin, type GraphQLRequest, HeaderMap } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Authenticator, KnownMembers } from '../auth/authenticate.js';
import type { Viewer } from '../auth/viewer.js';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { ApiError, badRequest, tooCostly } from '../errors.js';
import type { Documents } from '../execution/documents.js';
import { LIMITS } from '../execution/limits.js';
import { type Operation, operationOf } from '../execution/operation.js';
import type { Variables } from '../execution/plan.js';
import type { Answer } from '../resolvers/answers.js';
import { type ContextSettings, createContext, type GraphContext, type Idempotency } from '../resolvers/context.js';
import { KeptAnswer } from '../resolvers/kept-answer.js';
import type { KeptCompanies } from '../resolvers/kept-companies.js';
import { leastPosition, runIn, untilVisible } from '../resolvers/visibility.js';
import { addressOf } from './address-limits.js';
import { parseJson, readBody } from './body.js';
import type { FormatError } from './error-format.js';
import { type EventStreams, isEventStream } from './event-stream.js';
import { idempotencyOf } from './idempotency-key.js';
import { type PersistedQueries, persistedHash } from './persisted-queries.js';
import { RateLimitError, type RateLimits, spenderOf } from './rate-limits.js';
import { bytesOf, reply, typeFor, wantsPlainJson } from './replies.js';
import { notTrusted, type TrustedDocuments } from './trusted-documents.js';

export interface GraphqlHttpOptions {
  schema: GraphQLSchema;
  documents: Documents;
  trustedDocuments: TrustedDocuments;
  authenticator: Authenticator;
  companies: KeptCompanies;
  settings: ContextSettings;
  formatError: FormatError;
  introspection: boolean;
  bodyLimitBytes: number;
  anonymousBodyLimitBytes: number;
  costLimit: number;
  trustedProxies: number;
  rates: RateLimits;
  persistedQueries: PersistedQueries;
  streams: EventStreams;
}

/** One request as it goes through Apollo Server. */
interface HttpContext {
  readonly viewer: Viewer;
  /** What the resolvers get; at least as new as a position of the log. */
  readonly graphAt: (position: number | null, idempotency: Idempotency | null) => Promise<GraphContext>;
  /** As the header has it. */
  readonly idempotencyKey: string | undefined;
  /** What became of it; an object of its own, because Apollo Server works with a copy of the context. */
  readonly outcome: { cost: number; isSound: boolean };
  /** Takes what it costs from what the viewer may still spend. */
  readonly spend: (cost: number) => Promise<void> | void;
}

/** `/graphql` over HTTP: who asks, how large a question they may ask, then Apollo Server. */
export async function createGraphqlHttp(options: GraphqlHttpOptions) {
  const { authenticator, settings, formatError, companies, documents, trustedDocuments, rates, persistedQueries } =
    options;
  const apollo = new ApolloServer<HttpContext>({
    schema: options.schema,
    introspection: options.introspection,
    hideSchemaDetailsFromClientErrors: !options.introspection,
    includeStacktraceInErrorResponses: false,
    formatError: (_formatted, error) => formatError(error),
    parseOptions: { maxTokens: LIMITS.tokens },
    persistedQueries: { cache: persistedQueries },
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
    const spender = spenderOf(viewer, addressOf(request, options.trustedProxies));
    const answer = kept?.known;
    if (answer) {
      await rates.take(spender, answer.cost);
      await send(request, response, spender, 200, answer);
      return;
    }
    const body = bytes && parseJson(bytes);
    const { query, operationName } = await questionOf(body, url, persistedQueries);
    if (query !== null && !trustedDocuments.allows(viewer, query)) throw notTrusted();
    const excess = query === null ? null : documents.excessOf(query);
    if (excess) throw excess;
    const found = query === null ? [] : documents.find(query, operationName);
    const isQuery = !('length' in found) && found.operation.operation === 'query';
    const outcome = { cost: 0, isSound: false, isKept: false };
    const graphAt: HttpContext['graphAt'] = async (position, idempotency) => {
      outcome.isKept = isQuery && kept !== null && (position ?? 0) <= kept.since;
      if (outcome.isKept && kept) return kept.context;
      if (!('companyId' in viewer)) return createContext(settings, viewer, { idempotency });
      if (position === null)
        return createContext(settings, viewer, { kept: companies.referencesOf(viewer.companyId), idempotency });
      await untilVisible(settings.parts, viewer.companyId, position);
      kept?.company.advanceTo(position);
      return createContext(settings, await authenticator.confirm(viewer));
    };
    const spend = (cost: number) => rates.take(spender, cost);
    const idempotencyKey = single(request.headers['idempotency-key']);
    const context: HttpContext = { viewer, graphAt, idempotencyKey, outcome, spend };
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
    if (outcome.cost === 0) await rates.take(spender, FAULTY_COST);
    await send(request, response, spender, status, answered);
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

  /** Says how much the viewer may still ask for. */
  function send(request: IncomingMessage, response: ServerResponse, spender: string, status: number, answer: Answer) {
    const { limit, remaining, resetAt } = rates.standing(spender);
    response.setHeader('ratelimit-limit', limit);
    response.setHeader('ratelimit-remaining', remaining);
    response.setHeader('ratelimit-reset', Math.max(0, Math.ceil((resetAt.getTime() - Date.now()) / 1_000)));
    return reply(request, response, status, answer);
  }

  async function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    const formatted = formatError(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status } = ERROR_CODES[formatted.extensions.code];
    const headers: Record<string, string> = { 'content-type': typeFor(request.headers.accept) };
    if (status === 401) headers['www-authenticate'] = 'Bearer';
    if (status === 429) headers['retry-after'] = retryAfter(error);
    // What is left of the question is not read: the connection ends with the answer.
    if (!request.complete) headers.connection = 'close';
    const body = bytesOf(JSON.stringify({ errors: [formatted] }));
    await reply(request, response, status, { body, headers, encoded: new Map(), cost: 0 });
  }
}

const RETRY_SECONDS = 30;
/** Of a request of which nothing was run: it was looked at all the same. */
const FAULTY_COST = 10;

interface Ready {
  operation: Operation;
  variables: Variables;
  idempotency: Idempotency | null;
}

/** Runs operations by their plans. What has no sound variables is left to Apollo Server, to say so. */
function execution({ schema, settings, formatError, costLimit }: GraphqlHttpOptions): ApolloServerPlugin<HttpContext> {
  return {
    async requestDidStart() {
      let ready: Ready | null = null;
      return {
        async didResolveOperation({ document, source, request, contextValue }) {
          const operation = operationOf(schema, document, request.operationName);
          if (operation?.operation.operation === 'subscription') throw refusal(subscriptionElsewhere());
          const coerced = operation?.coerce(request.variables);
          if (!operation || !coerced || 'errors' in coerced) return;
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
        async responseForOperation({ contextValue }) {
          if (!ready) return null;
          const { outcome, viewer, graphAt } = contextValue;
          const { operation, variables, idempotency } = ready;
          const { errors, data } = await runIn(operation, variables, () =>
            graphAt(leastPosition(settings.parts, viewer, operation, variables), idempotency),
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

/** An error of ours as Apollo Server answers it, with the status that it has. */
function refusal(error: ApiError): GraphQLError {
  const headers = new HeaderMap();
  const { status } = ERROR_CODES[error.code];
  if (status === 429) headers.set('retry-after', retryAfter(error));
  const http = { status, headers };
  return new GraphQLError(error.message, { originalError: error, extensions: { http: http as never } });
}

/** In seconds. */
const retryAfter = (error: unknown): string =>
  String(error instanceof RateLimitError ? error.retryAfterSeconds : RETRY_SECONDS);

interface Question {
  query: string | null;
  operationName: string | null;
}

/** The text of the question, as far as it is one; one that is only named by its hash is looked for. */
async function questionOf(body: unknown, { searchParams }: URL, persisted: PersistedQueries): Promise<Question> {
  const asked = (body ?? Object.fromEntries(searchParams)) as Record<string, unknown>;
  const textOf = (value: unknown) => (typeof value === 'string' ? value : null);
  const hash = persistedHash(asked.extensions);
  const given = textOf(asked.query);
  if (hash && given !== null && hash !== createHash('sha256').update(given).digest('hex'))
    throw badRequest('PERSISTED_QUERY_HASH', 'The hash is that of another document.');
  const query = given ?? (hash && (await persisted.get(hash))) ?? null;
  return { query, operationName: textOf(asked.operationName) };
}

/** What GraphQL itself says of a request, as far as it is one. */
const SAID_BY_GRAPHQL: ReadonlySet<unknown> = new Set<ErrorCode>([
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
