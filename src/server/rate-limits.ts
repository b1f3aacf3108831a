import type { Cluster, Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Viewer } from '../auth/viewer.js';
import { ApiError } from '../errors.js';
import type { RateLimit } from '../resolvers/context.js';

/** Of a limit: so many times is it asked for at most, by who uses all of it. */
const LEASES = 50;
const KNOWN = 50_000;

/** What this process may spend on somebody's behalf without asking. */
interface Lease {
  left: number;
  /** What is left beside it, as was known when it was taken. */
  remaining: number;
  until: number;
}

export class RateLimitError extends ApiError {
  constructor(readonly retryAfterSeconds: number) {
    super('RATE_LIMIT', `You have asked for too much: try again in ${retryAfterSeconds} seconds.`);
  }
}

/**
 * How much each viewer may ask for in a window of time, in points, whatever process they ask. A process takes a fiftieth
 * at a time, so that most operations ask nobody; while Redis is away, each process counts alone.
 */
export class RateLimits {
  readonly #limiter: RateLimiterMemory | RateLimiterRedis;
  readonly #leases = new LRUCache<string, Lease>({ max: KNOWN });

  constructor(
    client: Redis | Cluster | null,
    readonly points: number,
    readonly seconds: number,
  ) {
    const alone = new RateLimiterMemory({ points, duration: seconds });
    this.#limiter = client
      ? new RateLimiterRedis({
          storeClient: client,
          keyPrefix: 'aliteo:rate',
          points,
          duration: seconds,
          insuranceLimiter: alone,
        })
      : alone;
  }

  /** Throws RateLimitError when it is more than is left. */
  take(who: string, cost: number): Promise<void> | void {
    const lease = this.#leases.get(who);
    if (!lease || lease.until <= Date.now() || lease.left < cost) return this.#lease(who, cost);
    lease.left -= cost;
  }

  standing(who: string): RateLimit {
    const lease = this.#leases.get(who);
    const now = Date.now();
    if (!lease || lease.until <= now)
      return { limit: this.points, remaining: this.points, resetAt: new Date(now + this.seconds * 1_000) };
    return { limit: this.points, remaining: lease.left + lease.remaining, resetAt: new Date(lease.until) };
  }

  async #lease(who: string, cost: number): Promise<void> {
    const known = this.#leases.get(who);
    const left = known && known.until > Date.now() ? known.left : 0;
    const wanted = Math.max(cost - left, Math.ceil(this.points / LEASES));
    const { given, rest, untilMs } = await this.#consume(who, wanted);
    const lease = { left: left + given - cost, remaining: rest, until: Date.now() + untilMs };
    if (lease.left < 0) {
      this.#leases.set(who, { ...lease, left: left + given });
      throw new RateLimitError(Math.max(1, Math.ceil(untilMs / 1_000)));
    }
    this.#leases.set(who, lease);
  }

  /** As much of what is wanted as is there. */
  async #consume(who: string, wanted: number): Promise<{ given: number; rest: number; untilMs: number }> {
    try {
      const { remainingPoints, msBeforeNext } = await this.#limiter.consume(who, wanted);
      return { given: wanted, rest: remainingPoints, untilMs: msBeforeNext };
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const before = this.points - (refused.consumedPoints - wanted);
      return { given: Math.max(0, Math.min(wanted, before)), rest: 0, untilMs: refused.msBeforeNext };
    }
  }
}

/** Under what name somebody's share is counted: their own, or their address where they have shown nothing. */
export function spenderOf(viewer: Viewer, address: string): string {
  switch (viewer.kind) {
    case 'MEMBER':
      return viewer.memberId;
    case 'USER':
      return viewer.userId;
    case 'FOLLOWER':
      return viewer.followerId ?? viewer.followId;
    default:
      return `address:${address}`;
  }
}
