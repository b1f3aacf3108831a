import { Command, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../log.js';
import { type NodeEvents, RedisNode, type Wire, type WireEvents } from './redis-node.js';

const SLOTS = 16_384;
const REFRESH_MS = 5_000;
const REFRESH_SOON_MS = 100;
const RETRY_MS = 500;
const SEED_PATIENCE_MS = 1_000;

interface Server {
  host: string;
  port: number;
}
const keyOf = ({ host, port }: Server) => `${host}:${port}`;

interface Wanted {
  slot: number;
  at: RedisNode | undefined;
  onHeard: () => void;
}

/**
 * The masters of a Redis Cluster. Both ends of a channel go to the master that owns its slot, so that a company's
 * messages take one way and keep their order; sharded pub/sub is used when every master knows it.
 */
export class RedisCluster implements Wire {
  readonly #nodes = new Map<string, RedisNode>();
  readonly #wanted = new Map<string, Wanted>();
  /** The key of each slot's master. */
  #owners: readonly (string | undefined)[] = [];
  #isRefreshing = false;
  #isTroubled = false;
  #isClosed = false;
  #next: NodeJS.Timeout | undefined;

  constructor(
    readonly seeds: readonly Server[],
    readonly options: RedisOptions,
    readonly events: WireEvents,
    readonly log: Logger,
  ) {
    void this.#refresh();
  }

  async publish(channel: string, text: string): Promise<void> {
    const owner = this.#ownerOf(slotOf(channel));
    if (!owner) throw new Error('No server of the Redis Cluster owns the channel.');
    try {
      await owner.publish(channel, text);
    } catch (error) {
      // Not sent again, to whomever: it could overtake what follows.
      this.#refreshSoon();
      throw error;
    }
  }

  subscribe(channel: string, onHeard: () => void): void {
    const wanted: Wanted = { slot: slotOf(channel), at: undefined, onHeard };
    this.#wanted.set(channel, wanted);
    this.#place(channel, wanted);
  }

  unsubscribe(channel: string): void {
    this.#wanted.get(channel)?.at?.unsubscribe(channel);
    this.#wanted.delete(channel);
  }

  isHealthy(): boolean {
    const isWhole = this.#owners.length === SLOTS && this.#owners.every((key) => key !== undefined);
    return isWhole && this.#nodes.values().every((node) => node.isHealthy());
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#next);
    for (const node of this.#nodes.values()) node.close();
  }

  #ownerOf(slot: number): RedisNode | undefined {
    const key = this.#owners[slot];
    return key === undefined ? undefined : this.#nodes.get(key);
  }

  /** Subscribes where the slot is now, and only there. */
  #place(channel: string, wanted: Wanted): void {
    const owner = this.#ownerOf(wanted.slot);
    if (wanted.at === owner) return;
    wanted.at?.unsubscribe(channel);
    wanted.at = owner;
    owner?.subscribe(channel, wanted.onHeard);
  }

  #refreshSoon(): void {
    if (this.#isTroubled || this.#isClosed) return;
    this.#isTroubled = true;
    if (!this.#isRefreshing) this.#refreshIn(REFRESH_SOON_MS);
  }

  #refreshIn(ms: number): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => void this.#refresh(), ms);
    this.#next.unref();
  }

  /** Reads who owns what; again soon when it failed or something happened meanwhile, else by and by. */
  async #refresh(): Promise<void> {
    this.#isRefreshing = true;
    this.#isTroubled = false;
    let nextMs = REFRESH_MS;
    try {
      const owners = await this.#readOwners();
      if (this.#isClosed) return;
      this.#apply(owners);
      if (this.#isTroubled) nextMs = REFRESH_SOON_MS;
    } catch (error) {
      nextMs = RETRY_MS;
      this.log.warn({ error: (error as Error).message }, 'redis: the cluster is not reachable');
    }
    this.#isRefreshing = false;
    if (!this.#isClosed) this.#refreshIn(nextMs);
  }

  #apply(owners: readonly (Server | undefined)[]): void {
    this.#owners = owners.map((server) => server && keyOf(server));
    const masters = new Map(owners.flatMap((server) => (server ? [[keyOf(server), server] as const] : [])));
    for (const [key, node] of this.#nodes) {
      if (masters.has(key)) continue;
      node.close();
      this.#nodes.delete(key);
    }
    for (const [key, server] of masters) if (!this.#nodes.has(key)) this.#nodes.set(key, this.#open(server));
    for (const [channel, wanted] of this.#wanted) this.#place(channel, wanted);
  }

  #open(server: Server): RedisNode {
    const events: NodeEvents = {
      message: this.events.message,
      trouble: () => this.#refreshSoon(),
      known: () => this.#decideDelivery(),
    };
    return new RedisNode({ ...this.options, ...server }, this.#delivery(), events, this.log);
  }

  #delivery() {
    const known = [...this.#nodes.values()].filter((node) => node.knowsSharded !== null);
    if (known.length === 0) return null;
    return known.every((node) => node.knowsSharded) ? 'sharded' : 'plain';
  }

  #decideDelivery(): void {
    const delivery = this.#delivery();
    if (delivery) for (const node of this.#nodes.values()) node.deliver(delivery);
  }

  /** Asks a master that answers, a different one each time, or else the servers that the configuration names. */
  async #readOwners(): Promise<(Server | undefined)[]> {
    const ready = [...this.#nodes.values()].filter((node) => node.isReady);
    for (const node of shuffled(ready)) {
      const slots = await node.slots().catch(() => null);
      if (slots) return ownersIn(slots as SlotRange[], node.server);
    }
    let fault: unknown;
    for (const seed of shuffled(this.seeds)) {
      try {
        return ownersIn(await this.#askSeed(seed), seed);
      } catch (error) {
        fault = error;
      }
    }
    throw fault;
  }

  async #askSeed(seed: Server): Promise<SlotRange[]> {
    const patience = { connectTimeout: SEED_PATIENCE_MS, commandTimeout: SEED_PATIENCE_MS };
    const redis = new Redis({ ...this.options, ...seed, ...patience, lazyConnect: true, retryStrategy: () => null });
    let fault: Error | undefined;
    redis.on('error', (error) => {
      fault = error;
    });
    try {
      await redis.connect();
      return (await redis.cluster('SLOTS')) as unknown as SlotRange[];
    } catch (error) {
      throw fault ?? error;
    } finally {
      redis.disconnect();
    }
  }
}

/** First slot, last slot, their master, its replicas. */
type SlotRange = [from: number, to: number, master: [host: string | null, port: number], ...replicas: unknown[]];

/** The master of each slot. A server that does not know its own name leaves it out. */
function ownersIn(ranges: readonly SlotRange[], asked: Server): (Server | undefined)[] {
  const owners = new Array<Server | undefined>(SLOTS).fill(undefined);
  for (const [from, to, [host, port]] of ranges) {
    owners.fill({ host: host && host !== '?' ? host : asked.host, port }, from, to + 1);
  }
  return owners;
}

/** The slot of a channel: of what stands in its braces. */
const slotOf = (channel: string) => new Command('spublish', [channel]).getSlot();

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
