import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import type { GraphQLError } from 'graphql';
import type { Authenticator, KnownMembers } from '../auth/authenticate.js';
import type { Origin } from '../auth/door-book.js';
import { nobody, type Viewer } from '../auth/viewer.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import type { Documents } from '../execution/documents.js';
import { LIMITS } from '../execution/limits.js';
import type { Answer } from '../resolvers/answers.js';
import { createContext } from '../resolvers/context.js';
import { KeptAnswer } from '../resolvers/kept-answer.js';
import type { KeptCompanies } from '../resolvers/kept-companies.js';
import { untilVisible } from '../resolvers/visibility.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import { ApolloDocuments } from './apollo-documents.js';
import { type ExecutionOptions, execution, type HttpContext } from './apollo-execution.js';
import { parseJson, readBody } from './body.js';
import type { BrowserDoor } from './browser-door.js';
import { type EventStreams, isEventStream } from './event-stream.js';
import { headerMap, keyOf, mediaTypeOf, questionOf, single } from './http-question.js';
import { originOf } from './origin.js';
import { costOfPersisting, mayPersist, type PersistedQueries } from './persisted-queries.js';
import { FAULTY_COST, type RateLimits, rateLimitHeaders, spenderOf, tellRateLimit } from './rate-limits.js';
import { refusalHeaders } from './refusal-headers.js';
import { noteRefused } from './refused.js';
import { bytesOf, reply, statusOf, typeFor } from './replies.js';
import { notTrusted, type TrustedDocuments } from './trusted-documents.js';

export interface GraphqlHttpOptions extends ExecutionOptions {
  documents: Documents;
  trustedDocuments: TrustedDocuments;
  authenticator: Authenticator;
  companies: KeptCompanies;
  introspection: boolean;
  bodyLimitBytes: number;
  anonymousBodyLimitBytes: number;
  trustedProxies: TrustedProxies;
  rates: RateLimits;
  persistedQueries: PersistedQueries;
  streams: EventStreams;
  door: BrowserDoor;
}

/** Where a request comes from, and whose points it costs: its address's, until it is known who asks. */
interface Spending {
  readonly origin: Origin;
  spender: string;
}

/** A question, and who asks it. */
interface Asked {
  viewer: Viewer;
  origin: Origin;
  /** Whose points it costs. */
  spender: string;
  kept: KeptAnswer | null;
  bytes: Buffer | undefined;
}

