import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { GraphQLError } from 'graphql';
import { handleProtocols } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticate.js';
import type { Standing } from '../auth/standing.js';
import type { Viewer } from '../auth/viewer.js';
import { isDatabaseFault } from '../entities/orm.js';
import { ApiError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Admission } from '../pubsub/fan-out.js';
import type { Connection } from '../pubsub/subscriber.js';
import type { Reading } from '../resolvers/reading.js';
import type { Admissions } from './admissions.js';
import { CloseCode } from './close-codes.js';
import { AddressLimits, addressOf, type ConnectionLimits } from './connection-limits.js';
import { credentialOf } from './credential.js';
import { type FormatError, withFormat } from './error-format.js';
import type { Operations } from './operations.js';
import { GraphqlSocket, type SocketHost } from './socket.js';

export interface WebsocketOptions extends ConnectionLimits {
  authenticator: Authenticator;
  operations: Operations;
  admissions: Admissions;
  formatError: FormatError;
  log: Logger;
  maxMessageBytes: number;
  /** Before a credential has been verified. */
  anonymousMessageBytes: number;
  /** After so long without an operation a socket is closed. */
  idleMs: number;
}

const SWEEP_MS = 250;
const INIT_MS = 5_000;
const PING_MS = 12_000;

/** All sockets of this process: who may come in, how long they stay, how they go. */
export class SocketHub implements SocketHost {
  readonly counts = { slowReaders: 0, refused: 0 };
  readonly #open = new Set<GraphqlSocket>();
  readonly #server: WebSocketServer;
  readonly #addresses: AddressLimits;
  readonly #sweep: NodeJS.Timeout;
  #isDraining = false;

  constructor(
    http: Server,
    path: string,
    readonly options: WebsocketOptions,
  ) {
    this.#addresses = new AddressLimits(options);
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      handleProtocols,
      // One limit for all sockets: `GraphqlSocket` looks at what comes before the credential has been verified.
      maxPayload: Math.max(options.maxMessageBytes, options.anonymousMessageBytes),
    });
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head, path));
    this.#sweep = setInterval(() => this.#look(), SWEEP_MS);
    this.#sweep.unref();
  }

  get size(): number {
    return this.#open.size;
  }

  get operations(): Operations {
    return this.options.operations;
  }

  get queueLimitBytes(): number {
    return this.options.queueLimitBytes;
  }

  get anonymousMessageBytes(): number {
    return this.options.anonymousMessageBytes;
  }

  get maxSubscriptionsPerSocket(): number {
    return this.options.maxSubscriptionsPerSocket;
  }

  report(error: unknown): void {
    if (isDatabaseFault(error)) this.options.log.warn({ error: String(error) }, 'socket: the database is away');
    else this.options.formatError(error);
  }

  countSlowReader(): void {
    this.counts.slowReaders += 1;
  }

  authenticate(payload: Record<string, unknown>): Promise<Viewer> {
    return this.options.authenticator.authenticate(credentialOf(payload));
  }

  admit(viewer: Viewer, connection: Connection): Promise<Admission<Standing, Reading> | null> {
    return this.options.admissions.admit(viewer, connection);
  }

  refusal(message: string): GraphQLError {
    return withFormat(this.options.formatError, new ApiError('LIMIT_EXCEEDED', message, 'OPERATIONS_PER_SOCKET'));
  }

  forget(socket: GraphqlSocket): void {
    if (this.#open.delete(socket)) this.#addresses.release(socket.address);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, path: string): void {
    socket.on('error', () => socket.destroy());
    const refuse = (status: string, ...headers: string[]) =>
      socket.end([`HTTP/1.1 ${status}`, 'Connection: close', ...headers, '', ''].join('\r\n'));
    if (this.#isDraining) return void refuse('503 Service Unavailable');
    if (request.url?.split('?')[0] !== path) return void refuse('404 Not Found');
    const address = addressOf(request, this.options.trustedProxies);
    const refusal = this.#addresses.take(address);
    if (refusal) {
      this.counts.refused += 1;
      return void refuse('429 Too Many Requests', `Retry-After: ${refusal === 'TOO_FAST' ? 1 : 30}`);
    }
    let isOpen = false;
    socket.once('close', () => isOpen || this.#addresses.release(address));
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      isOpen = true;
      this.#accept(ws, socket, address);
    });
  }

  #accept(ws: WebSocket, socket: Duplex, address: string): void {
    if (ws.protocol === '') {
      this.#addresses.release(address);
      ws.close(4406, 'Subprotocol not acceptable');
      return;
    }
    this.#open.add(new GraphqlSocket(ws, socket, address, this));
  }

  /** Looks after what the clock decides, for all sockets: one timer instead of several for each. */
  #look(): void {
    const now = performance.now();
    const today = Date.now();
    for (const socket of this.#open) {
      if (!socket.isAcknowledged && now - socket.openedAt > INIT_MS) {
        socket.close(CloseCode.NO_INIT, 'Connection initialisation timeout');
      } else if (socket.expiresAt <= today) {
        socket.close(CloseCode.EXPIRED, 'TOKEN_EXPIRED', { drop: true });
      } else if (socket.isIdle && now - socket.lastUsedAt > this.options.idleMs) {
        socket.close(CloseCode.IDLE, 'IDLE');
      } else {
        socket.pingAfter(PING_MS, now);
      }
    }
    this.#addresses.sweep(now);
  }

  /** Refuses new sockets and closes the open ones, spread over `overMs`, so that they do not all come back at once. */
  async drain(overMs: number): Promise<void> {
    this.#isDraining = true;
    const sockets = [...this.#open];
    const startedAt = performance.now();
    for (const [i, socket] of sockets.entries()) {
      const dueAt = startedAt + (overMs * i) / sockets.length;
      if (dueAt > performance.now()) await delay(dueAt - performance.now());
      socket.close(CloseCode.RESTART, 'SERVER_RESTART');
    }
    await delay(Math.min(overMs, 200));
    for (const socket of sockets) socket.ws.terminate();
    clearInterval(this.#sweep);
  }
}
