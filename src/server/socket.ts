import type { Duplex } from 'node:stream';
import type { GraphQLError } from 'graphql';
import { MessageType, parseMessage, type SubscribeMessage } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Standing } from '../auth/standing.js';
import type { Viewer } from '../auth/viewer.js';
import { ApiError, unauthenticated } from '../errors.js';
import type { Admission } from '../pubsub/fan-out.js';
import type { Connection } from '../pubsub/subscriber.js';
import { Batch } from '../pubsub/subscriber.js';
import type { Reading } from '../resolvers/reading.js';
import { isDeeperThan } from '../schema/depth.js';
import { CloseCode, closingOf } from './close-codes.js';
import { credentialOf } from './credential.js';
import { frameOf, framesOf } from './frames.js';
import { MAX_DEPTH } from './limits.js';
import type { Asking, Operations, Running, Session } from './operations.js';
import { Outbox } from './outbox.js';

/** How long a reader that is too slow has to take its last words. */
const LAST_WORDS_MS = 5_000;

/** What a socket asks of the process that it is open to. */
export interface SocketHost {
  readonly operations: Operations;
  readonly queueLimitBytes: number;
  /** Of one message, until its sender's credential has been verified. */
  readonly anonymousMessageBytes: number;
  readonly maxSubscriptionsPerSocket: number;
  /** The viewer of a payload's credential. Throws as `auth/authenticate` does. */
  authenticate(payload: Record<string, unknown>): Promise<Viewer>;
  /** Null for a viewer without a company, and when the way in is closed, and the socket with it. Throws LIMIT_EXCEEDED. */
  admit(
    viewer: Viewer,
    connection: Connection,
  ): Promise<Admission<Standing, Reading> | null> /** Why one more operation is not begun. */;
  refusal(message: string): GraphQLError;
  /** Tells the operator of a fault of ours. */
  report(error: unknown): void;
  countSlowReader(): void;
  forget(socket: GraphqlSocket): void;
}

/** One WebSocket that speaks graphql-transport-ws. */
export class GraphqlSocket implements Connection, Session {
  viewer: Viewer = { kind: 'NOBODY' };
  admission: Admission<Standing, Reading> | null = null;
  /** When the credential ends, in milliseconds since the epoch. */
  expiresAt = Number.POSITIVE_INFINITY;
  readonly openedAt = performance.now();
  /** Whether `connection_init` has come, and whether it has been answered. */
  #hasAsked = false;
  isAcknowledged = false;
  #pingedAt = performance.now();
  #isAlive = true;
  /** When it last had a subscription, in milliseconds since the process began. */
  lastUsedAt = performance.now();
  isOver = false;
  readonly #askings = new Map<string, SocketAsking>();
  readonly #outbox: Outbox;

