import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { Origin } from '../auth/door-book.js';
import { sessionOf, type Viewer } from '../auth/viewer.js';
import { isDatabaseFault } from '../entities/orm.js';
import { type ApiError, accessEnded, badRequest, limitExceeded, sessionEnded, unauthenticated } from '../errors.js';
import { Batch, type Connection } from '../pubsub/subscriber.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import type { AddressLimits } from './address-limits.js';
import type { Admissions, Place } from './admissions.js';
import { type FormatError, withFormat } from './error-format.js';
import { LAST_WORDS_MS } from './limits.js';
import type { Asking, Operations, Request, Running, Session } from './operations.js';
import { originOf } from './origin.js';
import { Outbox, type QueueLimits } from './outbox.js';
import type { Guest } from './session-watch.js';
import type { Entrant } from './sign-in-watch.js';

export interface EventStreamOptions {
  operations: Operations;
  admissions: Admissions;
  addresses: AddressLimits;
  formatError: FormatError;
  queueLimits: QueueLimits;
  trustedProxies: TrustedProxies;
}

const LOOK_MS = 250;
const KEEP_ALIVE_MS = 12_000;
const COMPLETE = Buffer.from('event: complete\ndata:\n\n');
const KEEP_ALIVE = Buffer.from(':\n\n');

/** Operations over Server-Sent Events: graphql-sse, distinct connections. For who cannot use a WebSocket. */
export class EventStreams {
  readonly #open = new Set<EventStream>();
  readonly #timer: NodeJS.Timeout;

