import { EventEmitter } from 'node:events';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { PubSub } from 'graphql-subscriptions';
import type { RedisOptions } from 'ioredis';
import type { Logger } from '../log.js';
import { parseRedisUrl } from '../redis-url.js';
import type { LoggedEvent } from './event-log.js';
import { RedisCluster } from './redis-cluster.js';
import { RedisNode, type Wire } from './redis-node.js';

/**
 * Carries committed events between nodes. It may lose them, never reorder a company's log: whoever listens heals
 * gaps from the log.
 */
export interface Bus {
  publish(events: readonly LoggedEvent[]): Promise<void>;
  /** Resolves when the subscription stands; returns how to end it. */
  subscribe(companyId: string, listener: (events: readonly LoggedEvent[]) => void): Promise<() => void>;
  isHealthy(): boolean;
  close(): Promise<void>;
}

/** One channel per company; the braces keep all of a company in one slot of a Redis Cluster. */
const channelOf = (companyId: string) => `aliteo:{${companyId}}:events`;

interface Engine {
  publish(channel: string, payload: unknown): Promise<void>;
  subscribe(channel: string, listener: (payload: unknown) => void): Promise<number>;
  unsubscribe(id: number): void;
}

class EngineBus implements Bus {
  constructor(
    readonly engine: Engine,
    readonly isHealthy: () => boolean,
    readonly close: () => Promise<void>,
  ) {}

  async publish(events: readonly LoggedEvent[]): Promise<void> {
    const [first] = events;
    if (first) await this.engine.publish(channelOf(first.companyId), events);
  }

  async subscribe(companyId: string, listener: (events: readonly LoggedEvent[]) => void): Promise<() => void> {
    // What cannot be read as events is nobody's.
    const take = (payload: unknown) => Array.isArray(payload) && listener(payload);
    const id = await this.engine.subscribe(channelOf(companyId), take);
    // Once: the engine would take a second time for the last listener's.
    return once(() => this.engine.unsubscribe(id));
  }
}

/** For one process alone. */
export function createLocalBus(): Bus {
  return new EngineBus(
    new PubSub() as unknown as Engine,
    () => true,
    async () => {},
  );
}

/**
 * For any number of nodes around one Redis or one Redis Cluster. Publishing fails at once, rather than waits, while Redis
 * is away; subscriptions are restored when it is back.
 */
export function createRedisBus(url: string, log: Logger): Bus {
  const { isCluster, servers, username, password, database, tls } = parseRedisUrl(url);
  const options: RedisOptions = { username, password, db: database, ...(tls ? { tls: {} } : {}) };
  const subscriber = new EventEmitter();
  const events = { message: (channel: string, text: string) => void subscriber.emit('message', channel, text) };
  const wire = isCluster
    ? new RedisCluster(servers, options, events, log)
    : new RedisNode({ ...options, ...servers[0] }, 'plain', events, log);
  return new EngineBus(
    engineOver(wire, subscriber),
    () => wire.isHealthy(),
    async () => wire.close(),
  );
}

/** The engine counts listeners and parses, once for all of them; it is shown the wire as the clients that it expects. */
function engineOver(wire: Wire, subscriber: EventEmitter): Engine {
  const publisher = { publish: (channel: string, text: string) => wire.publish(channel, text) };
  Object.assign(subscriber, {
    // It never hears of a failure: it would answer with a rejection that nobody can handle. The wire tries again.
    subscribe: (channel: string, done: (error: null) => void) =>
      wire.subscribe(
        channel,
        once(() => done(null)),
      ),
    unsubscribe: (channel: string) => wire.unsubscribe(channel),
    punsubscribe: () => {},
  });
  return new RedisPubSub({ publisher: publisher as never, subscriber: subscriber as never }) as unknown as Engine;
}

/** The first call counts: a subscription that is made anew is heard anew. */
function once(call: () => void): () => void {
  let isCalled = false;
  return () => {
    if (!isCalled) call();
    isCalled = true;
  };
}
