import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Patience } from '../auth/authenticate.js';
import { networkOf } from '../transport/address-ranges.js';
import { RateLimitError } from './rate-limits.js';

const SECONDS = 60;

/**
 * How many credentials that are none a network may show within a minute: each costs a look into the database, or a
 * signature. Every process counts by itself: what is tried at all of them is still bounded.
 */
export class BadCredentials implements Patience {
  readonly #shown: RateLimiterMemory;

  constructor(readonly most: number) {
    this.#shown = new RateLimiterMemory({ points: most, duration: SECONDS });
  }

  async expect(address: string): Promise<void> {
    const shown = await this.#shown.get(networkOf(address));
    if (shown && shown.consumedPoints >= this.most)
      throw new RateLimitError({ limit: this.most, remaining: 0, resetAt: new Date(Date.now() + shown.msBeforeNext) });
  }

  lose(address: string): void {
    this.#shown.penalty(networkOf(address)).catch(() => {});
  }
}
