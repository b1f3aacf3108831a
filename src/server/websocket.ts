import type { IncomingMessage, Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { handleProtocols } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticate.js';
import type { Viewer } from '../auth/viewer.js';
import { ApiError, unauthenticated } from '../errors.js';
import type { Logger } from '../log.js';
import { type ContextSettings, createContext, type GraphContext } from '../resolvers/context.js';
import type { FormatError } from './error-format.js';
import { MAX_TOKENS } from './limits.js';
import { watchViewer } from './viewer-watch.js';

export interface WebsocketOptions {
  schema: GraphQLSchema;
  authenticator: Authenticator;
  settings: ContextSettings;
  formatError: FormatError;
  introspection: boolean;
  log: Logger;
  maxMessageBytes: number;
}

/** Close codes of our own, beside those of graphql-transport-ws; `docs/protocol.md` tells what a client does on each. */
export const CloseCode = { UNAUTHORIZED: 4401, FORBIDDEN: 4403, EXPIRED: 4410, RESTART: 1012, INTERNAL: 1011 } as const;

/** What a socket knows from `connection_init` on. */
interface Session {
  viewer: Viewer;
}
type Extra = { socket: WebSocket; request: IncomingMessage; session?: Session };

/** `/graphql` over WebSocket (graphql-transport-ws). */
export function createWebsocket(server: Server, path: string, options: WebsocketOptions) {
  const { schema, settings, formatError, log } = options;
  const sockets = new WebSocketServer({ noServer: true, handleProtocols, maxPayload: options.maxMessageBytes });
  const rules = options.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (request.url?.split('?')[0] !== path) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (upgraded) => sockets.emit('connection', upgraded, request));
  });

  const protocol = useServer<Record<string, unknown>, Extra>(
    {
      connectionInitWaitTimeout: 5_000,
      onConnect: async (context) => {
        try {
          context.extra.session = await openSession(context.extra.socket, context.connectionParams ?? {});
          return true;
        } catch (error) {
          const [code, reason] = closingOf(error);
          if (code === CloseCode.INTERNAL) formatError(error);
          context.extra.socket.close(code, reason);
          return false;
        }
      },
      onSubscribe: async (context, _id, payload) => {
        const { session } = context.extra;
        const viewer = session && (await settings.refresh(session.viewer));
        if (!viewer) return [withFormat(formatError, unauthenticated('ACCESS_ENDED', 'This way in has been closed.'))];
        const document = check(payload.query);
        if ('length' in document) return document;
        const operation = getOperationAST(document, payload.operationName);
        if (!operation) return [mistake('The operation is not in the document.', 'OPERATION_RESOLUTION_FAILURE')];
        const { operationName, variables: variableValues } = payload;
        return { schema, document, operationName, variableValues, contextValue: viewer };
      },
      execute: async (args: ExecutionArgs) => {
        const contextValue = createContext(settings, args.contextValue as Viewer, new AbortController().signal);
        return formatted(await execute({ ...args, contextValue }));
      },
      subscribe: (args: ExecutionArgs) => subscribe(args),
    },
    sockets as never,
    12_000,
  );

  async function openSession(socket: WebSocket, params: Record<string, unknown>): Promise<Session> {
    const viewer = await options.authenticator.authenticate(credentialOf(params));
    if (viewer.kind === 'NOBODY') throw unauthenticated('NO_CREDENTIAL');
    const session: Session = { viewer };
    const closed = new AbortController();
    socket.once('close', () => closed.abort());
    if (socket.readyState !== socket.OPEN) closed.abort();
    await watchViewer(viewer, {
      feeds: settings.parts.feeds,
      refresh: settings.refresh,
      signal: closed.signal,
      log,
      end: (why) =>
        socket.close(
          why === 'EXPIRED' ? CloseCode.EXPIRED : CloseCode.FORBIDDEN,
          why === 'EXPIRED' ? 'TOKEN_EXPIRED' : 'ACCESS_ENDED',
        ),
    });
    return session;
  }

  function check(query: string): DocumentNode | readonly GraphQLError[] {
    try {
      const document = parse(query, { maxTokens: MAX_TOKENS });
      const errors = validate(schema, document, rules, { maxErrors: 10 });
      return errors.length === 0
        ? document
        : errors.map((error) => mistake(error.message, 'GRAPHQL_VALIDATION_FAILED', error));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return [mistake(error.message, 'GRAPHQL_PARSE_FAILED', error)];
    }
  }

  function formatted(result: ExecutionResult): ExecutionResult {
    if (!result.errors) return result;
    return { ...result, errors: result.errors.map((error) => withFormat(formatError, error)) };
  }

  /** One source per subscription; each of its events is executed with the viewer and the rights of that moment. */
  async function subscribe(
    args: ExecutionArgs,
  ): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult> {
    const stop = new AbortController();
    const viewer = args.contextValue as Viewer;
    const fresh = (current: Viewer): GraphContext => createContext(settings, current, stop.signal);
    const source = await createSourceEventStream({ ...args, contextValue: fresh(viewer) });
    if (!(Symbol.asyncIterator in source)) {
      stop.abort();
      return formatted(source);
    }
    async function* results(events: AsyncIterable<unknown>): AsyncGenerator<ExecutionResult, void, void> {
      try {
        for await (const event of events) {
          const current = await settings.refresh(viewer);
          if (!current) throw unauthenticated('ACCESS_ENDED', 'This way in has been closed.');
          yield formatted(await execute({ ...args, rootValue: event, contextValue: fresh(current) }));
        }
      } catch (error) {
        yield { errors: [withFormat(formatError, error)] };
      } finally {
        stop.abort();
      }
    }
    return stoppable(results(source), stop);
  }

  return {
    connections: () => sockets.clients.size,
    /** Refuses new sockets and closes the open ones, spread over `overMs`, so that they do not all come back at once. */
    async drain(overMs: number): Promise<void> {
      server.removeAllListeners('upgrade');
      server.on('upgrade', (_request, socket) =>
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n'),
      );
      const open = [...sockets.clients];
      for (const [i, socket] of open.entries()) {
        socket.close(CloseCode.RESTART, 'SERVER_RESTART');
        if (i < open.length - 1) await delay(overMs / open.length);
      }
      await delay(Math.min(overMs, 200));
      for (const socket of sockets.clients) socket.terminate();
      await protocol.dispose();
    },
  };
}

