import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type Cohort, LOG_GAP } from './cohort.js';
import { type CompanyFeed, CursorTooOldError, type FeedSeat } from './company-feed.js';
import { findConcern, type LoggedEvent } from './event-log.js';
import { Group, type GroupHost, type Word } from './group.js';
import { patiently } from './patience.js';
import { Presence } from './presence.js';
import type { Batch, Connection, Subscriber, Watcher } from './subscriber.js';
import type { Answer, Change, Reading, Readings, Render, Rights, Route, Topic } from './topic.js';
import { Words } from './words.js';

/** How many groups tell at one time. More would not be quicker: they share one database and one thread. */
const TELLING_AT_ONCE = 32;

/** What the engine has done since the process began. */
export interface Counts {
  executions: number;
  deliveries: number;
}

/**
 * One company's events on their way to this node's subscribers: each is routed to the groups that listen to its
 * object, after the standings that it changes have been read anew. So whatever is told is judged by rights that are
 * at least as new as the event.
 */
export class CompanyFanOut<S, R extends Reading> implements GroupHost<S, R> {
  position: number;
  /** Resolves when the log has lost its end and all have been told so. */
  readonly ended: Promise<void>;
  readonly #presence: Presence<S, R>;
  readonly #groups = new Map<string, Group<S, R>>();
  readonly #listening = new Map<Route, Set<Group<S, R>>>();
  readonly #groupOf = new Map<Subscriber<S>, Group<S, R>>();
  readonly #words: Words<S, R>;
  readonly #readings: Readings<R>;
  readonly #unlisten: () => void;
  readonly #closed = new AbortController();
  #queue: LoggedEvent[] = [];
  #telling = 0;
  /** Those who wait until they may tell, first come, first served. */
  readonly #turns: (() => void)[] = [];
  #known: number;
  #isDispatching = false;
  /** Whether all have been told the last that they are told. */
  #isOver = false;
  #reading: R | null = null;
  #confirming: Promise<boolean> | null = null;
  #reaching: { seq: number; reached(): void }[] = [];

  constructor(
    readonly seat: FeedSeat,
    readonly rights: Rights<S, R>,
    readonly counts: Counts,
  ) {
    this.#presence = new Presence(
      rights,
      (subscriber) => this.#groupOf.get(subscriber)?.reclass(subscriber),
      (subscriber) => this.leave(subscriber),
    );
    this.#words = new Words(this);
    this.#readings = rights.readingsOf(this.feed.companyId);
    this.position = this.feed.head;
    this.#known = this.feed.head;
    this.#unlisten = this.feed.listen((events) => this.#take(events));
    this.ended = this.feed.lost.then((seq) => this.#endAllAt(seq));
  }

  get feed(): CompanyFeed {
    return this.seat.feed;
  }

  get isIdle(): boolean {
    return this.#presence.isEmpty;
  }

