import { setTimeout } from 'node:timers/promises';
import type { Orm } from '../entities/orm.js';
import type { Logger } from '../log.js';
import type { Bus } from './bus.js';
import { type LoggedEvent, readEvents, readHeads, readOldest } from './event-log.js';

/** How many events a feed keeps in memory; a reader that is further behind reads the log. */
const RECENT_EVENTS = 2_048;
const READ_BATCH = 200;
const BUS_PATIENCE_MS = 250;

/** A reader asked for what the log no longer has. */
export class CursorTooOldError extends Error {}

export type FeedListener = (events: readonly LoggedEvent[]) => void;

/** One company's log as this node follows it: in order, without gaps. */
export class CompanyFeed {
  /** The latest event that is known and has all before it known. */
  head = 0;
  #recent: LoggedEvent[] = [];
  readonly #listeners = new Set<FeedListener>();
  #healing: Promise<void> | null = null;
  #healTo = 0;
  /** Whether the bus has brought what was next, since the last comparison. */
  #isBrought = false;
  /** A moment of `performance.now()`; what was committed before it is known here. */
  #completeAt = Number.NEGATIVE_INFINITY;
  /** Where the log was at a moment, and this feed not yet. */
  #behind: { seq: number; at: number } | null = null;
  /** The latest event that this process itself has committed. */
  #own = 0;
  /**
   * Resolves with where the log ends now, when it has lost its end in a failover. What is known here is of another log then,
   * also when this one has grown again, and nothing of it is taken any more.
   */
  readonly lost: Promise<number>;
  readonly #lose: (seq: number) => void;
  #isLost = false;

