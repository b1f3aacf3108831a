import { once } from 'node:events';
import WebSocket from 'ws';
import type { Caller } from './client.js';
import type { Node } from './cluster.js';
import { until } from './until.js';

/** A socket spoken to by hand. */
export class RawSocket {
  readonly messages: { id?: string; type: string; payload?: never }[] = [];
  readonly closed: Promise<{ code: number; reason: string; at: number }>;

  private constructor(readonly ws: WebSocket) {
    ws.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.closed = once(ws, 'close').then(([code, reason]) => ({ code, reason: String(reason), at: Date.now() }));
  }

  /** Opens one, and with a payload waits for the acknowledgement of its `connection_init`. */
  static async open({ wsUrl }: Pick<Node, 'wsUrl'>, caller: object | null): Promise<RawSocket> {
    const { cookie, origin, ...payload } = (caller ?? {}) as Caller;
    const headers = { ...(cookie && { cookie }), ...(origin && { origin }) };
    const raw = new RawSocket(new WebSocket(wsUrl, 'graphql-transport-ws', { headers }));
    await once(raw.ws, 'open');
    if (!caller) return raw;
    raw.send({ type: 'connection_init', payload });
    await Promise.race([raw.next('connection_ack'), raw.closed]);
    return raw;
  }

  send(message: object): void {
    this.ws.send(JSON.stringify(message));
  }

  async next(type: string, id?: string) {
    const find = () => this.messages.find((message) => message.type === type && (!id || message.id === id));
    await until(() => find() !== undefined || this.ws.readyState === WebSocket.CLOSED, type);
    const message = find();
    if (message) this.messages.splice(this.messages.indexOf(message), 1);
    return message;
  }

  subscribe(id: string, query: string, variables: object): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }
}
