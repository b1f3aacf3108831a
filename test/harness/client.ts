import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { type Client, createClient, type ExecutionResult } from 'graphql-ws';
import WebSocket from 'ws';
import type { Node } from './cluster.js';

/** Who asks: headers over HTTP, the payload of `connection_init` over WebSocket. */
export interface Caller {
  authorization?: string;
  companyId?: string;
  /** A browser's cookies, and the origin of the page in it that asks. */
  cookie?: string;
  origin?: string;
  /** Over HTTP only. */
  idempotencyKey?: string;
  /** Over HTTP only: where a proxy says that they are, see `BEHIND_PROXY`. */
  address?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads whatever its text asked for
type Whatever = any;

export interface Answer<Data = Whatever> {
  status: number;
  data: Data;
  errors: {
    message: string;
    path?: (string | number)[];
    extensions: { code: string; reason?: string; traceId?: string };
  }[];
}

const NOBODY: Caller = {};

/** A document by its text, or one that `npm run codegen` has typed: then its variables and its answer are known. */
type Document<Data = Whatever, Variables = Whatever> = string | TypedDocumentNode<Data, Variables>;
/** What goes in: nothing has to where the document asks for nothing. */
type Given<Variables> = Record<string, never> extends Variables ? [variables?: Variables] : [variables: Variables];

const textOf = (document: Document): string => (typeof document === 'string' ? document : print(document));

/** Asks over HTTP and returns status, data and errors (an empty list when there are none). */
export const ask = <Data = Whatever, Variables = object>(
  node: Node,
  caller: Caller | null,
  document: Document<Data, Variables>,
  ...[variables]: Given<Variables>
): Promise<Answer<Data>> => post(node, caller, { query: textOf(document), variables });

/** The same with a body as the test wants it. */
export async function post<Data = Whatever>(node: Node, caller: Caller | null, body: object): Promise<Answer<Data>> {
  const { authorization, companyId, idempotencyKey, cookie, origin, address } = caller ?? NOBODY;
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (authorization) headers.authorization = authorization;
  if (cookie) headers.cookie = cookie;
  if (origin) headers.origin = origin;
  if (companyId) headers['x-company-id'] = companyId;
  if (address) headers['x-forwarded-for'] = address;
  if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
  const response = await fetch(node.graphqlUrl, { method: 'POST', headers, body: JSON.stringify(body) });
  const { data = null, errors = [] } = (await response.json()) as { data?: Data | null; errors?: Answer['errors'] };
  return { status: response.status, data: data as Data, errors };
}

/** Asks for what must succeed. Throws with the errors otherwise. */
export async function get<Data = Whatever, Variables = object>(
  node: Node,
  caller: Caller,
  document: Document<Data, Variables>,
  ...variables: Given<Variables>
): Promise<Data> {
  const { data, errors } = await ask(node, caller, document, ...variables);
  if (errors.length > 0) throw new Error(`${textOf(document)}\n${JSON.stringify(errors)}`);
  return data;
}

/** The code of the first error, or null when there was none. */
export const codeOf = (answer: Answer): string | null => answer.errors[0]?.extensions.code ?? null;

const PATIENCE_MS = 10_000;

export interface Listener<Change = Whatever> {
  /** The next payload's field that passes the test; those before it are dropped. Throws after ten seconds. */
  until(test: (change: Change) => boolean, what?: string): Promise<Change>;
  /** Everything that has arrived so far. */
  readonly seen: Change[];
  /** How the socket was closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  /** The errors that ended the subscription. */
  readonly failed: Promise<readonly { message: string; extensions?: { code?: string; reason?: string } }[]>;
  stop(): Promise<void>;
}

/** A socket whose handshake has these headers, as a browser's has. */
const socketOf = (headers: Record<string, string>) =>
  class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { headers });
    }
  };

/** Subscribes over WebSocket on a socket of its own, without retries. */
export function listen<Data = Whatever, Variables extends object = object>(
  node: Node,
  caller: Caller | { follow: string },
  document: Document<Data, Variables>,
  ...[variables]: Given<Variables>
): Listener<Data[keyof Data]> {
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  const failed = Promise.withResolvers<readonly { message: string; extensions?: { code?: string } }[]>();
  const seen: Data[keyof Data][] = [];
  let wake = Promise.withResolvers<void>();
  let position = 0;
  let ended: unknown = null;
  const { cookie, origin, ...shown } = caller as Caller;
  const client: Client = createClient({
    url: node.wsUrl,
    webSocketImpl: cookie ? socketOf({ cookie, ...(origin && { origin }) }) : WebSocket,
    connectionParams: { ...shown },
    retryAttempts: 0,
    lazyCloseTimeout: 0,
    on: { closed: (event) => closed.resolve(event as { code: number; reason: string }) },
  });
  const arrived = () => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  client.subscribe(
    { query: textOf(document), variables: variables as Record<string, unknown> | undefined },
    {
      next: (result: ExecutionResult) => {
        if (result.errors) {
          ended = result.errors;
          failed.resolve(result.errors as never);
        }
        if (result.data) seen.push(Object.values(result.data)[0] as Data[keyof Data]);
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
          const change = seen[position] as Data[keyof Data];
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