  constructor(
    readonly ws: WebSocket,
    socket: Duplex,
    readonly address: string,
    readonly host: SocketHost,
  ) {
    this.#outbox = new Outbox(socket, host.queueLimitBytes, () => void this.#giveUp());
    ws.on('message', (data) => void this.#handle(data as Buffer).catch((error) => this.#fail(error)));
    ws.on('pong', () => {
      this.#isAlive = true;
    });
    ws.on('close', () => this.#leave());
    ws.on('error', () => {});
  }

  get isIdle(): boolean {
    return this.#askings.size === 0;
  }

  /** Asks for a sign of life so long after the last one; without an answer to that, the reader is gone. */
  pingAfter(ms: number, now: number): void {
    if (now - this.#pingedAt < ms) return;
    if (!this.#isAlive) {
      this.ws.terminate();
      return;
    }
    this.#isAlive = false;
    this.#pingedAt = now;
    this.ws.ping();
  }

  /** Called by the fan-out when the viewer's way in has been closed. */
  end(): void {
    this.close(CloseCode.FORBIDDEN, 'ACCESS_ENDED', { drop: true });
  }

  /** Closes with a code of `docs/protocol.md`; what is queued goes first unless it is dropped. */
  close(code: number, reason: string, { drop }: { drop: boolean } = { drop: false }): void {
    if (this.isOver) return;
    this.#outbox.close(null, { drop });
    this.ws.close(code, reason);
    this.#leave();
  }

  async #handle(data: Buffer): Promise<void> {
    if (this.isOver) return;
    if (!this.isAcknowledged && data.length > this.host.anonymousMessageBytes)
      return this.close(CloseCode.TOO_LARGE, '');
    const message = read(data);
    if (!message) return this.close(CloseCode.BAD_REQUEST, 'Invalid message received');
    switch (message.type) {
      case MessageType.ConnectionInit:
        return this.#init(message.payload ?? {});
      case MessageType.Ping:
        return this.#pong(message.payload);
      case MessageType.Pong:
        return;
      case MessageType.Subscribe:
        return this.#subscribe(message);
      case MessageType.Complete:
        return this.#complete(message.id);
      default:
        return this.close(CloseCode.BAD_REQUEST, `Unexpected message of type ${message.type} received`);
    }
  }

  async #init(params: Record<string, unknown>): Promise<void> {
    if (this.#hasAsked) return this.close(CloseCode.TOO_MANY_INITS, 'Too many initialisation requests');
    this.#hasAsked = true;
    const viewer = await this.host.authenticate(params);
    if (viewer.kind === 'NOBODY') throw unauthenticated('NO_CREDENTIAL');
    if (this.isOver) return;
    this.#be(viewer);
    const admission = await this.host.admit(viewer, this);
    // Meanwhile the socket may have been closed, by the fan-out where the way in is.
    if (this.isOver) return admission?.leave();
    this.admission = admission;
    this.isAcknowledged = true;
    this.#send({ type: MessageType.ConnectionAck });
  }

  #be(viewer: Viewer): void {
    this.viewer = viewer;
    const expiry = 'expiresAt' in viewer ? viewer.expiresAt : null;
    this.expiresAt = expiry?.getTime() ?? Number.POSITIVE_INFINITY;
  }

  /** A ping that carries a fresh credential of the same viewer lengthens the connection's life. */
  async #pong(payload: Record<string, unknown> | undefined): Promise<void> {
    if (!payload || credentialOf(payload).authorization === undefined)
      return this.#send({ type: MessageType.Pong, payload });
    if (!this.isAcknowledged) return this.close(CloseCode.UNAUTHORIZED, 'Unauthorized');
    const { companyId } = this.viewer as { companyId?: string };
    const viewer = await this.host.authenticate({ companyId, ...payload });
    if (identityOf(viewer) !== identityOf(this.viewer))
      throw unauthenticated('ANOTHER_VIEWER', 'Connect anew as somebody else.');
    this.#be(viewer);
    this.#send({
      type: MessageType.Pong,
      payload: { expiresAt: Number.isFinite(this.expiresAt) ? new Date(this.expiresAt) : null },
    });
  }

  async #subscribe({ id, payload }: SubscribeMessage): Promise<void> {
    if (!this.isAcknowledged) return this.close(CloseCode.UNAUTHORIZED, 'Unauthorized');
    if (this.#askings.has(id)) return this.close(CloseCode.SUBSCRIBER_EXISTS, `Subscriber for ${id} already exists`);
    const asking = new SocketAsking(this, id);
    if (this.#askings.size >= this.host.maxSubscriptionsPerSocket) {
      return asking.refuse([this.host.refusal(`A socket carries ${this.#askings.size} operations at most.`)]);
    }
    this.#askings.set(id, asking);
    const running = await this.host.operations.begin(this, payload, asking);
    if (asking.isOver) running?.stop();
    else asking.running = running;
  }

  #complete(id: string): void {
    const asking = this.#askings.get(id);
    if (!asking) return;
    this.forget(id);
    asking.end();
  }

  forget(id: string): void {
    this.#askings.delete(id);
    this.lastUsedAt = performance.now();
  }

  /** A fault of one message: a credential or a company that is not good, or one of ours. */
  #fail(error: unknown): void {
    if (!(error instanceof ApiError)) this.host.report(error);
    this.close(...closingOf(error), { drop: true });
  }

  #send(message: object): void {
    this.push(frameOf(message));
  }

  push(frames: Buffer): void {
    if (!this.isOver) this.#outbox.push(frames);
  }

  /** The reader is too slow: in place of what it has not taken it is told to read anew, then left. */
  async #giveUp(): Promise<void> {
    if (this.isOver) return;
    this.host.countSlowReader();
    this.isOver = true;
    const lastWords = await Promise.all([...this.#askings.values()].map((asking) => asking.lastWords()));
    this.#outbox.close(Buffer.concat(lastWords), { drop: true });
    this.ws.close(CloseCode.TOO_SLOW, 'TOO_SLOW');
    this.#leave();
    setTimeout(() => this.ws.terminate(), LAST_WORDS_MS).unref();
  }

  #leave(): void {
    this.isOver = true;
    for (const asking of this.#askings.values()) asking.end();
    this.#askings.clear();
    this.admission?.leave();
    this.admission = null;
    this.host.forget(this);
  }
}

/** One operation on a socket. */
class SocketAsking implements Asking {
  isOver = false;
  running: Running | null = null;

  constructor(
    readonly socket: GraphqlSocket,
    readonly id: string,
  ) {}

  deliver(batch: Batch): void {
    this.socket.push(framesOf(batch, this.id));
  }

  next(json: string): void {
    this.deliver(new Batch([json]));
  }

  refuse(errors: readonly GraphQLError[]): void {
    this.#finish({ id: this.id, type: MessageType.Error, payload: errors });
  }

  complete(): void {
    this.#finish({ id: this.id, type: MessageType.Complete });
  }

  #finish(message: object): void {
    if (this.isOver) return;
    this.isOver = true;
    this.socket.push(frameOf(message));
    this.socket.forget(this.id);
  }

  /** The client, or the end of the socket, has ended it. */
  end(): void {
    this.isOver = true;
    this.running?.stop();
  }

  /** RESYNC, for a reader who will get nothing else. */
  async lastWords(): Promise<Buffer> {
    const batch = await this.running?.resync();
    return batch ? framesOf(batch, this.id) : Buffer.alloc(0);
  }
}

const identityOf = (viewer: Viewer): string =>
  [
    viewer.kind,
    (viewer as { userId?: string }).userId,
    (viewer as { followId?: string }).followId,
    (viewer as { companyId?: string }).companyId,
  ].join(' ');

function read(data: unknown) {
  try {
    const message = parseMessage(String(data));
    return isDeeperThan(MAX_DEPTH, message) ? null : message;
  } catch {
    return null;
  }
}
