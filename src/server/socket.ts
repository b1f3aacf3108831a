import type { Duplex } from 'node:stream';
import type { GraphQLError } from 'graphql';
import { MessageType, parseMessage, type SubscribeMessage } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Authenticator } from '../auth/authenticate.js';
import type { Origin } from '../auth/door-book.js';
import { actorIdOf, sessionOf, type Viewer } from '../auth/viewer.js';
import { CloseCode } from '../errors/close-codes.js';
import { ApiError, limitExceeded, unauthenticated } from '../errors.js';
import { Batch, type Connection } from '../pubsub/subscriber.js';
import { hasMoreValues, isDeeperThan } from '../schema/json-size.js';
import type { Admissions, Place } from './admissions.js';
import { closingOf } from './closing.js';
import { credentialOf } from './credential.js';
import { type FormatError, withFormat } from './error-format.js';
import { frameOf, framesOf } from './frames.js';
import { LAST_WORDS_MS, MAX_DEPTH, MAX_VALUES } from './limits.js';
import type { Asking, Operations, Running, Session } from './operations.js';
import { Outbox, type QueueLimits } from './outbox.js';
import { spenderOf } from './rate-limits.js';
import type { Guest } from './session-watch.js';
import type { Entrant } from './sign-in-watch.js';

/** Of a ping with a credential, in points. */
const PING_COST = 100;

export interface SocketOptions {
  authenticator: Authenticator;
  admissions: Admissions;
  operations: Operations;
  formatError: FormatError;
  /** Of one message, until its sender's credential has been verified. */
  anonymousMessageBytes: number;
  queueLimits: QueueLimits;
  maxSubscriptionsPerSocket: number;
}

/** What a socket tells the process that it is open to. */
export interface SocketHost {
  readonly options: SocketOptions;
  /** A fault of ours, for the operator. */
  report(error: unknown): void;
  countSlowReader(): void;
  forget(socket: GraphqlSocket): void;
}

/** One WebSocket that speaks graphql-transport-ws. */
export class GraphqlSocket implements Connection, Session, Guest, Entrant {
  viewer: Viewer = { kind: 'NOBODY' };
  #place: Place | null = null;
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
  /** Those, and the ones that are over and still at work. */
  readonly #underWay = new Set<SocketAsking>();
  readonly #outbox: Outbox;

