import type { IncomingMessage } from 'node:http';
import type { Stream } from 'node:stream';
import { networkOf } from '../transport/address-ranges.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import { addressOf } from './forwarded.js';

export interface AddressLimitOptions {
  /** Open at one time. */
  maxSocketsPerAddress: number;
  /** New ones, after a burst of ten seconds' worth: a whole office comes back at once when a node restarts. */
  maxConnectsPerSecond: number;
  /** Whose word for an address is believed. */
  trustedProxies: TrustedProxies;
}

class Visitor {
  open = 0;

  constructor(
    /** What is left of the burst, and when that was. */
    public tokens: number,
    public at: number,
  ) {}

  /** Listens to the end of each of its connections. */
  readonly left = (): void => {
    this.open -= 1;
  };
}

const BURST_SECONDS = 10;
const FORGET_MS = 60_000;
const SWEEP_AT = 10_000;
const TOO_MANY_SECONDS = 30;
const TOO_FAST_SECONDS = 1;

/** Counts the connections that stay, WebSockets and event streams, of each address. */
export class AddressLimits {
  /** How many connections were refused. */
  refused = 0;
  readonly #visitors = new Map<string, Visitor>();

  constructor(readonly options: AddressLimitOptions) {}

  /** Takes one more connection, until `stream` closes; or answers after how many seconds to try again. */
  take(request: IncomingMessage, stream: Stream, now = performance.now()): number | null {
    const { maxSocketsPerAddress, maxConnectsPerSecond, trustedProxies } = this.options;
    const full = maxConnectsPerSecond * BURST_SECONDS;
    const address = networkOf(addressOf(request, trustedProxies));
    const visitor = this.#visitors.get(address) ?? new Visitor(full, now);
    this.#visitors.set(address, visitor);
    visitor.tokens = Math.min(full, visitor.tokens + ((now - visitor.at) / 1000) * maxConnectsPerSecond);
    visitor.at = now;
    if (visitor.open >= maxSocketsPerAddress || visitor.tokens < 1) {
      this.refused += 1;
      return visitor.open >= maxSocketsPerAddress ? TOO_MANY_SECONDS : TOO_FAST_SECONDS;
    }
    visitor.tokens -= 1;
    visitor.open += 1;
    stream.on('close', visitor.left);
    if (this.#visitors.size > SWEEP_AT) this.#sweep(now);
    return null;
  }

  /** Forgets those who have been gone for a while. */
  #sweep(now: number): void {
    for (const [address, { open, at }] of this.#visitors) {
      if (open === 0 && now - at > FORGET_MS) this.#visitors.delete(address);
    }
  }
}
