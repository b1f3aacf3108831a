import { LRUCache } from 'lru-cache';
import type { Standing } from '../auth/standing.js';
import type { Trace } from './trace.js';

/** An answer as it is sent. */
export interface Answer {
  /** One character for each byte. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body in other encodings, as far as somebody wanted it so. */
  readonly encoded: Map<string, string>;
  /** In points. */
  readonly cost: number;
}

/** Of one request: the answers to people who are given different ones. */
const MOST_VARIANTS = 64;
/** A larger answer is not worth its room. */
const LARGEST_BYTES = 262_144;
/** Nor is a larger request: nobody honest sends such a one often. */
const LARGEST_REQUEST = 32_768;
/** What an answer takes beside its bytes, about. */
const OVERHEAD_BYTES = 1_024;
/** JSON that is compressed in both ways takes less than that beside what it was. */
const WITH_ENCODED = 1.7;

/** What is answered to some of those who send a request. */
class Variant {
  /** None since something it was made of has changed. Who was given it will be given the same again, most likely. */
  answer: Answer | null;
  /** Over when somebody who makes it anew has done so, or has failed. */
  making: Promise<void> | null = null;
  readonly #holders = new WeakMap<Standing, boolean>();

  constructor(
    answer: Answer,
    readonly trace: Trace,
  ) {
    this.answer = answer;
  }

  isFor(standing: Standing): boolean {
    let is = this.#holders.get(standing);
    if (is === undefined) {
      is = this.trace.isFor(standing);
      this.#holders.set(standing, is);
    }
    return is;
  }
}

/** All that was answered to one request of a company, by whoever sent it. */
interface Variants {
  readonly companyId: string;
  readonly routes: Set<string>;
  readonly list: readonly Variant[];
}

/** Somebody's turn to make an answer that is not there any more. Others wait for it, so it has to end. */
export interface Turn {
  end(): void;
}
const NOBODY_WAITS: Turn = { end: () => {} };

/** Answers that stay true until the log says that something they were made of has changed. Bounded in bytes. */
export class Answers {
  /** How many were given from here. */
  given = 0;
  readonly #kept: LRUCache<string, Variants>;
  /** By company and route: the keys of what was made of it. */
  readonly #routes = new Map<string, Map<string, Set<string>>>();

  constructor(readonly maxBytes: number) {
    this.#kept = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ list }, key) =>
        list.reduce((sum, variant) => sum + bytesOf(variant), OVERHEAD_BYTES + 2 * key.length),
      dispose: (variants, key) => this.#unlist(variants, key),
      noDisposeOnSet: true,
    });
  }

  /** The answer that executing the request for this person would give. */
  find(companyId: string, request: string, standing: Standing): Answer | null {
    for (const variant of this.#kept.get(keyOf(companyId, request))?.list ?? []) {
      if (!variant.answer || !variant.isFor(standing)) continue;
      this.given += 1;
      return variant.answer;
    }
    return null;
  }

  /**
   * When somebody who was given the same answer as this person is making it anew: the end of that. Otherwise it is this
   * person's turn.
   */
  turnOf(companyId: string, request: string, standing: Standing): Turn | Promise<void> {
    const variant = this.#kept.get(keyOf(companyId, request))?.list.find((each) => each.isFor(standing));
    if (!variant) return NOBODY_WAITS;
    if (variant.making) return variant.making;
    const { promise, resolve } = Promise.withResolvers<void>();
    variant.making = promise;
    const end = () => {
      variant.making = null;
      resolve();
    };
    return { end };
  }

  keep(companyId: string, request: string, answer: Answer, trace: Trace, routes: ReadonlySet<string>): void {
    if (answer.body.length > LARGEST_BYTES || request.length > LARGEST_REQUEST) return;
    const key = keyOf(companyId, request);
    const before = this.#kept.peek(key);
    const others = before?.list.filter((variant) => variant.answer || !variant.isFor(trace.standing)) ?? [];
    const list = [...others, new Variant(answer, trace)].slice(-MOST_VARIANTS);
    this.#kept.set(key, { companyId, list, routes: new Set([...(before?.routes ?? []), ...routes]) });
    const ofCompany = this.#routes.get(companyId) ?? new Map<string, Set<string>>();
    this.#routes.set(companyId, ofCompany);
    // Without a route of its own it still goes with everything of its company.
    for (const route of ['', ...routes]) {
      const keys = ofCompany.get(route) ?? new Set();
      ofCompany.set(route, keys.add(key));
    }
  }

  /** Forgets what was made of something under these routes; of the whole company when there are none. */
  drop(companyId: string, routes: readonly string[] | null): void {
    const ofCompany = this.#routes.get(companyId);
    for (const route of routes ?? ['']) for (const key of ofCompany?.get(route) ?? []) this.#empty(key);
  }

  /** Leaves who was given the same as whom. */
  #empty(key: string): void {
    const variants = this.#kept.peek(key);
    if (!variants) return;
    this.#unlist(variants, key);
    for (const variant of variants.list) variant.answer = null;
    this.#kept.set(key, { ...variants, routes: new Set() });
  }

  #unlist({ companyId, routes }: Variants, key: string): void {
    const ofCompany = this.#routes.get(companyId);
    if (!ofCompany) return;
    for (const route of ['', ...routes]) {
      const keys = ofCompany.get(route);
      keys?.delete(key);
      if (keys?.size === 0) ofCompany.delete(route);
    }
    if (ofCompany.size === 0) this.#routes.delete(companyId);
  }
}

const bytesOf = ({ answer, trace }: Variant): number =>
  Math.ceil((answer?.body.length ?? 0) * WITH_ENCODED) + trace.bytes;

const keyOf = (companyId: string, request: string): string => `${companyId}\n${request}`;
