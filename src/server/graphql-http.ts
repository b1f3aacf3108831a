import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Authenticator } from '../auth/authenticate.js';
import type { Viewer } from '../auth/viewer.js';
import { ApiError, badRequest, type ErrorCode } from '../errors.js';
import type { ContextSettings, GraphContext } from '../resolvers/context.js';
import { createContext } from '../resolvers/context.js';
import { readJson } from './body.js';
import type { FormatError } from './error-format.js';
import { type EventStreams, isEventStream } from './event-stream.js';
import { MAX_TOKENS } from './limits.js';

export interface GraphqlHttpOptions {
  schema: GraphQLSchema;
  authenticator: Authenticator;
  settings: ContextSettings;
  formatError: FormatError;
  introspection: boolean;
  bodyLimitBytes: number;
  anonymousBodyLimitBytes: number;
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

/** An answer is one: what streams needs a connection that stays. */
const subscriptionsElsewhere: ApolloServerPlugin<GraphContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation }) {
        if (operation?.operation !== 'subscription') return;
        const message = 'Subscribe over a WebSocket, or ask by POST with "accept: text/event-stream".';
        throw new GraphQLError(message, {
          originalError: badRequest('SUBSCRIPTION_NEEDS_STREAM', message),
          extensions: { http: { status: 400 } },
        });
      },
    };
  },
};

/** `/graphql` over HTTP: who asks, how large a question they may ask, then Apollo Server. */
export async function createGraphqlHttp(options: GraphqlHttpOptions) {
  const { authenticator, settings, formatError } = options;
  const apollo = new ApolloServer<GraphContext>({
    schema: options.schema,
    introspection: options.introspection,
    includeStacktraceInErrorResponses: false,
    formatError: (_formatted, error) => formatError(error),
    parseOptions: { maxTokens: MAX_TOKENS },
    stopOnTerminationSignals: false,
    // Apollo's own page would load its scripts from other hosts.
    plugins: [ApolloServerPluginLandingPageDisabled(), subscriptionsElsewhere],
  });
  await apollo.start();

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const claimant = await authenticator.authenticate({
      authorization: request.headers.authorization,
      companyId: single(request.headers['x-company-id']),
    });
    const wasComplete = request.complete;
    const body = request.method === 'POST' ? await readBody(request, claimant) : undefined;
    // While we waited for the rest of the question, the way in may have been closed.
    const viewer = wasComplete ? claimant : await authenticator.confirm(claimant);
    if (request.method === 'POST' && isEventStream(request)) {
      await options.streams.serve(request, response, viewer, body);
      return;
    }
    const result = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method ?? 'GET', headers: headerMap(request), search: url.search, body },
      context: async () => createContext(settings, viewer),
    });
    response.statusCode = result.status ?? 200;
    for (const [name, value] of result.headers) response.setHeader(name, value);
    response.setHeader('cache-control', 'no-store');
    if (result.body.kind === 'complete') {
      response.end(result.body.string);
      return;
    }
    for await (const chunk of result.body.asyncIterator) response.write(chunk);
    response.end();
  }

  async function readBody(request: IncomingMessage, viewer: Viewer): Promise<unknown> {
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    // Anything else is left to Apollo, which refuses it: it may be a form of another site.
    if (type !== 'application/json') return undefined;
    return readJson(request, viewer.kind === 'NOBODY' ? options.anonymousBodyLimitBytes : options.bodyLimitBytes);
  }

  return {
    stop: () => apollo.stop(),
    /** Never rejects: what fails is answered. */
    async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
      try {
        await answer(request, response, url);
      } catch (error) {
        refuse(response, error);
      }
    },
  };

  function refuse(response: ServerResponse, error: unknown): void {
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
    headers.connection = 'close';
    response.writeHead(status, headers).end(JSON.stringify({ errors: [formatted] }));
  }
}

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

function headerMap(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}
