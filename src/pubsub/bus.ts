import { RedisPubSub } from 'graphql-redis-subscriptions';
import { PubSub } from 'graphql-subscriptions';
import { Redis } from 'ioredis';
import type { Logger } from '../log.js';
import type { LoggedEvent } from './event-log.js';

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
  subscribe(channel: string, listener: (payload: never) => void): Promise<number>;
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
    const id = await this.engine.subscribe(channelOf(companyId), listener);
    return () => this.engine.unsubscribe(id);
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

/** For any number of nodes around one Redis. Publishing fails at once, rather than waits, while Redis is away. */
export function createRedisBus(url: string, log: Logger): Bus {
  const options = { maxRetriesPerRequest: 1, retryStrategy: (attempt: number) => Math.min(attempt * 100, 1_000) };
  const publisher = new Redis(url, { ...options, enableOfflineQueue: false });
  const subscriber = new Redis(url, { ...options, maxRetriesPerRequest: null });
  for (const [name, connection] of Object.entries({ publisher, subscriber })) {
    connection.on('error', (error) => log.warn({ connection: name, error: error.message }, 'redis: not reachable'));
    connection.on('ready', () => log.info({ connection: name }, 'redis: connected'));
  }
  const engine = new RedisPubSub({ publisher, subscriber, connectionListener: () => {} });
  return new EngineBus(
    engine as unknown as Engine,
    () => publisher.status === 'ready' && subscriber.status === 'ready',
    async () => {
      publisher.disconnect();
      subscriber.disconnect();
    },
  );
}