/** `/graphql` over HTTP: who asks, how large a question they may ask, then Apollo Server. */
export async function createGraphqlHttp(options: GraphqlHttpOptions) {
  const {
    authenticator,
    settings,
    formatError,
    companies,
    documents,
    trustedDocuments,
    rates,
    persistedQueries,
    door,
    refusals,
  } = options;
  const handed = new ApolloDocuments(persistedQueries);
  const apollo = new ApolloServer<HttpContext>({
    schema: options.schema,
    introspection: options.introspection,
    hideSchemaDetailsFromClientErrors: !options.introspection,
    includeStacktraceInErrorResponses: false,
    formatError: (_formatted, error) => formatError(error),
    parseOptions: { maxTokens: LIMITS.tokens },
    persistedQueries: { cache: handed.texts },
    documentStore: handed.documents,
    stopOnTerminationSignals: false,
    // Apollo's own page would load its scripts from other hosts.
    plugins: [ApolloServerPluginLandingPageDisabled(), execution(options)],
  });
  await apollo.start();

  const knownMembers: KnownMembers = (companyId, userId) => companies.find(companyId)?.memberOf(userId) ?? null;

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL, from: Spending): Promise<void> {
    const session = door.enter(request);
    if (session !== undefined) door.expectJson(request);
    const { origin } = from;
    const credential = {
      session,
      origin,
      authorization: request.headers.authorization,
      companyId: single(request.headers['x-company-id']),
    };
    const claimant = await authenticator.authenticate(credential, knownMembers);
    const spender = spenderOf(claimant, origin.address);
    from.spender = spender;
    rates.expect(spender);
    const wasComplete = request.complete;
    const bytes = request.method === 'POST' ? await readJson(request, claimant) : undefined;
    // While we waited for the rest of the question, the way in may have been closed.
    const viewer = wasComplete ? claimant : await authenticator.confirm(claimant, knownMembers);
    if (request.method === 'POST' && isEventStream(request)) {
      tellRateLimit(response, rates.standing(spender));
      await options.streams.serve(request, response, viewer, bytes && parseJson(bytes));
      return;
    }
    const kept = await KeptAnswer.open(companies, viewer, keyOf(request, url, bytes));
    if (kept?.known) {
      await rates.take(spender, kept.known.cost);
      await send(request, response, spender, 200, kept.known);
      return;
    }
    const asked = { viewer, origin, spender, kept, bytes };
    const { status, made } = await execute(request, url, asked).finally(() => kept?.close());
    await send(request, response, spender, status, made);
  }

  async function execute(
    request: IncomingMessage,
    url: URL,
    { viewer, origin, spender, kept, bytes }: Asked,
  ): Promise<{ status: number; made: Answer }> {
    const body = bytes && parseJson(bytes);
    const { query, operationName, newHash } = await questionOf(body, url, persistedQueries);
    if (query !== null && !trustedDocuments.allows(viewer, query)) {
      const error = notTrusted();
      noteRefused(refusals, { viewer, origin }, [error]);
      throw error;
    }
    const excess = query === null ? null : documents.excessOf(query);
    if (excess) throw excess;
    if (newHash && mayPersist(viewer)) {
      await rates.take(spender, costOfPersisting(newHash.bytes));
      persistedQueries.welcome(newHash.hash);
    }
    const found = query === null ? null : documents.find(query, operationName);
    // Looked at already: what validates it once more finds the same.
    if (found && 'length' in found) return faulty(request, spender, found);
    const isQuery = found?.operation.operation === 'query';
    const outcome = { cost: 0, isSound: false, isKept: false };
    const graphAt: HttpContext['graphAt'] = async (position, idempotency) => {
      outcome.isKept = isQuery && kept !== null && (position ?? 0) <= kept.since;
      if (outcome.isKept && kept) return kept.context;
      if (!('companyId' in viewer)) return createContext(settings, viewer, { idempotency, origin });
      if (position === null)
        return createContext(settings, viewer, { kept: companies.referencesOf(viewer.companyId), idempotency, origin });
      await untilVisible(settings.parts, viewer.companyId, position);
      kept?.company.advanceTo(position);
      return createContext(settings, await authenticator.confirm(viewer));
    };
    const spend = (cost: number) => rates.take(spender, cost);
    const idempotencyKey = single(request.headers['idempotency-key']);
    const context: HttpContext = { viewer, origin, query, graphAt, idempotencyKey, outcome, spend };
    const run = (body: unknown) =>
      apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: { method: request.method ?? 'GET', headers: headerMap(request), search: url.search, body },
        context: async () => context,
      });
    const result = await (query !== null && found ? handed.hand(query, found.document, body, run) : run(body));
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
    return { status, made: answered };
  }

  async function faulty(request: IncomingMessage, spender: string, errors: readonly GraphQLError[]) {
    await rates.take(spender, FAULTY_COST);
    const body = bytesOf(JSON.stringify({ errors: errors.map(formatError) }));
    const { accept } = request.headers;
    const headers = { 'content-type': typeFor(accept) };
    return { status: statusOf(400, body, accept), made: { body, headers, encoded: new Map(), cost: 0 } };
  }

  async function readJson(request: IncomingMessage, viewer: Viewer): Promise<Buffer | undefined> {
    // Anything else is left to Apollo, which refuses it: it may be a form of another site.
    if (mediaTypeOf(request) !== 'application/json') return undefined;
    return readBody(request, viewer.kind === 'NOBODY' ? options.anonymousBodyLimitBytes : options.bodyLimitBytes);
  }

  return {
    stop: () => apollo.stop(),
    /** Never rejects: what fails is answered. */
    async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
      const origin = originOf(request, options.trustedProxies);
      const from = { origin, spender: spenderOf(nobody, origin.address) };
      try {
        await answer(request, response, url, from);
      } catch (error) {
        await refuse(request, response, from, error);
      }
    },
  };

  /** Says how much the viewer may still ask for. */
  function send(request: IncomingMessage, response: ServerResponse, spender: string, status: number, answer: Answer) {
    tellRateLimit(response, rates.standing(spender));
    return reply(request, response, status, answer);
  }

  async function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    { spender }: Spending,
    fault: unknown,
  ): Promise<void> {
    const error = await rates.charged(spender, fault);
    const formatted = formatError(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status } = ERROR_CODES[formatted.extensions.code];
    const type = { 'content-type': typeFor(request.headers.accept) };
    const standing = rateLimitHeaders(rates.standing(spender));
    const headers: Record<string, string> = { ...type, ...standing, ...refusalHeaders(status, error) };
    if (formatted.extensions.reason === 'SESSION_ENDED') door.letOut(response);
    // What is left of the question is not read: the connection ends with the answer.
    if (!request.complete) headers.connection = 'close';
    const body = bytesOf(JSON.stringify({ errors: [formatted] }));
    await reply(request, response, status, { body, headers, encoded: new Map(), cost: 0 });
  }
}