/** Ends the source at once when the client completes, also while the source waits for its next event. */
function stoppable<T>(inner: AsyncGenerator<T, void, void>, stop: AbortController): AsyncGenerator<T, void, void> {
  return {
    next: () => inner.next(),
    return: () => {
      stop.abort();
      return inner.return();
    },
    throw: (error) => {
      stop.abort();
      return inner.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}

/** As `docs/protocol.md` says, or named as the HTTP headers are: tools that know headers only send those. */
function credentialOf(params: Record<string, unknown>) {
  const given = new Map(Object.entries(params).map(([name, value]) => [name.toLowerCase(), value]));
  const text = (name: string) => {
    const value = given.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const follow = text('follow');
  return {
    authorization: follow ? `Follow ${follow}` : text('authorization'),
    companyId: text('companyid') ?? text('x-company-id'),
  };
}

function closingOf(error: unknown): [number, string] {
  if (!(error instanceof ApiError)) return [CloseCode.INTERNAL, 'INTERNAL_SERVER_ERROR'];
  if (error.reason === 'TOKEN_EXPIRED') return [CloseCode.EXPIRED, error.reason];
  if (error.code === 'UNAUTHENTICATED') return [CloseCode.UNAUTHORIZED, error.reason ?? error.code];
  if (error.code === 'UNAVAILABLE') return [1013, error.reason ?? error.code];
  return [CloseCode.FORBIDDEN, error.code];
}

const mistake = (message: string, code: string, error?: GraphQLError) =>
  new GraphQLError(message, {
    nodes: error?.nodes,
    source: error?.source,
    positions: error?.positions,
    extensions: { code },
  });

function withFormat(formatError: FormatError, error: unknown): GraphQLError {
  const { message, extensions } = formatError(error);
  const place =
    error instanceof GraphQLError
      ? { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path }
      : {};
  return new GraphQLError(message, { ...place, extensions });
}
