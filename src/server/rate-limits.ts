import type { ServerResponse } from 'node:http';
import type { Cluster, Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { actorIdOf, type Viewer } from '../auth/viewer.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import { ApiError } from '../errors.js';
import type { RateLimit } from '../resolvers/context.js';
import { networkOf } from '../transport/address-ranges.js';

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

/** What is looked at and cannot be run costs so many points. */
export const FAULTY_COST = 10;

/** What is left of the limit that was reached stands with the refusal. */
export class RateLimitError extends ApiError {
  readonly retryAfterSeconds: number;

  constructor(readonly standing: RateLimit) {
    const seconds = Math.max(1, Math.ceil((standing.resetAt.getTime() - Date.now()) / 1_000));
    super('RATE_LIMIT', `You have asked for too much: try again in ${seconds} seconds.`);
    this.retryAfterSeconds = seconds;
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

  /** Throws RateLimitError for who has nothing left: before anything is done for them. */
  expect(who: string): void {
    const lease = this.#leases.get(who);
    const isSpent = lease && lease.until > Date.now() && lease.left + lease.remaining <= 0;
    if (isSpent) throw new RateLimitError(this.standing(who));
  }

  /** What is told of a fault, which was looked at and costs; that there is nothing left to pay it from, where there is not. */
  async charged(who: string, fault: unknown): Promise<unknown> {
    if (!(fault instanceof ApiError) || fault instanceof RateLimitError) return fault;
    if (ERROR_CODES[fault.code].status >= 500) return fault;
    try {
      await this.take(who, FAULTY_COST);
      return fault;
    } catch (error) {
      const lease = this.#leases.get(who);
      if (lease) lease.left = 0;
      return error;
    }
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
      throw new RateLimitError(this.standing(who));
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
  if (viewer.kind === 'USER') return viewer.userId;
  return actorIdOf(viewer) ?? `address:${networkOf(address)}`;
}

/** How much is left, as an answer says it; `RateLimit-Reset` is in seconds. */
export const rateLimitHeaders = ({ limit, remaining, resetAt }: RateLimit): Record<string, string> => ({
  'ratelimit-limit': String(limit),
  'ratelimit-remaining': String(remaining),
  'ratelimit-reset': String(Math.max(0, Math.ceil((resetAt.getTime() - Date.now()) / 1_000))),
});

export function tellRateLimit(response: ServerResponse, standing: RateLimit): void {
  response.setHeaders(new Map(Object.entries(rateLimitHeaders(standing))));
}
