import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../log.js';

const PUBLISH_PATIENCE_MS = 2_000;
const CHECK_MS = 1_000;
const SILENCE_MS = 5_000;
const RETRY_AT_MOST_MS = 1_000;

/** How messages travel in a cluster: to every server of it, or within the shard that owns the channel's slot. */
export type Delivery = 'plain' | 'sharded';

/** What carries text on channels: one server, or all of a cluster. */
export interface Wire {
  /** Fails at once while it cannot be sent. */
  publish(channel: string, text: string): Promise<void>;
  /** Listens until `unsubscribe`, whatever happens in between; `onHeard` when it first does. */
  subscribe(channel: string, onHeard: () => void): void;
  unsubscribe(channel: string): void;
  /** Whether everything can be published, and all that is subscribed to is heard. */
  isHealthy(): boolean;
  close(): void;
}

/** What a wire has to say. */
export interface WireEvents {
  message(channel: string, text: string): void;
}

/** What one server has to say besides. */
export interface NodeEvents extends WireEvents {
  /** It is away, or refused something: who owns what may have changed. */
  trouble?(): void;
  /** It has said what it knows. */
  known?(): void;
}

interface Channel {
  isHeard: boolean;
  isRefused: boolean;
  onHeard: () => void;
}

/** One Redis server: a connection to publish on and one to listen on. */
export class RedisNode implements Wire {
  /** Whether it knows sharded pub/sub; null until it was asked. */
  knowsSharded: boolean | null = null;
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #channels = new Map<string, Channel>();
  readonly #answeredAt = new Map<Redis, number>();
  readonly #check: NodeJS.Timeout;
  #isClosed = false;

  constructor(
    options: RedisOptions,
    private delivery: Delivery | null,
    readonly events: NodeEvents,
    readonly log: Logger,
  ) {
    // Nothing is kept for later: what waits for a reply fails with its connection, and subscriptions are made anew here,
    // where a refusal has somebody to handle it.
    const common: RedisOptions = {
      ...options,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (attempt) => Math.min(attempt * 100, RETRY_AT_MOST_MS),
    };
    this.#publisher = this.#open('publisher', { ...common, commandTimeout: PUBLISH_PATIENCE_MS });
    this.#subscriber = this.#open('subscriber', common);
    this.#publisher.on('ready', () => void this.#askWhatItKnows());
    this.#subscriber.on('ready', () => this.#askForAll());
    this.#subscriber.on('close', () => {
      for (const channel of this.#channels.values()) channel.isHeard = false;
    });
    // The slot is another server's by now; the command that was told so gets no other answer.
    this.#subscriber.on('moved', () => this.events.trouble?.());
    // A server that gives a slot away ends the subscriptions in it unasked. The client takes that for a reply to nothing
    // and is out of step from there on: only a new connection is sure to be in step again.
    this.#subscriber.on('error', () => {
      if (this.#subscriber.status === 'ready') this.#subscriber.disconnect(true);
    });
    for (const event of ['message', 'smessage']) {
      this.#subscriber.on(event, (channel: string, text: string) => {
        if (this.#channels.has(channel)) this.events.message(channel, text);
      });
    }
    this.#check = setInterval(() => this.#checkUp(), CHECK_MS);
    this.#check.unref();
  }

  get server(): { host: string; port: number } {
    const { host, port } = this.#publisher.options as { host: string; port: number };
    return { host, port };
  }

  get isReady(): boolean {
    return this.#publisher.status === 'ready';
  }

  async publish(channel: string, text: string): Promise<void> {
    if (!this.delivery) throw new Error('Redis has not said yet how it delivers.');
    this.#sendTogether();
    await (this.delivery === 'sharded'
      ? this.#publisher.spublish(channel, text)
      : this.#publisher.publish(channel, text));
  }

  /** What is published in one turn goes to the system in one call: commands that were committed together are. */
  #sendTogether(): void {
    const { stream } = this.#publisher;
    if (!stream || stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }

  subscribe(channel: string, onHeard: () => void): void {
    const entry: Channel = { isHeard: false, isRefused: false, onHeard };
    this.#channels.set(channel, entry);
    void this.#askFor(channel, entry);
  }

  unsubscribe(channel: string): void {
    if (!this.#channels.delete(channel) || this.#subscriber.status !== 'ready') return;
    const done =
      this.delivery === 'sharded' ? this.#subscriber.sunsubscribe(channel) : this.#subscriber.unsubscribe(channel);
    done.catch(() => {}); // the connection is gone, and the subscription with it
  }

  /** Changes how messages travel; subscriptions are made anew. */
  deliver(delivery: Delivery): void {
    if (this.delivery === delivery) return;
    const isFirst = this.delivery === null;
    this.delivery = delivery;
    if (isFirst) this.#askForAll();
    else this.#subscriber.disconnect(true);
  }

  isHealthy(): boolean {
    if (!this.delivery || !this.isReady || this.#subscriber.status !== 'ready') return false;
    return this.#channels.values().every(({ isHeard }) => isHeard);
  }

  /** `CLUSTER SLOTS`, as the server tells it. */
  slots(): Promise<unknown> {
    return this.#publisher.cluster('SLOTS');
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#check);
    this.#publisher.disconnect();
    this.#subscriber.disconnect();
  }

  #open(name: string, options: RedisOptions): Redis {
    const redis = new Redis(options);
    const about = { connection: name, server: `${options.host}:${options.port}` };
    redis.on('error', (error) => this.log.warn({ ...about, error: error.message }, 'redis: not reachable'));
    redis.on('ready', () => {
      this.#answeredAt.set(redis, Date.now());
      this.log.info(about, 'redis: connected');
    });
    redis.on('close', () => {
      if (!this.#isClosed) this.events.trouble?.();
    });
    return redis;
  }

  async #askWhatItKnows(): Promise<void> {
    if (!this.events.known) return;
    const [known] = (await this.#publisher.command('INFO', 'spublish').catch(() => [null])) as unknown[];
    this.knowsSharded = known !== null && known !== undefined;
    this.events.known();
  }

  #askForAll(): void {
    for (const [channel, entry] of this.#channels) if (!entry.isHeard) void this.#askFor(channel, entry);
  }

  async #askFor(channel: string, entry: Channel): Promise<void> {
    const { delivery } = this;
    if (!delivery || this.#subscriber.status !== 'ready') return;
    try {
      await (delivery === 'sharded' ? this.#subscriber.ssubscribe(channel) : this.#subscriber.subscribe(channel));
    } catch (error) {
      if (this.#isClosed || this.#subscriber.status !== 'ready') return;
      // Asked again with the next check.
      if (!entry.isRefused) this.log.warn({ channel, error: String(error) }, 'redis: subscription refused');
      entry.isRefused = true;
      this.events.trouble?.();
      return;
    }
    if (this.#channels.get(channel) !== entry || this.delivery !== delivery) return;
    entry.isHeard = true;
    entry.onHeard();
  }

  /** Asks again for what is not heard, and ends a connection that has gone silent without having been closed. */
  #checkUp(): void {
    this.#askForAll();
    for (const redis of [this.#publisher, this.#subscriber]) {
      if (redis.status !== 'ready') continue;
      if (Date.now() - (this.#answeredAt.get(redis) ?? 0) > SILENCE_MS) redis.disconnect(true);
      redis.ping().then(
        () => this.#answeredAt.set(redis, Date.now()),
        () => {},
      );
    }
  }
}
