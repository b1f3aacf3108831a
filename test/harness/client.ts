import { type Client, createClient, type ExecutionResult } from 'graphql-ws';
import WebSocket from 'ws';
import type { Node } from './cluster.js';

/** Who asks: headers over HTTP, the payload of `connection_init` over WebSocket. */
export interface Caller {
  authorization?: string;
  companyId?: string;
  /** Over HTTP only. */
  idempotencyKey?: string;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the document asked for
  data: any;
  errors: {
    message: string;
    path?: (string | number)[];
    extensions: { code: string; reason?: string; traceId?: string };
  }[];
}

const NOBODY: Caller = {};

/** Asks over HTTP and returns status, data and errors (an empty list when there are none). */
export const ask = (node: Node, caller: Caller | null, query: string, variables: object = {}): Promise<Answer> =>
  post(node, caller, { query, variables });

/** The same with a body as the test wants it. */
export async function post(node: Node, caller: Caller | null, body: object): Promise<Answer> {
  const { authorization, companyId, idempotencyKey } = caller ?? NOBODY;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (authorization) headers.authorization = authorization;
  if (companyId) headers['x-company-id'] = companyId;
  if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
  const response = await fetch(node.graphqlUrl, { method: 'POST', headers, body: JSON.stringify(body) });
  const { data = null, errors = [] } = (await response.json()) as Partial<Answer>;
  return { status: response.status, data, errors };
}

/** Asks for what must succeed. Throws with the errors otherwise. */
export async function get(node: Node, caller: Caller, query: string, variables: object = {}): Promise<Answer['data']> {
  const { data, errors } = await ask(node, caller, query, variables);
  if (errors.length > 0) throw new Error(`${query}\n${JSON.stringify(errors)}`);
  return data;
}

/** The code of the first error, or null when there was none. */
export const codeOf = (answer: Answer): string | null => answer.errors[0]?.extensions.code ?? null;

const PATIENCE_MS = 10_000;

export interface Listener {
  /** The next payload's field that passes the test; those before it are dropped. Throws after ten seconds. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the document asked for
  until(test: (change: any) => boolean, what?: string): Promise<any>;
  /** Everything that has arrived so far. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the document asked for
  readonly seen: any[];
  /** How the socket was closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  /** The errors that ended the subscription. */
  readonly failed: Promise<readonly { message: string; extensions?: { code?: string; reason?: string } }[]>;
  stop(): Promise<void>;
}

/** Subscribes over WebSocket on a socket of its own, without retries. */
export function listen(
  node: Node,
  caller: Caller | { follow: string },
  query: string,
  variables: Record<string, unknown> = {},
): Listener {
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  const failed = Promise.withResolvers<readonly { message: string; extensions?: { code?: string } }[]>();
  const seen: unknown[] = [];
  let wake = Promise.withResolvers<void>();
  let position = 0;
  let ended: unknown = null;
  const client: Client = createClient({
    url: node.wsUrl,
    webSocketImpl: WebSocket,
    connectionParams: { ...caller },
    retryAttempts: 0,
    lazyCloseTimeout: 0,
    on: { closed: (event) => closed.resolve(event as { code: number; reason: string }) },
  });
  const arrived = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  client.subscribe(
    { query, variables },
    {
      next: (result: ExecutionResult) => {
        if (result.errors) {
          ended = result.errors;
          failed.resolve(result.errors as never);
        }
        if (result.data) seen.push(Object.values(result.data)[0]);
        arrived();
      },
      error: (error) => {
        ended = error;
        if (Array.isArray(error)) failed.resolve(error);
        arrived();
      },
      complete: () => {
        ended ??= 'complete';
        arrived();
      },
    },
  );
  return {
    seen,
    closed: closed.promise,
    failed: failed.promise,
    async until(test, what = test.toString()) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        while (position < seen.length) {
          const change = seen[position];
          position += 1;
          if (test(change)) return change;
        }
        if (ended) throw new Error(`The stream ended (${JSON.stringify(ended)}) before: ${what}`);
        if (Date.now() > deadline) throw new Error(`Not seen in time: ${what}; seen ${JSON.stringify(seen)}`);
        await Promise.race([wake.promise, new Promise((resolve) => setTimeout(resolve, 200))]);
      }
    },
    async stop() {
      await client.dispose();
    },
  };
}
