import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Viewer } from '../auth/viewer.js';
import { ConfigError } from '../config.js';
import { forbidden } from '../errors.js';

/** Whose documents must be known beforehand: nobody's, the anonymous followers', or everybody's. */
export type DocumentsPolicy = 'any' | 'followers' | 'trusted';

/** What an operator signs: documents by the SHA-256 of their text. */
export interface Manifest {
  documents: Record<string, string>;
  /** Ed25519 over the documents, in base64. */
  signature: string;
}

/** Makes a manifest of documents with the private key of whoever releases clients. */
export function signManifest(texts: readonly string[], privateKey: KeyObject): Manifest {
  const documents = Object.fromEntries(texts.map((text) => [hashOf(text), text]));
  return { documents, signature: sign(null, signedBytes(documents), privateKey).toString('base64') };
}

/** The documents of a manifest. Throws ConfigError when it is not what was signed. */
export function readManifest(file: string, publicKeyFile: string): string[] {
  let manifest: Manifest;
  let publicKey: KeyObject;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
    publicKey = createPublicKey(readFileSync(publicKeyFile));
  } catch (error) {
    throw new ConfigError([`DOCUMENTS_MANIFEST: cannot be read: ${(error as Error).message}`]);
  }
  const { documents, signature } = manifest;
  const isSigned =
    typeof documents === 'object' &&
    documents !== null &&
    verify(null, signedBytes(documents), publicKey, Buffer.from(String(signature), 'base64'));
  if (!isSigned) throw new ConfigError(['DOCUMENTS_MANIFEST: its signature is not that of DOCUMENTS_PUBLIC_KEY']);
  const wrong = Object.entries(documents).find(([hash, text]) => hash !== hashOf(text));
  if (wrong) throw new ConfigError([`DOCUMENTS_MANIFEST: ${wrong[0]} is not the hash of its document`]);
  return Object.values(documents);
}

/** The documents that may be run by whoever may not run any. */
export class TrustedDocuments {
  readonly #byHash: ReadonlyMap<string, string>;
  readonly #texts: ReadonlySet<string>;

  constructor(
    readonly policy: DocumentsPolicy,
    texts: readonly string[],
  ) {
    this.#texts = new Set(texts);
    this.#byHash = new Map(texts.map((text) => [hashOf(text), text]));
  }

  /** The document of that hash; clients need not send its text. */
  find(hash: string): string | undefined {
    return this.#byHash.get(hash);
  }

  /** Whether this viewer may run a document, whatever it asks for. */
  allows({ kind }: Viewer, text: string): boolean {
    const mustBeTrusted = this.policy === 'trusted' || (this.policy === 'followers' && kind === 'FOLLOWER');
    return !mustBeTrusted || this.#texts.has(text);
  }
}

export const notTrusted = () =>
  forbidden('DOCUMENT_NOT_TRUSTED', 'This document is not one of those that may be run here.');

const hashOf = (text: string): string => createHash('sha256').update(String(text)).digest('hex');

const signedBytes = (documents: Record<string, string>): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(documents).sort(([a], [b]) => (a < b ? -1 : 1))));
