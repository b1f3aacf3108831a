import { setTimeout } from 'node:timers/promises';
import type { Orm } from '../entities/orm.js';
import type { Logger } from '../log.js';
import type { Bus } from './bus.js';
import { type LoggedEvent, readEvents, readHeads, readOldest } from './event-log.js';
import { patiently } from './patience.js';

/** How many events a feed keeps in memory; a reader that is further behind reads the log. */
const RECENT_EVENTS = 1_024;
const READ_BATCH = 200;
const BUS_PATIENCE_MS = 250;

/** A reader asked for what the log no longer has. */
export class CursorTooOldError extends Error {}

/**
 * One company's log as this node follows it: in order, without gaps. Readers pull, each with nothing but a position
 * of its own, so a slow one holds no memory and delays nobody.
 */
export class CompanyFeed {
  /** The latest event that is known and has all before it known. */
  head = 0;
  readonly #recent: LoggedEvent[] = [];
  #waiting = new Set<() => void>();
  #healing: Promise<void> | null = null;
  #healTo = 0;

  constructor(
    readonly companyId: string,
    readonly orm: Orm,
    readonly log: Logger,
  ) {}

  /** What the bus brought: taken when it is next, healed from the log when something is missing before it. */
  take(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      if (event.seq === this.head + 1) this.#push(event);
      else if (event.seq > this.head + 1) this.advanceTo(event.seq);
    }
    this.#wake();
  }

  /** Says that the log has reached `seq`; what is missing is read. */
  advanceTo(seq: number): void {
    this.#healTo = Math.max(this.#healTo, seq);
    if (this.#healTo <= this.head || this.#healing) return;
    this.#healing = this.#heal()
      .catch((error) =>
        this.log.error({ error: String(error), companyId: this.companyId }, 'feed: reading the log failed'),
      )
      .finally(() => {
        this.#healing = null;
      });
  }

  /** The events after `position`, at least one; waits for it. Throws CursorTooOldError. */
  async read(position: number, signal: AbortSignal): Promise<readonly LoggedEvent[]> {
    while (!signal.aborted) {
      if (position < this.head) return this.#between(position, signal);
      await this.#next(signal);
    }
    return [];
  }

  async #between(position: number, signal: AbortSignal): Promise<readonly LoggedEvent[]> {
    const oldest = this.#recent[0];
    if (oldest && oldest.seq <= position + 1) {
      const start = position + 1 - oldest.seq;
      return this.#recent.slice(start, start + READ_BATCH);
    }
    const limit = Math.min(READ_BATCH, this.head - position);
    const events = await patiently(() => readEvents(this.orm, this.companyId, position, limit), signal, this.log);
    if (events[0]?.seq !== position + 1) throw new CursorTooOldError();
    return events;
  }

  async #heal(): Promise<void> {
    while (this.head < this.#healTo) {
      const events = await readEvents(this.orm, this.companyId, this.head, READ_BATCH);
      if (events.length === 0) break;
      for (const event of events) if (event.seq === this.head + 1) this.#push(event);
      this.#wake();
    }
  }

  #push(event: LoggedEvent): void {
    this.#recent.push(event);
    if (this.#recent.length > RECENT_EVENTS) this.#recent.shift();
    this.head = event.seq;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resume of waiting) resume();
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        signal.removeEventListener('abort', resume);
        this.#waiting.delete(resume);
        resolve();
      };
      this.#waiting.add(resume);
      signal.addEventListener('abort', resume, { once: true });
    });
  }
}

interface OpenFeed {
  ready: Promise<CompanyFeed>;
  readers: number;
  close?: () => void;
}

/** The feeds that this node follows: those of the companies that somebody here listens to, and no others. */
export class FeedRegistry {
  readonly #open = new Map<string, OpenFeed>();
  readonly #poll: NodeJS.Timeout;
  #polling = false;

  constructor(
    readonly orm: Orm,
    readonly bus: Bus,
    readonly log: Logger,
    headPollMs: number,
  ) {
    this.#poll = setInterval(() => void this.#pollHeads(), headPollMs);
    this.#poll.unref();
  }

  /** Joins a company's feed until `signal` aborts. Its head is the log's head at some moment after the call. */
  async join(companyId: string, signal: AbortSignal): Promise<CompanyFeed> {
    const open = this.#open.get(companyId) ?? this.#start(companyId);
    this.#open.set(companyId, open);
    open.readers += 1;
    const leave = () => this.#leave(companyId, open);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return open.ready;
  }

  /** Passes committed events on: at once to this node's own readers, through the bus to the others'. */
  async publish(events: readonly LoggedEvent[]): Promise<void> {
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
    const open: OpenFeed = { readers: 0, ready: Promise.resolve(feed) };
    open.ready = (async () => {
      let listening = false;
      const subscribed = this.bus.subscribe(companyId, (events) => listening && feed.take(events));
      open.close = () => void subscribed.then((close) => close()).catch(() => {});
      // The bus first, then the head: what is committed between the two is seen by one of them. A bus that is away
      // is not waited for: until it is back, the heads are read.
      await Promise.race([subscribed.catch(() => {}), setTimeout(BUS_PATIENCE_MS, undefined, { ref: false })]);
      feed.head = (await readHeads(this.orm, [companyId])).get(companyId) ?? 0;
      listening = true;
      return feed;
    })();
    open.ready.catch(() => this.#open.delete(companyId));
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
      const heads = await readHeads(this.orm, [...this.#open.keys()]);
      for (const [companyId, seq] of heads) {
        const feed = await this.#open.get(companyId)?.ready.catch(() => null);
        feed?.advanceTo(seq);
      }
    } catch (error) {
      this.log.error({ error: String(error) }, 'feeds: reading the heads failed');
    } finally {
      this.#polling = false;
    }
  }
}

/** Whether the log still has everything after `seq`. */
export async function reachesBackTo(orm: Orm, companyId: string, seq: number, head: number): Promise<boolean> {
  if (seq > head) return false;
  if (seq === head) return true;
  const oldest = await readOldest(orm, companyId);
  return oldest !== null && oldest <= seq + 1;
}
