import WebSocket from 'ws';
import type { Node } from '../harness/cluster.js';
import type { Seat } from './population.js';

/** One payload, as it arrived. */
export interface Told {
  kind: string;
  cursor: string;
  taskId: string | null;
  title: string | null;
  /** When, in milliseconds since the epoch. */
  at: number;
}

interface Payload {
  data?: Record<string, Pick<Told, 'kind' | 'cursor' | 'taskId'> & { task: { title: string } | null }>;
  errors?: unknown[];
}

/** The time without a stream, from the loss of the socket to the next READY. */
export interface Absence {
  from: number;
  to: number;
}

export interface SubscriberOptions {
  /** Where to connect now; null when nobody is there. */
  where: () => Node | null;
  /** More fields of the task. */
  fields?: string | undefined;
  /** The longest pause before it connects again, at the first attempt. */
  jitterMs: number;
}

/** Codes after which the documentation tells a client to come back by itself. */
const COMES_BACK = new Set([1005, 1006, 1011, 1012, 1013, 4408, 4413]);
const LONGEST_PAUSE_MS = 2_000;

/**
 * A client of graphql-transport-ws that keeps everything it is told, and comes back with its last cursor. It is as
 * small as it can be: a run has thousands of them.
 */
export class Subscriber {
  readonly told: Told[] = [];
  readonly absences: Absence[] = [];
  /** What the protocol does not allow: error payloads, streams that ended, closes that tell not to come back. */
  readonly faults: { at: number; text: string }[] = [];
  readonly closes: number[] = [];
  isLive = false;
  /** The server that it is connected to, or was when it stopped. */
  connectedTo: Node | null = null;
  #socket: WebSocket | null = null;
  /** None before it has been live for the first time. */
  #lostAt: number | null = null;
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = true;

  constructor(
    readonly seat: Seat,
    readonly options: SubscriberOptions,
  ) {}

  /** Connects, at once. */
  start(): void {
    this.#isStopped = false;
    this.#lostAt = null;
    this.#connect();
  }

  /** Leaves without a word, as a client does whose network is gone. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
    this.#drop();
  }

  /** Loses its socket and comes back after `jitterMs` at most. */
  cut(jitterMs: number): void {
    this.#socket?.terminate();
    this.#drop();
    this.#comeBack(jitterMs);
  }

  /** Stops to read from the socket, and reads again. */
  pause(): void {
    this.#socket?.pause();
  }
  resume(): void {
    this.#socket?.resume();
  }

  get lastCursor(): string | undefined {
    return this.told.at(-1)?.cursor;
  }

  #connect(): void {
    const node = this.options.where();
    if (!node) {
      this.#comeBack();
      return;
    }
    const socket = new WebSocket(node.wsUrl, 'graphql-transport-ws', { perMessageDeflate: false });
    this.#socket = socket;
    this.connectedTo = node;
    socket.on('open', () => send(socket, { type: 'connection_init', payload: this.seat.credential }));
    socket.on('message', (frame) => this.#socket === socket && this.#take(socket, String(frame)));
    socket.on('error', () => {}); // the close that follows says it all
    socket.on('close', (code, reason) => {
      if (this.#socket !== socket) return;
      this.closes.push(code);
      if (!COMES_BACK.has(code)) this.#fault(`closed with ${code} ${reason}`);
      this.#drop();
      this.#comeBack();
    });
  }

  #drop(): void {
    this.#socket = null;
    if (this.isLive) this.#lostAt = Date.now();
    this.isLive = false;
  }

  #comeBack(jitterMs = Math.min(this.options.jitterMs * 2 ** this.#attempts, LONGEST_PAUSE_MS)): void {
    if (this.#isStopped) return;
    this.#attempts += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), Math.random() * jitterMs);
  }

  #take(socket: WebSocket, frame: string): void {
    const message = JSON.parse(frame);
    switch (message.type) {
      case 'connection_ack':
        send(socket, { id: '1', type: 'subscribe', payload: this.#subscription() });
        break;
      case 'next':
        this.#keep(message.payload);
        break;
      case 'ping':
        send(socket, { type: 'pong' });
        break;
      case 'error':
      case 'complete':
        this.#fault(`the stream ended: ${message.type} ${codesIn(message.payload)}`);
        this.cut(this.options.jitterMs);
    }
  }

  #subscription() {
    const { company, eyes } = this.seat;
    const isFollower = eyes.kind === 'FOLLOWER';
    const [parameter, argument] = isFollower ? ['', ''] : ['$project: ID!, ', 'projectId: $project, '];
    const field = isFollower ? 'followedChanged' : 'taskChanged';
    // A follower is told of one task, which needs no name.
    const selection = `kind cursor ${isFollower ? '' : 'taskId'} task { id title ${this.options.fields ?? ''} }`;
    const query = `subscription (${parameter}$after: String) { ${field}(${argument}after: $after) { ${selection} } }`;
    const after = this.lastCursor;
    return { query, variables: isFollower ? { after } : { project: company.projectId, after } };
  }

  #keep({ data, errors }: Payload): void {
    const change = data && Object.values(data)[0];
    if (errors || !change) {
      // A client that goes on would have lost the change: it takes its place again from the last cursor it has.
      this.#fault(`an error in place of a change: ${codesIn(errors)}`);
      this.cut(this.options.jitterMs);
      return;
    }
    const { kind, cursor, task } = change;
    const { eyes } = this.seat;
    const taskId = eyes.kind === 'FOLLOWER' && OF_TASKS.has(kind) ? eyes.taskId : (change.taskId ?? null);
    const at = Date.now();
    this.told.push({ kind, cursor, taskId, title: task?.title ?? null, at });
    if (kind !== 'READY') return;
    this.isLive = true;
    this.#attempts = 0;
    if (this.#lostAt !== null) this.absences.push({ from: this.#lostAt, to: at });
  }

  #fault(text: string): void {
    this.faults.push({ at: Date.now(), text });
  }
}

/** What a payload says of a task, and not of the stream itself. */
const OF_TASKS: ReadonlySet<string> = new Set(['CREATED', 'CHANGED', 'ENTERED', 'LEFT']);

/** The codes of errors and where they arose, without what differs from one to the next. */
const codesIn = (errors: unknown): string =>
  ((errors ?? []) as { path?: string[]; extensions?: { code?: string } }[])
    .map(({ path, extensions }) => `${extensions?.code} at ${path?.join('.') ?? 'no field'}`)
    .join(', ');

const send = (socket: WebSocket, message: object): void => socket.send(JSON.stringify(message));
