import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, fetch as fetchBy } from 'undici';

/** More than any answer that we ask for has: who answers may be anybody, and much of it is kept. */
const MOST_BYTES = 131_072;
const PATIENCE_MS = 10_000;

/** What is asked of an address that a customer has given leads to a public host over HTTPS, or is not asked. */
export class AddressRefusedError extends Error {
  constructor(why: string) {
    super(`The address is not asked: ${why}.`);
    this.name = 'AddressRefusedError';
  }
}

/** Whether an IP address is one that everybody reaches: none of a private network, of this machine, or of the cloud around it. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  // What the Internet has of IPv6 so far; addresses of old, which hold one of IPv4, lie elsewhere.
  if (parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL)) return false;
  return parsed.range() === 'unicast' && !OF_CLOUDS.has(parsed.toString());
}

const GLOBAL = ipaddr.IPv6.parseCIDR('2000::/3');
/** Azure's services of the host, on an address that looks like any other; the others' lie in reserved ranges. */
const OF_CLOUDS = new Set(['168.63.129.16']);

/**
 * `fetch` for addresses that customers give. HTTPS to public hosts only, whatever a name leads to at the moment of the
 * connection, so that no second answer of a name server leads elsewhere; redirects are not followed, and answers have a bounded
 * size. Throws AddressRefusedError, or what `fetch` throws.
 */
export function createGuardedFetch(lookup: LookupFunction = systemLookup): typeof fetch {
  const dispatcher = new Agent({
    connect: { lookup: publicOnly(lookup), timeout: PATIENCE_MS },
    maxResponseSize: MOST_BYTES,
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
  });
  const guarded = async (input: string | URL, init: object = {}) => {
    const { protocol, hostname } = new URL(input);
    if (protocol !== 'https:') throw new AddressRefusedError('it is not https');
    // An address is not looked up.
    const literal = hostname.replace(/^\[(.*)\]$/, '$1');
    if (ipaddr.isValid(literal) && !isPublicAddress(literal)) throw new AddressRefusedError('it is not public');
    return fetchBy(input, { ...init, dispatcher, redirect: 'error' });
  };
  return guarded as unknown as typeof fetch;
}

const publicOnly =
  (lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      if (error) return callback(error, [], 0);
      if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address)))
        return callback(new AddressRefusedError('its name leads to no public host'), [], 0);
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family);
    });
  };
