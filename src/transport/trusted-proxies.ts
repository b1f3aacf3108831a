import { AddressRanges, rangeFault } from './address-ranges.js';

/** The proxies of ours, by address or range: what they say of whom they pass on is believed, and nobody else's word. */
export class TrustedProxies extends AddressRanges {}

/** What is wrong with a proxy's name, or null. */
export function proxyFault(name: string): string | null {
  if (/^\d+$/.test(name))
    return `is the addresses of your proxies, such as 192.0.2.10 or 10.0.0.0/8, not how many there are: "${name}"`;
  return rangeFault(name);
}
