import { BlockList, isIP } from 'node:net';

/** Addresses and ranges of them, such as 192.0.2.10 and 10.0.0.0/8. */
export class AddressRanges {
  readonly #list = new BlockList();

  /** Throws for what `rangeFault` tells of. */
  constructor(readonly names: readonly string[] = []) {
    for (const name of names) {
      const [address = '', bits] = name.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  includes(address: string): boolean {
    const family = this.names.length > 0 ? isIP(address) : 0;
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** What is wrong with the name of an address or a range, or null. */
export function rangeFault(name: string): string | null {
  const [address = '', bits, ...rest] = name.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
  if (family === 0 || !isRange || rest.length > 0)
    return `"${name}" is neither an address nor a range such as 10.0.0.0/8`;
  if (Number(bits ?? 32) === 0) return `"${name}" is everybody: name those alone whom you mean`;
  if (bareAddress(address) !== address) return `"${name}" is an IPv4 address: write it as one`;
  return null;
}

/** An address as it is compared: without a zone, and one of IPv4 as such, whatever socket it came by. */
export function bareAddress(address: string): string {
  const bare = address.replace(/%.*$/, '');
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}

/** What is counted as one: an IPv4 address, or the /64 of one of IPv6, of which whoever has one has all. */
export function networkOf(address: string): string {
  const bare = bareAddress(address);
  if (isIP(bare) !== 6) return bare;
  const [head = '', tail = ''] = bare.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const filled = bare.includes('::') ? Array<string>(8 - left.length - right.length).fill('0') : [];
  const groups = [...left, ...filled, ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
