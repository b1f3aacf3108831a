import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { handleProtocols } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { isDatabaseFault } from '../entities/orm.js';
import { CloseCode } from '../errors/close-codes.js';
import type { Logger } from '../log.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import type { AddressLimits } from './address-limits.js';
import type { BrowserDoor } from './browser-door.js';
import type { MainServer } from './listeners.js';
import { originOf } from './origin.js';
import type { Guards } from './router.js';
import { GraphqlSocket, type SocketHost, type SocketOptions } from './socket.js';

export interface WebsocketOptions extends SocketOptions {
  addresses: AddressLimits;
  guards: Guards;
  trustedProxies: TrustedProxies;
  door: BrowserDoor;
  log: Logger;
  maxMessageBytes: number;
  /** After so long without an operation a socket is closed. */
  idleMs: number;
}

const SWEEP_MS = 250;
const INIT_MS = 5_000;
const PING_MS = 12_000;

/** All sockets of this process: who may come in, how long they stay, how they go. */
export class SocketHub implements SocketHost {
  /** How many readers were left because they did not keep up. */
  slowReaders = 0;
  readonly #open = new Set<GraphqlSocket>();
  readonly #server: WebSocketServer;
  readonly #sweep: NodeJS.Timeout;
  #isDraining = false;

  constructor(
    http: MainServer,
    path: string,
    readonly options: WebsocketOptions,
  ) {
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

  report(error: unknown): void {
    if (isDatabaseFault(error)) this.options.log.warn({ error: String(error) }, 'socket: the database is away');
    else this.options.formatError(error);
  }

  countSlowReader(): void {
    this.slowReaders += 1;
  }

  forget(socket: GraphqlSocket): void {
    this.#open.delete(socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, path: string): void {
    socket.on('error', destroy);
    const refuse = (status: string, ...headers: string[]) => {
      // Nobody counts it, so it does not stay, whatever its client does.
      socket.once('finish', destroy);
      const strict = Object.entries(this.options.guards.entrance.headersFor(request));
      const lines = strict.map(([name, value]) => `${name}: ${value}`);
      socket.end([`HTTP/1.1 ${status}`, 'connection: close', ...lines, ...headers, '', ''].join('\r\n'));
    };
    if (this.#isBarred(request)) return void refuse('403 Forbidden');
    if (this.#isDraining) return void refuse('503 Service Unavailable');
    if (request.url?.split('?')[0] !== path) return void refuse('404 Not Found');
    const retryAfter = this.options.addresses.take(request, socket);
    if (retryAfter) return void refuse('429 Too Many Requests', `Retry-After: ${retryAfter}`);
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#accept(ws, request, socket));
  }

  /** Whether an upgrade came in the clear, or from a page of another site. */
  #isBarred(request: IncomingMessage): boolean {
    const { entrance, crossOrigin } = this.options.guards;
    if (entrance.isOpenTo(request)) return !crossOrigin.isOpenTo(request);
    entrance.tell(request);
    return true;
  }

  #accept(ws: WebSocket, request: IncomingMessage, socket: Duplex): void {
    const { door, trustedProxies } = this.options;
    if (ws.protocol === '') ws.close(CloseCode.SUBPROTOCOL, 'Subprotocol not acceptable');
    else
      this.#open.add(new GraphqlSocket(ws, socket, originOf(request, trustedProxies), this, door.enterSocket(request)));
  }

  /** Looks after what the clock decides, for all sockets: one timer instead of several for each. */
  #look(): void {
    const now = performance.now();
    const today = Date.now();
    for (const socket of this.#open) {
      if (!socket.isAcknowledged && now - socket.openedAt > INIT_MS) {
        socket.close(CloseCode.NO_INIT, 'Connection initialisation timeout');
      } else if (socket.expiresAt <= today) {
        socket.expire();
      } else if (socket.isIdle && now - socket.lastUsedAt > this.options.idleMs) {
        socket.close(CloseCode.IDLE, 'IDLE');
      } else {
        socket.pingAfter(PING_MS, now);
      }
    }
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

function destroy(this: Duplex): void {
  this.destroy();
}
