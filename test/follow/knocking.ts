import { randomInt } from 'node:crypto';
import type { Caller } from '../harness/client.js';
import type { Node } from '../harness/cluster.js';

/** Servers that believe the tests' word for an address: suites share a Redis, and with it what is counted. */
export const BEHIND_PROXY = { TRUSTED_PROXIES: '127.0.0.1' };

/** An address whose network nobody else in these tests has. */
export const newAddress = (host = '1'): string =>
  `2001:db8:${randomInt(0x10000).toString(16)}:${randomInt(0x10000).toString(16)}::${host}`;

export interface Knock {
  address?: string;
  contentType?: string;
  method?: string;
  origin?: string;
}

/** What the door answers, and the headers that a client acts by. */
export interface DoorAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever it asked for
  body: any;
  headers: Headers;
}

/** Asks the door; a text is sent as it is. */
export async function knock(node: Node, shown: object | string, options: Knock = {}): Promise<DoorAnswer> {
  const { address = newAddress(), contentType = 'application/json', method = 'POST', origin } = options;
  const headers: Record<string, string> = { 'content-type': contentType, 'x-forwarded-for': address };
  if (origin) headers.origin = origin;
  const body = method === 'GET' ? null : typeof shown === 'string' ? shown : JSON.stringify(shown);
  const response = await fetch(`${node.url}/follow/token`, { method, headers, body });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text, headers: response.headers };
}

/** What must be let in. Throws with the answer otherwise. */
export async function enter(node: Node, shown: object): Promise<Caller & { renewal: string; token: string }> {
  const { status, body } = await knock(node, shown);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return { authorization: `Follow ${body.token}`, token: body.token, renewal: body.renewal };
}
