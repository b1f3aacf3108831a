import type { KeyValueCache } from '@apollo/utils.keyvaluecache';
import type { Cluster, Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

const PREFIX = 'aliteo:apq:';
const KEPT_SECONDS = 86_400;
const KEPT_HERE = 1_000;

/**
 * Documents that clients have sent once and name by their hash since (automatic persisted queries), on whatever process.
 * While Redis is away a process knows its own; a client whose document is not known sends it again.
 */
export class PersistedQueries implements KeyValueCache<string> {
  readonly #here = new LRUCache<string, string>({ max: KEPT_HERE });

  constructor(readonly client: Redis | Cluster | null) {}

  async get(hash: string): Promise<string | undefined> {
    const known = this.#here.get(hash);
    if (known !== undefined) return known;
    const shared = await this.client?.get(PREFIX + hash).catch(() => null);
    if (shared == null) return undefined;
    this.#here.set(hash, shared);
    return shared;
  }

  async set(hash: string, text: string): Promise<void> {
    if (this.#here.get(hash) === text) return;
    this.#here.set(hash, text);
    await this.client?.set(PREFIX + hash, text, 'EX', KEPT_SECONDS).catch(() => {});
  }

  async delete(hash: string): Promise<boolean> {
    return this.#here.delete(hash);
  }
}
