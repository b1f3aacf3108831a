import type { Cluster, Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import type { Viewer } from '../auth/viewer.js';
import type { TrustedDocuments } from './trusted-documents.js';

const PREFIX = 'aliteo:apq:';
const KEPT_SECONDS = 86_400;
const KEPT_HERE = 1_000;

/**
 * Documents that clients have sent once and name by their hash since (automatic persisted queries), on whatever process.
 * While Redis is away a process knows its own; a client whose document is not known sends it again.
 */
export class PersistedQueries {
  readonly #here = new LRUCache<string, string>({ max: KEPT_HERE });
  readonly #welcome = new LRUCache<string, true>({ max: KEPT_HERE });

  constructor(
    readonly client: Redis | Cluster | null,
    /** These need not be sent at all. */
    readonly trusted: TrustedDocuments,
  ) {}

  async get(hash: string): Promise<string | undefined> {
    const known = this.trusted.find(hash) ?? this.#here.get(hash);
    if (known !== undefined) return known;
    const shared = await this.client?.get(PREFIX + hash).catch(() => null);
    if (shared == null) return undefined;
    this.#here.set(hash, shared);
    return shared;
  }

  /** Of the documents that are sent with their hash, this one is kept when it has proved to be one. */
  welcome(hash: string): void {
    this.#welcome.set(hash, true);
  }

  async set(hash: string, text: string): Promise<void> {
    if (this.#here.get(hash) === text || !this.#welcome.delete(hash)) return;
    this.#here.set(hash, text);
    await this.client?.set(PREFIX + hash, text, 'EX', KEPT_SECONDS).catch(() => {});
  }

  delete(hash: string): boolean {
    return this.#here.delete(hash);
  }
}

/** Whose documents are kept: who has an account or a key answers for what fills the memory that all share. */
export const mayPersist = ({ kind }: Viewer): boolean => kind !== 'NOBODY' && kind !== 'FOLLOWER';

/** In points: that memory holds a document for a day. */
export const costOfPersisting = (bytes: number): number => Math.ceil(bytes / 10);

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