  constructor(
    readonly companyId: string,
    readonly orm: Orm,
    readonly log: Logger,
  ) {
    ({ promise: this.lost, resolve: this.#lose } = Promise.withResolvers<number>());
  }

  /** Whether all is known here that was committed up to so many milliseconds ago, and all that this process has committed. */
  isCurrent(withinMs: number): boolean {
    if (this.#isLost) return false;
    return this.head >= this.#own && performance.now() - this.#completeAt <= withinMs;
  }

  /** What this process has committed itself: known before its answer is. */
  takeOwn(events: readonly LoggedEvent[]): void {
    this.#own = Math.max(this.#own, events.at(-1)?.seq ?? 0);
    if (events[0]?.seq === this.head + 1) this.#push(events);
  }

  /** Calls the listener with what comes after the present head, in order; returns how to end it. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the bus brought: taken when it is next, healed from the log when something is missing before it. */
  take(events: readonly LoggedEvent[]): void {
    const next = events.filter(({ seq }) => seq > this.head);
    const [first] = next;
    if (!first) return;
    if (first.seq === this.head + 1) {
      this.#isBrought = true;
      this.#push(next);
    } else this.advanceTo(next.at(-1)?.seq ?? first.seq);
  }

  /**
   * Where the log was at a moment, when so much was known here of it. What the bus is bringing anyway is not read from
   * the log as well.
   */
  compareWith(seq: number, at: number, known = this.head): void {
    if (seq < known) this.#noteLoss(seq, known);
    this.#behind = { seq, at };
    this.#catchUp();
    if (!this.#isBrought) this.advanceTo(seq);
    this.#isBrought = false;
  }

  /** Says that the log has reached `seq`; what is missing is read. */
  advanceTo(seq: number): void {
    this.#healTo = Math.max(this.#healTo, seq);
    if (this.#healTo <= this.head || this.#healing || this.#isLost) return;
    this.#healing = this.#heal()
      .catch((error) =>
        this.log.error({ error: String(error), companyId: this.companyId }, 'feed: reading the log failed'),
      )
      .finally(() => {
        this.#healing = null;
      });
  }

  /** The next events after `position`, at least one and none after the head. Throws CursorTooOldError. */
  async readAfter(position: number): Promise<readonly LoggedEvent[]> {
    const oldest = this.#recent[0];
    if (oldest && oldest.seq <= position + 1) {
      const start = position + 1 - oldest.seq;
      return this.#recent.slice(start, start + READ_BATCH);
    }
    const limit = Math.min(READ_BATCH, this.head - position);
    const events = await readEvents(this.orm, this.companyId, position, limit);
    if (events[0]?.seq !== position + 1) throw new CursorTooOldError();
    return events;
  }

  /** Whether the log still has everything after `seq`, which this node must have reached. */
  async reachesBackTo(seq: number): Promise<boolean> {
    if (seq >= this.head) return seq === this.head;
    const oldest = this.#recent[0]?.seq ?? Number.POSITIVE_INFINITY;
    if (oldest <= seq + 1) return true;
    const kept = await readOldest(this.orm, this.companyId);
    return kept !== null && kept <= seq + 1;
  }

  #noteLoss(seq: number, known: number): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const about = { companyId: this.companyId, seq, known };
    this.log.error(about, 'feed: the log has lost its end: this process knows another one, and has to begin anew');
    this.#lose(seq);
  }

  #catchUp(): void {
    if (!this.#behind || this.head < this.#behind.seq) return;
    this.#completeAt = this.#behind.at;
    this.#behind = null;
  }

  async #heal(): Promise<void> {
    this.#isBrought = false;
    // As soon as the bus brings what is next, it brings the rest; what it does not is found by the next comparison.
    while (this.head < this.#healTo && !this.#isBrought) {
      const events = await readEvents(this.orm, this.companyId, this.head, READ_BATCH);
      if (events.length === 0 || this.#isLost) break;
      // Meanwhile the bus may have brought some of them.
      const next = events.filter(({ seq }) => seq > this.head);
      const [first] = next;
      if (first && first.seq > this.head + 1) this.#skipTo(first.seq - 1);
      this.#push(next);
    }
  }

  /** The log has lost what follows the head; whoever listens sees the numbers jump. */
  #skipTo(seq: number): void {
    this.log.error({ companyId: this.companyId, head: this.head, seq }, 'feed: the log has a gap');
    this.#recent = [];
    this.head = seq;
  }

  /** Takes events as far as they follow on each other and on the head. */
  #push(events: readonly LoggedEvent[]): void {
    const gap = events.findIndex((event, i) => event.seq !== this.head + 1 + i);
    const next = gap < 0 ? events : events.slice(0, gap);
    const last = next.at(-1);
    if (!last || this.#isLost) return;
    this.#recent.push(...next);
    // Cut seldom, so that it costs nothing per event.
    if (this.#recent.length > 2 * RECENT_EVENTS) this.#recent = this.#recent.slice(-RECENT_EVENTS);
    this.head = last.seq;
    this.#catchUp();
    for (const listener of this.#listeners) listener(next);
    if (gap >= 0) this.advanceTo(events.at(-1)?.seq ?? 0);
  }
}

interface OpenFeed {
  feed: CompanyFeed;
  /** When the head is known. */
  ready: Promise<CompanyFeed>;
  isReady: boolean;
  readers: number;
  close?: () => void;
}

/** A place at a company's feed. */
export interface FeedSeat {
  feed: CompanyFeed;
  leave(): void;
}

/** The feeds that this node follows: those of the companies that somebody here listens to, and no others. */
export class FeedRegistry {
  /** Resolves with the company when a log that is followed here has lost its end, see `CompanyFeed`. */
  readonly lost: Promise<string>;
  readonly #noteLoss: (companyId: string) => void;
  readonly #open = new Map<string, OpenFeed>();
  readonly #poll: NodeJS.Timeout;
  #polling = false;

  constructor(
    readonly orm: Orm,
    readonly bus: Bus,
    readonly log: Logger,
    headPollMs: number,
  ) {
    ({ promise: this.lost, resolve: this.#noteLoss } = Promise.withResolvers<string>());
    this.#poll = setInterval(() => void this.#pollHeads(), headPollMs);
    this.#poll.unref();
  }

  /** Joins a company's feed. Its head is the log's head at some moment after the call. */
  async join(companyId: string): Promise<FeedSeat> {
    const open = this.#open.get(companyId) ?? this.#start(companyId);
    this.#open.set(companyId, open);
    open.readers += 1;
    let isSeated = true;
    const leave = () => {
      if (isSeated) this.#leave(companyId, open);
      isSeated = false;
    };
    try {
      return { feed: await open.ready, leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Passes committed events on, to this node's own readers and the others'. */
  async publish(events: readonly LoggedEvent[]): Promise<void> {
    const open = this.#open.get(events[0]?.companyId ?? '');
    if (open?.isReady) open.feed.takeOwn(events);
    try {
      await this.bus.publish(events);
    } catch (error) {
      // Nothing is lost: every node finds the event in the log when it next reads the heads.
      this.log.warn(
        { error: String(error), companyId: events[0]?.companyId, seq: events[0]?.seq },
        'bus: publish failed',
      );
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    for (const open of this.#open.values()) open.close?.();
    this.#open.clear();
  }

  #start(companyId: string): OpenFeed {
    const feed = new CompanyFeed(companyId, this.orm, this.log);
    void feed.lost.then(() => this.#noteLoss(companyId));
    const open: OpenFeed = { feed, readers: 0, ready: Promise.resolve(feed), isReady: false };
    open.ready = (async () => {
      const early: (readonly LoggedEvent[])[] = [];
      let hear: FeedListener = (events) => void early.push(events);
      const subscribed = this.bus.subscribe(companyId, (events) => hear(events));
      open.close = () => void subscribed.then((close) => close()).catch(() => {});
      // The bus first, then the head: what is committed between the two is seen by one of them. A bus that is away
      // is not waited for: until it is back, the heads are read.
      await Promise.race([subscribed.catch(() => {}), setTimeout(BUS_PATIENCE_MS, undefined, { ref: false })]);
      const at = performance.now();
      feed.head = (await readHeads(this.orm, [companyId])).get(companyId) ?? 0;
      feed.compareWith(feed.head, at);
      open.isReady = true;
      hear = (events) => feed.take(events);
      for (const events of early) feed.take(events);
      return feed;
    })();
    open.ready.catch(() => {
      if (this.#open.get(companyId) === open) this.#open.delete(companyId);
      open.close?.();
    });
    return open;
  }

  #leave(companyId: string, open: OpenFeed): void {
    open.readers -= 1;
    if (open.readers > 0 || this.#open.get(companyId) !== open) return;
    this.#open.delete(companyId);
    open.ready.then(
      () => open.close?.(),
      () => {},
    );
  }

  async #pollHeads(): Promise<void> {
    if (this.#polling || this.#open.size === 0) return;
    this.#polling = true;
    try {
      const at = performance.now();
      const known = new Map([...this.#open].map(([companyId, { feed }]) => [companyId, feed.head]));
      const heads = await readHeads(this.orm, [...known.keys()]);
      for (const [companyId, seq] of heads) {
        const feed = await this.#open.get(companyId)?.ready.catch(() => null);
        feed?.compareWith(seq, at, known.get(companyId));
      }
    } catch (error) {
      this.log.error({ error: String(error) }, 'feeds: reading the heads failed');
    } finally {
      this.#polling = false;
    }
  }
}
