import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { bareAddress } from '../transport/address-ranges.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';

/** Where a connection itself comes from. */
export const peerOf = ({ socket }: IncomingMessage): string => bareAddress(socket.remoteAddress ?? 'unknown');

/** Where a request comes from: as far back as proxies of our own vouch for it. */
export function addressOf(request: IncomingMessage, trusted: TrustedProxies): string {
  let address = peerOf(request);
  if (!trusted.includes(address)) return address;
  const hops = String(request.headers['x-forwarded-for'] ?? '').split(',');
  // Each proxy adds to the right whom it was asked by: what stands left of the first stranger is the stranger's own word.
  for (let i = hops.length - 1; i >= 0 && trusted.includes(address); i -= 1) {
    const next = addressIn(hops[i] ?? '');
    if (next === null) break;
    address = next;
  }
  return address;
}

/** Whether nobody between the client and us could read a request: it came over TLS, here or to a proxy of ours. */
export function isSecure(request: IncomingMessage, trusted: TrustedProxies): boolean {
  if ((request.socket as TLSSocket).encrypted) return true;
  const protocols = protocolsOf(request, trusted);
  return protocols.length > 0 && protocols.every((protocol) => protocol === 'https' || protocol === 'wss');
}

/** How a request came to each of our proxies, by their own word; nothing where the peer is none of them. */
export function protocolsOf(request: IncomingMessage, trusted: TrustedProxies): string[] {
  const text = String(request.headers['x-forwarded-proto'] ?? '');
  if (text === '' || !trusted.includes(peerOf(request))) return [];
  return text.split(',').map((protocol) => protocol.trim().toLowerCase());
}

/** Some proxies write the port as well. */
function addressIn(hop: string): string | null {
  const text = hop.trim();
  const address = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(address) === 0 ? null : bareAddress(address);
}
