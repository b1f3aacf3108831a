import type { KeyValueCache } from '@apollo/utils.keyvaluecache';
import type { Cluster, Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import type { TrustedDocuments } from './trusted-documents.js';

const PREFIX = 'aliteo:apq:';
const KEPT_SECONDS = 86_400;
const KEPT_HERE = 1_000;

/**
 * Documents that clients have sent once and name by their hash since (automatic persisted queries), on whatever process.
 * While Redis is away a process knows its own; a client whose document is not known sends it again.
 */
export class PersistedQueries implements KeyValueCache<string> {
  readonly #here = new LRUCache<string, string>({ max: KEPT_HERE });

  constructor(
    readonly client: Redis | Cluster | null,
    /** These need not be sent at all. */
    readonly trusted: TrustedDocuments,
  ) {}

  async get(key: string): Promise<string | undefined> {
    const hash = hashIn(key);
    const known = this.trusted.find(hash) ?? this.#here.get(hash);
    if (known !== undefined) return known;
    const shared = await this.client?.get(PREFIX + hash).catch(() => null);
    if (shared == null) return undefined;
    this.#here.set(hash, shared);
    return shared;
  }

  async set(key: string, text: string): Promise<void> {
    const hash = hashIn(key);
    if (this.#here.get(hash) === text) return;
    this.#here.set(hash, text);
    await this.client?.set(PREFIX + hash, text, 'EX', KEPT_SECONDS).catch(() => {});
  }

  async delete(key: string): Promise<boolean> {
    return this.#here.delete(hashIn(key));
  }
}

/** Apollo Server writes a word before each. */
const hashIn = (key: string): string => key.replace(/^apq:/, '');

/** The hash by which a request names its document, if it does. */
export function persistedHash(extensions: unknown): string | null {
  try {
    const read = typeof extensions === 'string' ? JSON.parse(extensions) : extensions;
    const hash = read?.persistedQuery?.sha256Hash;
    return typeof hash === 'string' ? hash : null;
  } catch {
    return null;
  }
}
