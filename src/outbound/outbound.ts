import { Resolver } from 'node:dns/promises';
import { createGuardedFetch } from './guarded-fetch.js';

/** What is asked of hosts that customers name. */
export interface Outbound {
  readonly fetch: typeof fetch;
  /** Whether addresses of this machine and over plain HTTP are asked as well: in development. */
  readonly isPrivateAllowed: boolean;
  /** The TXT records of a name, each in one piece; none where there are none. Throws while name servers do not answer. */
  findTexts(name: string): Promise<string[]>;
}

export interface OutboundSettings {
  readonly production: boolean;
  /** The name servers that are asked, by address and perhaps port; the system's unless given. */
  readonly dnsServers: readonly string[] | undefined;
}

const TIMEOUT_MS = 2_000;
const TRIES = 2;
/** What a name server says where there is nothing. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA']);

export function createOutbound({ production, dnsServers }: OutboundSettings): Outbound {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (dnsServers) resolver.setServers(dnsServers);
  return {
    fetch: production ? createGuardedFetch() : fetch,
    isPrivateAllowed: !production,
    async findTexts(name) {
      try {
        return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
      } catch (error) {
        if (NOTHING.has((error as NodeJS.ErrnoException).code ?? '')) return [];
        throw error;
      }
    },
  };
}