  constructor(
    readonly ws: WebSocket,
    socket: Duplex,
    readonly origin: Origin,
    readonly host: SocketHost,
    /** What the browser's cookie has, until it has been looked at. */
    private session: string | undefined,
  ) {
    this.#outbox = new Outbox(socket, host.options.queueLimits, () => void this.#giveUp());
    ws.on('message', (data) => void this.#handle(data as Buffer).catch((error) => this.#fail(error)));
    ws.on('pong', () => {
      this.#isAlive = true;
    });
    ws.on('close', () => this.#leave());
    ws.on('error', () => {});
  }

  get admission(): Place['admission'] {
    return this.#place?.admission ?? null;
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

  /** Called by the fan-out when something about the viewer has changed. */
  async review(): Promise<void> {
    const until = await this.host.options.admissions.endOf(this.viewer);
    if (until && 'expiresAt' in this.viewer) this.#be({ ...this.viewer, expiresAt: until });
  }

  /** Called by the fan-out when the viewer's way in has been closed. */
  end(): void {
    this.close(CloseCode.FORBIDDEN, 'ACCESS_ENDED', { drop: true });
  }

  signOut(): void {
    this.close(CloseCode.UNAUTHORIZED, 'SESSION_ENDED', { drop: true });
  }

  turnAway(error: ApiError): void {
    this.close(...closingOf(error), { drop: true });
  }

  prolong(session: string, until: Date): void {
    if ('userId' in this.viewer && sessionOf(this.viewer) === session) this.#be({ ...this.viewer, expiresAt: until });
  }

  /** Its time is over. */
  expire(): void {
    if (sessionOf(this.viewer)) this.signOut();
    else this.close(CloseCode.EXPIRED, 'TOKEN_EXPIRED', { drop: true });
  }

  /** Closes with a code of `docs/errors.md`; what is queued goes first unless it is dropped. */
  close(code: CloseCode, reason: string, { drop }: { drop: boolean } = { drop: false }): void {
    if (this.isOver) return;
    this.#outbox.close(null, { drop });
    this.ws.close(code, reason);
    this.#leave();
  }

  async #handle(data: Buffer): Promise<void> {
    if (this.isOver) return;
    if (!this.isAcknowledged && data.length > this.host.options.anonymousMessageBytes)
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
    const viewer = await this.#authenticate(params, this.session);
    this.session = undefined;
    if (viewer.kind === 'NOBODY') throw unauthenticated('NO_CREDENTIAL');
    if (this.isOver) return;
    this.#be(viewer);
    const place = await this.host.options.admissions.admit(viewer, this);
    // Meanwhile the socket may have been closed, by the fan-out where the way in is.
    if (this.isOver) return place?.leave();
    this.#place = place;
    this.isAcknowledged = true;
    this.#send({ type: MessageType.ConnectionAck });
  }

  #authenticate(payload: Record<string, unknown>, session?: string): Promise<Viewer> {
    return this.host.options.authenticator.authenticate({ ...credentialOf(payload), session, origin: this.origin });
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
    // Each is a look into the database, or a signature.
    await this.host.options.operations.options.rates.take(spenderOf(this.viewer, 'a socket'), PING_COST);
    const { companyId } = this.viewer as { companyId?: string };
    const viewer = await this.#authenticate({ companyId, ...payload });
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
    const most = this.host.options.maxSubscriptionsPerSocket;
    if (this.#underWay.size >= most) {
      const words = `A socket carries ${most} operations at most.`;
      const error = limitExceeded('OPERATIONS_PER_SOCKET', words);
      return asking.refuse([withFormat(this.host.options.formatError, error)]);
    }
    this.#askings.set(id, asking);
    this.#underWay.add(asking);
    try {
      const running = await this.host.options.operations.begin(this, payload, asking);
      if (asking.isOver) running?.stop();
      else asking.running = running;
    } finally {
      asking.hasBegun = true;
      this.#release(asking);
    }
  }

  /** A client that completes what it has just asked for has not taken the work back that it gave. */
  #release(asking: SocketAsking): void {
    if (asking.isOver && asking.hasBegun) this.#underWay.delete(asking);
  }

  #complete(id: string): void {
    const asking = this.#askings.get(id);
    if (!asking) return;
    asking.end();
    this.forget(asking);
  }

  forget(asking: SocketAsking): void {
    this.#askings.delete(asking.id);
    this.#release(asking);
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

  push(frames: Buffer, messages = 1): void {
    if (!this.isOver) this.#outbox.push(frames, messages);
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
    this.#place?.leave();
    this.#place = null;
    this.host.forget(this);
  }
}

/** One operation on a socket. */
class SocketAsking implements Asking {
  isOver = false;
  /** Whether what it asked for has been answered, or stands. */
  hasBegun = false;
  running: Running | null = null;

  constructor(
    readonly socket: GraphqlSocket,
    readonly id: string,
  ) {}

  deliver(batch: Batch): void {
    if (this.isOver) return;
    this.socket.push(framesOf(batch, this.id), batch.payloads.length);
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
    this.socket.forget(this);
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

/** What a viewer has to be again to go on with the same connection. */
function identityOf(viewer: Viewer): string {
  if ('userId' in viewer) return `${viewer.kind} ${'companyId' in viewer ? viewer.companyId : ''} ${viewer.userId}`;
  return `${viewer.kind} ${actorIdOf(viewer)}`;
}

function read(data: unknown) {
  try {
    if (hasMoreValues(MAX_VALUES, data as Buffer)) return null;
    const message = parseMessage(String(data));
    return isDeeperThan(MAX_DEPTH, message) ? null : message;
  } catch {
    return null;
  }
}