  get rightsVersion(): number {
    return this.#presence.version;
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  close(): void {
    this.#closed.abort();
    this.#unlisten();
    this.seat.leave();
  }

  watcher(key: string): Watcher<S> | undefined {
    return this.#presence.find(key);
  }

  watcherOf(event: LoggedEvent): Watcher<S> | null {
    const key = this.rights.concernOf(event);
    return (key !== null && this.#presence.find(key)) || null;
  }

  /** Lets a viewer's connection in, with the standing of this moment; null when there is none. */
  admit(standing: S, connection: Connection): Promise<Watcher<S> | null> {
    return this.#presence.admit(standing, connection);
  }

  dismiss(watcher: Watcher<S>, connection: Connection): void {
    this.#presence.dismiss(watcher, connection);
  }

  /** Joins the group of that key, or begins it. Resolves when the subscriber has been told READY. */
  async subscribe(
    subscriber: Subscriber<S>,
    key: string,
    topic: Topic<S>,
    render: Render<S, R>,
    after: number | null,
  ): Promise<void> {
    const group = this.#groups.get(key) ?? new Group(this, key, topic, render);
    this.#groups.set(key, group);
    for (const route of topic.routes) {
      const groups = this.#listening.get(route) ?? new Set();
      this.#listening.set(route, groups.add(group));
    }
    subscriber.watcher.subscribers.add(subscriber);
    this.#groupOf.set(subscriber, group);
    group.size += 1;
    await group.join(subscriber, after);
  }

  isIn(subscriber: Subscriber<S>): boolean {
    return this.#groupOf.has(subscriber);
  }

  leave(subscriber: Subscriber<S>): void {
    const group = this.#groupOf.get(subscriber);
    if (!group) return;
    this.#groupOf.delete(subscriber);
    subscriber.watcher.subscribers.delete(subscriber);
    group.leave(subscriber);
    group.size -= 1;
    if (group.size > 0) return;
    this.#groups.delete(group.key);
    for (const route of group.topic.routes) {
      const groups = this.#listening.get(route);
      groups?.delete(group);
      if (groups?.size === 0) this.#listening.delete(route);
    }
  }

  #take(events: readonly LoggedEvent[]): void {
    const [first] = events;
    if (first && first.seq > this.#known + 1) {
      this.#queue.push({ ...first, seq: first.seq - 1, type: LOG_GAP, objectId: '', data: {} });
    }
    this.#queue.push(...events);
    this.#known = events.at(-1)?.seq ?? this.#known;
    if (!this.#isDispatching) void this.#dispatch();
  }

  async #dispatch(): Promise<void> {
    this.#isDispatching = true;
    while (this.#queue.length > 0) {
      const events = this.#queue;
      this.#queue = [];
      for (const event of events) {
        const watcher = this.watcherOf(event);
        this.#readings.note(event);
        if (watcher) await this.#renew(watcher);
        const closed = this.rights.closes(event);
        if (closed !== null) this.#presence.turnOutAll(closed);
        this.#route(event, watcher);
        this.position = event.seq;
      }
      for (const { seq, reached } of this.#reaching) if (seq <= this.position) reached();
      this.#reaching = this.#reaching.filter(({ seq }) => seq > this.position);
    }
    this.#isDispatching = false;
  }

  async #renew(watcher: Watcher<S>): Promise<void> {
    try {
      await patiently(() => this.#presence.renew(watcher), this.#closed.signal, this.feed.log);
    } catch (error) {
      if (this.isClosed) return;
      // Rights that cannot be read are rights that may have ended.
      this.feed.log.error({ error: String(error) }, 'fan-out: reading the rights failed');
      this.#presence.turnOut(watcher);
    }
  }

  #route(event: LoggedEvent, watcher: Watcher<S> | null): void {
    const groups = new Set<Group<S, R>>();
    if (event.type === LOG_GAP) for (const group of this.#groups.values()) groups.add(group);
    for (const route of this.routesOf(event)) for (const group of this.#listening.get(route) ?? []) groups.add(group);
    for (const subscriber of watcher?.subscribers ?? []) {
      const group = this.#groupOf.get(subscriber);
      if (group) groups.add(group);
    }
    for (const group of groups) group.enqueue(event);
  }

  routesOf(event: LoggedEvent): readonly Route[] {
    return this.rights.routesOf(event);
  }

  async reach(seq: number, patienceMs: number): Promise<void> {
    if (seq <= this.position) return;
    this.feed.advanceTo(seq);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reaching.push({ seq, reached: resolve });
    await Promise.race([promise, this.pause(patienceMs)]);
  }

  reachesBackTo(seq: number): Promise<boolean> {
    return seq > this.position ? Promise.resolve(false) : this.feed.reachesBackTo(seq);
  }

  async readAfter(cohort: Cohort<S, R>, position: number): Promise<readonly LoggedEvent[] | 'TOO_OLD'> {
    const read = () =>
      this.feed.readAfter(position).catch((error) => {
        if (error instanceof CursorTooOldError) return 'TOO_OLD' as const;
        throw error;
      });
    return (await this.#orEnd(cohort, read)) ?? [];
  }

  async untilTold(cohort: Cohort<S, R>, events: readonly LoggedEvent[]): Promise<void> {
    if (events.length > 0 && cohort.size > 0) await this.#orEnd(cohort, () => cohort.tell(events));
  }

  async #orEnd<T>(cohort: Cohort<S, R>, act: () => Promise<T>): Promise<T | null> {
    try {
      return await patiently(act, this.#closed.signal, this.feed.log);
    } catch (error) {
      for (const subscriber of [...cohort.subscribers()]) this.#end(subscriber, error as Error);
      return null;
    }
  }

  #end(subscriber: Subscriber<S>, error: Error): void {
    if (!this.isIn(subscriber)) return;
    this.leave(subscriber);
    subscriber.end(error);
  }

  async say(group: Group<S, R>, subscriber: Subscriber<S>, kind: Word, seq: number): Promise<void> {
    const { toldAt } = subscriber;
    try {
      const batch = await patiently(
        () => this.#words.make(group, subscriber.watcher.standing, kind, seq),
        this.#closed.signal,
        this.feed.log,
      );
      if (!this.isIn(subscriber) || (kind === 'HEARTBEAT' && subscriber.toldAt !== toldAt)) return;
      subscriber.position = Math.max(subscriber.position, seq);
      this.hand(subscriber, batch);
    } catch (error) {
      this.#end(subscriber, error as Error);
    }
  }

  /** RESYNC as the subscriber would be told it now, for who hands it over by other means. */
  async resync(subscriber: Subscriber<S>): Promise<Batch | null> {
    const group = this.#groupOf.get(subscriber);
    return group
      ? this.#words.make(group, subscriber.watcher.standing, 'RESYNC', this.position).catch(() => null)
      : null;
  }

  /**
   * The log has lost its end: all are told to read everything anew, and to go on from where it ends now. Nothing else follows,
   * for what is still told here has a place in a log that is no more.
   */
  async #endAllAt(seq: number): Promise<void> {
    this.position = seq;
    this.#isOver = true;
    const all = [...this.#groups.values()].flatMap((group) => [...group.subscribers()]);
    await Promise.all(
      all.map(async (subscriber) => {
        const batch = await this.resync(subscriber);
        if (batch && this.isIn(subscriber)) subscriber.deliver(batch);
      }),
    );
  }

  hand(subscriber: Subscriber<S>, batch: Batch): void {
    if (this.#isOver) return;
    subscriber.toldAt = performance.now();
    this.counts.deliveries += batch.payloads.length;
    subscriber.deliver(batch);
  }

  render(render: Render<S, R>, change: Change, standing: S, reading: R): Promise<Answer<S>> {
    this.counts.executions += 1;
    return render(change, standing, reading);
  }

  /** What all that is told in this turn of the event loop is read with. */
  reading(): R {
    if (!this.#reading) {
      this.#reading = this.#readings.open();
      setImmediate(() => {
        this.#reading = null;
      });
    }
    return this.#reading;
  }

  /**
   * Whether the rights that were judged by are at least as new as all that has been read up to now. Where somebody's
   * have changed since, waits until they are known here, and says no: it has to be judged again.
   */
  confirmRights(): Promise<boolean> {
    this.#confirming ??= nextTurn().then(async () => {
      this.#confirming = null;
      const changedAt = await findConcern(this.feed.orm, this.feed.companyId, this.position, this.rights.concerns);
      if (changedAt === null) return true;
      await this.reach(changedAt, 1_000);
      return false;
    });
    return this.#confirming;
  }

  /** Beats for those who were told nothing for so long. */
  beat(now: number, heartbeatMs: number): void {
    for (const group of this.#groups.values()) {
      for (const subscriber of group.subscribers()) {
        if (now - subscriber.toldAt < heartbeatMs) continue;
        void this.say(group, subscriber, 'HEARTBEAT', group.positionOf(subscriber));
      }
    }
  }

  async inTurn(act: () => Promise<void>): Promise<void> {
    if (this.#telling >= TELLING_AT_ONCE) await new Promise<void>((resolve) => this.#turns.push(resolve));
    else this.#telling += 1;
    try {
      await act();
    } finally {
      const next = this.#turns.shift();
      if (next) next();
      else this.#telling -= 1;
    }
  }

  pause(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return delay(ms, undefined, { signal: this.#closed.signal }).catch(() => {});
  }
}
