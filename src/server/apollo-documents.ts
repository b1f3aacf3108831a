import { createHash } from 'node:crypto';
import type { KeyValueCache } from '@apollo/utils.keyvaluecache';
import type { DocumentNode } from 'graphql';
import type { PersistedQueries } from './persisted-queries.js';

interface Handed {
  readonly text: string;
  readonly document: DocumentNode;
  /** So many requests are under way with it. */
  requests: number;
}

/**
 * What Apollo Server is told of documents that have been looked at already: it finds them by their hash, which it would
 * make anew with each request, and neither parses nor validates them once more.
 */
export class ApolloDocuments {
  readonly #handed = new Map<string, Handed>();
  readonly #hashes = new WeakMap<DocumentNode, string>();

  constructor(readonly persisted: PersistedQueries) {}

  /** For `persistedQueries.cache`: texts by their hashes. */
  readonly texts: KeyValueCache<string> = {
    get: async (key) => this.#handed.get(hashIn(key))?.text ?? this.persisted.get(hashIn(key)),
    set: (key, text) => this.persisted.set(hashIn(key), text),
    delete: async (key) => this.persisted.delete(hashIn(key)),
  };

  /** For `documentStore`. What it has not been handed is not fit to be run. */
  readonly documents: KeyValueCache<DocumentNode> = {
    get: async (key) => this.#handed.get(hashIn(key))?.document,
    set: async () => {},
    delete: async () => false,
  };

  /** Lets Apollo Server have a document while `act` runs it; `act` is given the body of the request, as it names that. */
  async hand<T>(text: string, document: DocumentNode, body: unknown, act: (body: unknown) => Promise<T>): Promise<T> {
    const hash = this.#hashOf(text, document);
    const handed = this.#handed.get(hash) ?? { text, document, requests: 0 };
    this.#handed.set(hash, handed);
    handed.requests += 1;
    try {
      return await act(named(body, hash));
    } finally {
      handed.requests -= 1;
      if (handed.requests === 0) this.#handed.delete(hash);
    }
  }

  #hashOf(text: string, document: DocumentNode): string {
    const hash = this.#hashes.get(document) ?? createHash('sha256').update(text).digest('hex');
    this.#hashes.set(document, hash);
    return hash;
  }
}

/** Apollo Server writes a word before each, and a hash of the schema before those of its store. */
const hashIn = (key: string): string => key.slice(key.lastIndexOf(':') + 1);

/** The same body with the hash in the place of the text; as it is where it has one, or is not of the shape to have one. */
function named(body: unknown, hash: string): unknown {
  const { query, extensions, ...rest } = (body ?? {}) as Record<string, unknown>;
  const isPlain = extensions === undefined || extensions === null || isRecord(extensions);
  if (typeof query !== 'string' || !isPlain || (isRecord(extensions) && extensions.persistedQuery)) return body;
  return { ...rest, extensions: { ...(extensions ?? {}), persistedQuery: { version: 1, sha256Hash: hash } } };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