  constructor(readonly options: EventStreamOptions) {
    this.#timer = setInterval(() => {
      const [now, today] = [performance.now(), Date.now()];
      for (const stream of this.#open) stream.look(now, today);
    }, LOOK_MS);
    this.#timer.unref();
  }

  get size(): number {
    return this.#open.size;
  }

  /** Answers one request with a stream, until either side ends it. Throws what is to be answered as an error. */
  async serve(request: IncomingMessage, response: ServerResponse, viewer: Viewer, body: unknown): Promise<void> {
    if (viewer.kind === 'NOBODY') throw unauthenticated('NO_CREDENTIAL');
    if (this.options.addresses.take(request, response)) {
      throw limitExceeded('CONNECTIONS_PER_ADDRESS', 'Too many connections from one address.');
    }
    const stream = new EventStream(this.options, response, viewer, originOf(request, this.options.trustedProxies));
    this.#open.add(stream);
    response.once('close', () => stream.leave());
    try {
      await stream.begin(requestOf(request, body));
      await stream.over;
    } finally {
      this.#open.delete(stream);
    }
  }

  /** Ends all streams without completing them: their clients come back, to another process. */
  drain(): void {
    clearInterval(this.#timer);
    for (const stream of this.#open) stream.leave();
  }
}

function requestOf({ headers }: IncomingMessage, body: unknown): Request {
  const { query, operationName, variables, extensions } = (body ?? {}) as Partial<Record<string, unknown>>;
  const isText = (value: unknown) => typeof value === 'string';
  const isAbsent = (value: unknown) => value === undefined || value === null;
  const isObject = (value: unknown) => typeof value === 'object' && !Array.isArray(value);
  if (!isText(query) || !(isAbsent(operationName) || isText(operationName)))
    throw badRequest('QUERY_MISSING', 'The body is a JSON object with a "query".');
  if (!isAbsent(variables) && !isObject(variables)) throw badRequest('VARIABLES', 'The variables are a JSON object.');
  if (!isAbsent(extensions) && !isObject(extensions))
    throw badRequest('EXTENSIONS', 'The extensions are a JSON object.');
  return { query, operationName, variables, extensions, idempotencyKey: headers['idempotency-key'] } as Request;
}

/** A batch as events, made once for all streams. */
function eventsOf(batch: Batch): Buffer {
  let bytes = batch.encoded.get('events') as Buffer | undefined;
  if (!bytes) {
    bytes = Buffer.from(batch.payloads.map((json) => `event: next\ndata: ${json}\n\n`).join(''));
    batch.encoded.set('events', bytes);
  }
  return bytes;
}

/** One operation's stream. */
class EventStream implements Connection, Session, Asking, Guest, Entrant {
  #place: Place | null = null;
  isOver = false;
  readonly over: Promise<void>;
  readonly #outbox: Outbox;
  #finish!: () => void;
  #running: Running | null = null;
  #aliveAt = performance.now();

  constructor(
    readonly options: EventStreamOptions,
    readonly response: ServerResponse,
    public viewer: Viewer,
    readonly origin: Origin,
  ) {
    this.#outbox = new Outbox(response, options.queueLimits, () => void this.#giveUp());
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#finish = resolve;
  }

  get admission(): Place['admission'] {
    return this.#place?.admission ?? null;
  }

  async begin(request: Request): Promise<void> {
    const place = await this.options.admissions.admit(this.viewer, this);
    if (this.isOver) {
      place?.leave();
      throw accessEnded();
    }
    this.#place = place;
    this.response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no', // proxies that gather answers would hold the stream back
    });
    this.response.flushHeaders();
    try {
      this.#running = await this.options.operations.begin(this, request, this);
      if (this.isOver) this.#running?.stop();
    } catch (error) {
      // The client comes back by itself when the stream breaks off, which helps when the database is away.
      if (isDatabaseFault(error)) this.leave();
      else this.#endWith(error);
    }
  }

  deliver(batch: Batch): void {
    this.#aliveAt = performance.now();
    if (!this.isOver) this.#outbox.push(eventsOf(batch), batch.payloads.length);
  }

  next(json: string): void {
    this.deliver(new Batch([json]));
  }

  refuse(errors: readonly GraphQLError[]): void {
    this.next(JSON.stringify({ errors }));
    this.complete();
  }

  complete(): void {
    if (!this.isOver) this.#outbox.close(COMPLETE, { drop: false });
    this.leave();
  }

  /** Called by the fan-out when something about the viewer has changed. */
  async review(): Promise<void> {
    const until = await this.options.admissions.endOf(this.viewer);
    if (until && 'expiresAt' in this.viewer) this.viewer = { ...this.viewer, expiresAt: until };
  }

  /** Called by the fan-out when the viewer's way in has been closed. */
  end(): void {
    if (this.response.headersSent) this.#endWith(accessEnded());
    else this.isOver = true;
  }

  signOut(): void {
    if (this.response.headersSent) this.#endWith(sessionEnded());
    else this.isOver = true;
  }

  turnAway(error: ApiError): void {
    if (this.response.headersSent) this.#endWith(error);
    else this.isOver = true;
  }

  prolong(session: string, until: Date): void {
    if ('userId' in this.viewer && sessionOf(this.viewer) === session)
      this.viewer = { ...this.viewer, expiresAt: until };
  }

  #endWith(error: unknown): void {
    this.refuse([withFormat(this.options.formatError, error)]);
  }

  /** What the clock decides. */
  look(now: number, today: number): void {
    const expiresAt = 'expiresAt' in this.viewer ? this.viewer.expiresAt : null;
    if (expiresAt && expiresAt.getTime() <= today) {
      if (sessionOf(this.viewer)) this.signOut();
      else this.#endWith(unauthenticated('TOKEN_EXPIRED', 'The token has expired.'));
    } else if (now - this.#aliveAt > KEEP_ALIVE_MS && this.response.headersSent) {
      this.#aliveAt = now;
      this.#outbox.push(KEEP_ALIVE);
    }
  }

  /** The reader is too slow: in place of what it has not taken it is told to read anew, then left. */
  async #giveUp(): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    const batch = await this.#running?.resync();
    this.#outbox.close(batch ? eventsOf(batch) : null, { drop: true });
    setTimeout(() => this.response.destroy(), LAST_WORDS_MS).unref();
    this.leave();
  }

  leave(): void {
    this.isOver = true;
    this.#running?.stop();
    this.#place?.leave();
    this.#place = null;
    this.#outbox.close(null, { drop: true });
    this.response.end();
    this.#finish();
  }
}

export const isEventStream = (request: IncomingMessage): boolean =>
  /\btext\/event-stream\b/.test(request.headers.accept ?? '');
