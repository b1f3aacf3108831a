import type { IncomingMessage } from 'node:http';
import type { Origin } from '../auth/door-book.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import { addressOf } from './forwarded.js';

/** The longest way to write an IPv6 address. */
const ADDRESS_LENGTH = 45;
const USER_AGENT_LENGTH = 200;

/** Where a request comes from, as the audit log keeps it. */
export function originOf(request: IncomingMessage, trustedProxies: TrustedProxies): Origin {
  return {
    address: addressOf(request, trustedProxies).slice(0, ADDRESS_LENGTH),
    // Node reads headers as Latin-1, and lets no control character in.
    userAgent: request.headers['user-agent']?.slice(0, USER_AGENT_LENGTH) ?? null,
  };
}
