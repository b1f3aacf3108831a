import type { IncomingMessage } from 'node:http';
import type { Origin } from '../auth/door-book.js';
import { cut } from '../schema/texts.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import { addressOf } from './forwarded.js';

/** The longest way to write an IPv6 address. */
const ADDRESS_LENGTH = 45;
const USER_AGENT_LENGTH = 200;

/** Where a request comes from, as the audit log keeps it. */
export function originOf(request: IncomingMessage, trustedProxies: TrustedProxies): Origin {
  const userAgent = request.headers['user-agent'];
  return {
    address: addressOf(request, trustedProxies).slice(0, ADDRESS_LENGTH),
    userAgent: userAgent ? cut(userAgent.replaceAll('\0', '').toWellFormed(), USER_AGENT_LENGTH) : null,
  };
}
