import type { IncomingMessage } from 'node:http';

export interface ConnectionLimits {
  /** Open at one time. */
  maxSocketsPerAddress: number;
  maxSocketsPerViewer: number;
  /** New ones from one address, in a burst and, after it, per second. */
  maxConnectsPerSecond: number;
  maxSubscriptionsPerSocket: number;
  /** Of one reader that does not keep up, before its queue is dropped. */
  queueLimitBytes: number;
  /** How many proxies of our own stand before the server, each of which adds to X-Forwarded-For. */
  trustedProxies: number;
}

interface Visitor {
  open: number;
  /** What is left of the burst, and when that was. */
  tokens: number;
  at: number;
}

/** Burst, as a multiple of the rate: a whole office comes back at once when a node restarts. */
const BURST_SECONDS = 10;
const FORGET_MS = 60_000;

/** Counts the connections of each address. */
export class AddressLimits {
  readonly #visitors = new Map<string, Visitor>();

  constructor(readonly limits: ConnectionLimits) {}

  /** Takes one more connection of an address, or says why not. */
  take(address: string, now = performance.now()): 'TOO_MANY' | 'TOO_FAST' | null {
    const { maxSocketsPerAddress, maxConnectsPerSecond } = this.limits;
    const full = maxConnectsPerSecond * BURST_SECONDS;
    const visitor = this.#visitors.get(address) ?? { open: 0, tokens: full, at: now };
    this.#visitors.set(address, visitor);
    visitor.tokens = Math.min(full, visitor.tokens + ((now - visitor.at) / 1000) * maxConnectsPerSecond);
    visitor.at = now;
    if (visitor.open >= maxSocketsPerAddress) return 'TOO_MANY';
    if (visitor.tokens < 1) return 'TOO_FAST';
    visitor.tokens -= 1;
    visitor.open += 1;
    return null;
  }

  release(address: string): void {
    const visitor = this.#visitors.get(address);
    if (visitor) visitor.open -= 1;
  }

  /** Forgets those who have been gone for a while. */
  sweep(now = performance.now()): void {
    for (const [address, { open, at }] of this.#visitors) {
      if (open === 0 && now - at > FORGET_MS) this.#visitors.delete(address);
    }
  }
}

/** Where a request comes from: as far back as proxies of our own vouch for it. */
export function addressOf(request: IncomingMessage, trustedProxies: number): string {
  const direct = request.socket.remoteAddress ?? 'unknown';
  if (trustedProxies === 0) return direct;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  return forwarded.at(-trustedProxies) ?? direct;
}
