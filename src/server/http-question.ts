import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HeaderMap } from '@apollo/server';
import { badRequest } from '../errors.js';
import { type PersistedQueries, persistedHash } from './persisted-queries.js';

interface Question {
  query: string | null;
  operationName: string | null;
  /** By which a document that is sent wants to be known from now on. */
  newHash: { hash: string; bytes: number } | null;
}

/** The text of the question, as far as it is one; one that is only named by its hash is looked for. */
export async function questionOf(body: unknown, { searchParams }: URL, persisted: PersistedQueries): Promise<Question> {
  const asked = (body ?? Object.fromEntries(searchParams)) as Record<string, unknown>;
  const textOf = (value: unknown) => (typeof value === 'string' ? value : null);
  const hash = persistedHash(asked.extensions);
  const given = textOf(asked.query);
  if (hash && given !== null && hash !== createHash('sha256').update(given).digest('hex'))
    throw badRequest('PERSISTED_QUERY_HASH', 'The hash is that of another document.');
  const query = given ?? (hash && (await persisted.get(hash))) ?? null;
  const isNew = hash !== null && given !== null && (await persisted.get(hash)) === undefined;
  const newHash = isNew ? { hash, bytes: Buffer.byteLength(given) } : null;
  return { query, operationName: textOf(asked.operationName), newHash };
}

/** All of a request that its answer depends on, beside who asks. */
export function keyOf({ method, headers }: IncomingMessage, { search }: URL, body: Buffer | undefined): string {
  const shown = APOLLO_HEADERS.map((name) => headers[name]).join('\n');
  return `${method} ${search}\n${shown}\n${body?.toString('latin1') ?? ''}`;
}

/** What the body is said to be, without its parameters. */
export const mediaTypeOf = ({ headers }: IncomingMessage): string | undefined =>
  headers['content-type']?.split(';')[0]?.trim().toLowerCase();

/** A header that is given once. */
export const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** What Apollo Server looks at: how the question came, how the answer is to come, and what no form of another site sends. */
const APOLLO_HEADERS = ['content-type', 'accept', 'apollo-require-preflight', 'x-apollo-operation-name'];

/** The headers that Apollo Server looks at. */
export function headerMap(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const name of APOLLO_HEADERS) {
    const value = request.headers[name];
    if (value !== undefined) headers.set(name, String(value));
  }
  return headers;
}
