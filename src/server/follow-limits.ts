import type { Cluster, Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimit } from '../resolvers/context.js';
import { networkOf } from '../transport/address-ranges.js';
import { RateLimitError } from './rate-limits.js';

type Limiter = RateLimiterMemory | RateLimiterRedis;

/** Of one address, in points of a minute. */
const OF_ADDRESS = { points: 120, duration: 60 };
/** Of one link, in points of an hour: a hundred wrong passwords, or a thousand who come in. */
const OF_LINK = { points: 1_000, duration: 3_600 };

/** To come in by a link, or again: 120 times a minute from one address. */
const ENTRY = 1;
/** To try a password: 30 times a minute from one address, and a hundred times an hour at one link when it is wrong. */
const PASSWORD = { ofAddress: 4, ofLink: 10 };

/**
 * How often the door of followers is knocked at: by each address, and at each link, whatever process is asked. A link that
 * leads nowhere is counted like one that does. While Redis is away, each process counts alone.
 */
export class FollowLimits {
  readonly #addresses: Limiter;
  readonly #links: Limiter;

  constructor(client: Redis | Cluster | null) {
    this.#addresses = createLimiter(client, 'aliteo:follow-address', OF_ADDRESS);
    this.#links = createLimiter(client, 'aliteo:follow-link', OF_LINK);
  }

  /** Counts a try of an address; answers what it has left. Throws RateLimitError, with that. */
  async takeOfAddress(address: string, hasPassword: boolean): Promise<RateLimit> {
    return consume(this.#addresses, networkOf(address), hasPassword ? PASSWORD.ofAddress : ENTRY, OF_ADDRESS.points);
  }

  /**
   * Counts a try at a link before it is made: many at once find no more room than one after the other. Answers how to take
   * back, when the password was right, what only a wrong one costs. Throws RateLimitError.
   */
  async takeOfLink(fingerprint: string, hasPassword: boolean): Promise<() => Promise<void>> {
    const cost = hasPassword ? PASSWORD.ofLink : ENTRY;
    await consume(this.#links, fingerprint, cost, OF_LINK.points);
    return async () => {
      // Who has been let in is not refused because it could not be counted.
      if (hasPassword) await this.#links.reward(fingerprint, PASSWORD.ofLink - ENTRY).catch(() => {});
    };
  }
}

function createLimiter(
  client: Redis | Cluster | null,
  keyPrefix: string,
  options: { points: number; duration: number },
): Limiter {
  const alone = new RateLimiterMemory({ keyPrefix, ...options });
  return client ? new RateLimiterRedis({ storeClient: client, keyPrefix, ...options, insuranceLimiter: alone }) : alone;
}

async function consume(limiter: Limiter, key: string, cost: number, limit: number): Promise<RateLimit> {
  const standing = ({ remainingPoints, msBeforeNext }: RateLimiterRes): RateLimit => {
    return { limit, remaining: Math.max(0, remainingPoints), resetAt: new Date(Date.now() + msBeforeNext) };
  };
  try {
    return standing(await limiter.consume(key, cost));
  } catch (refused) {
    if (refused instanceof RateLimiterRes) throw new RateLimitError(standing(refused));
    throw refused;
  }
}
