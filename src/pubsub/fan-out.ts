import { setTimeout } from 'node:timers/promises';
import { CompanyFanOut, type Counts } from './company-fan-out.js';
import type { FeedRegistry } from './company-feed.js';
import type { Connection, Subscriber, Watcher } from './subscriber.js';
import type { ChangeSource, Reading, Render, Rights } from './topic.js';

/** How often heartbeats are looked after within their interval. */
const SWEEPS = 16;

/** A connection that has been let in, for as long as its viewer's way in stays open. */
export class Admission<S, R extends Reading> {
  constructor(
    readonly fanOut: FanOut<S, R>,
    readonly company: CompanyFanOut<S, R>,
    readonly watcher: Watcher<S>,
    readonly connection: Connection,
  ) {}

  leave(): void {
    this.company.dismiss(this.watcher, this.connection);
    this.fanOut.closeIfIdle(this.company);
  }
}

/** The real-time engine of one node: every company that somebody here watches, and who watches what. */
export class FanOut<S, R extends Reading> {
  readonly counts: Counts = { executions: 0, deliveries: 0 };
  readonly #companies = new Map<string, Promise<CompanyFanOut<S, R>>>();
  readonly #sweep: NodeJS.Timeout;

  constructor(
    readonly feeds: FeedRegistry,
    readonly rights: Rights<S, R>,
    heartbeatMs: number,
  ) {
    this.#sweep = setInterval(() => void this.#beat(heartbeatMs), Math.max(20, heartbeatMs / SWEEPS));
    this.#sweep.unref();
  }

  /**
   * Lets a connection in and follows its viewer's rights from here on: `connection.end` is called when the way in has
   * been closed, on whatever node. Null when it is closed already.
   */
  async admit(companyId: string, standing: S, connection: Connection): Promise<Admission<S, R> | null> {
    let company = await this.#open(companyId);
    // The last one left while this one waited.
    while (company.isClosed) company = await this.#open(companyId);
    try {
      const watcher = await company.admit(standing, connection);
      return watcher && new Admission(this, company, watcher, connection);
    } finally {
      this.closeIfIdle(company);
    }
  }

  /**
   * Delivers a topic to a subscriber. Subscriptions with the same key share all that their viewers' rights let them
   * share. One without a position of its own begins after `since`, which is from before its viewer's rights were looked
   * at: what has ended them meanwhile is told. Resolves when READY has been told.
   */
  subscribe(
    { company }: Admission<S, R>,
    subscriber: Subscriber<S>,
    { topic, after }: ChangeSource<S>,
    key: string,
    render: Render<S, R>,
    since: number | null,
  ): Promise<void> {
    return company.subscribe(subscriber, key, topic, render, after ?? since);
  }

  /** Resolves when a company's log has lost its end and all who listen to it have been told so, or could not be in time. */
  async ended(patienceMs: number): Promise<void> {
    const companyId = await this.feeds.lost;
    const company = await this.#companies.get(companyId);
    await Promise.race([company?.ended, setTimeout(patienceMs)]);
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    const companies = await Promise.allSettled(this.#companies.values());
    for (const company of companies) if (company.status === 'fulfilled') company.value.close();
    this.#companies.clear();
  }

  #open(companyId: string): Promise<CompanyFanOut<S, R>> {
    let company = this.#companies.get(companyId);
    if (!company) {
      company = this.feeds.join(companyId).then((seat) => new CompanyFanOut(seat, this.rights, this.counts));
      this.#companies.set(companyId, company);
      company.catch(() => this.#companies.delete(companyId));
    }
    return company;
  }

  closeIfIdle(company: CompanyFanOut<S, R>): void {
    if (!company.isIdle || company.isClosed) return;
    company.close();
    this.#companies.delete(company.feed.companyId);
  }

  async #beat(heartbeatMs: number): Promise<void> {
    const now = performance.now();
    for (const company of this.#companies.values()) {
      await company.then(
        (open) => open.beat(now, heartbeatMs),
        () => {},
      );
    }
  }
}
