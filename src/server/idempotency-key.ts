import type { Keyring } from '../crypto.js';
import { badInput } from '../errors.js';
import type { Idempotency } from '../resolvers/context.js';

/** What a client asks, as far as it makes two requests the same. */
interface Asked {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** Where a key may stand: in the header `Idempotency-Key`, and in the request's `extensions`. */
interface Places {
  readonly header?: string | undefined;
  readonly extensions?: Record<string, unknown> | null | undefined;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** What makes a mutation safe to send again; null without a key. Throws BAD_USER_INPUT for a key that is not one. */
export function idempotencyOf(keyring: Keyring, asked: Asked, { header, extensions }: Places): Idempotency | null {
  const told = extensions?.idempotencyKey;
  const key = told ?? header;
  if (key === undefined || key === null) return null;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw badInput('IDEMPOTENCY_KEY', 'An Idempotency-Key is 1 to 255 visible ASCII characters.');
  }
  if (header !== undefined && header !== key) {
    throw badInput('IDEMPOTENCY_KEY', 'The Idempotency-Key in the header and the one in the extensions differ.');
  }
  return { key, bodyHash: keyring.fingerprint('idempotency-body', bodyOf(asked)) };
}

/** The same text for the same request, whatever the order in which its client writes the variables. */
function bodyOf({ query, operationName, variables }: Asked): string {
  const ordered = (_key: string, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify([query, operationName ?? null, variables ?? {}], ordered);
}
