import { Cohort, type CohortHost } from './cohort.js';
import type { LoggedEvent } from './event-log.js';
import type { Subscriber, Watcher } from './subscriber.js';
import type { Change, Reading, Render, Route, Topic } from './topic.js';

/** How many events are told together; the payloads of one such batch reach a socket in one write. */
const BATCH_EVENTS = 64;
const KNOWN_SOON_MS = 2_000;

/** A word about the stream itself. */
export type Word = Extract<Change['kind'], 'READY' | 'RESYNC' | 'HEARTBEAT'>;

/** What a group asks of the company that it belongs to. */
export interface GroupHost<S, R extends Reading> extends CohortHost<S, R> {
  /** Everything up to here has been routed to the groups. */
  readonly position: number;
  routesOf(event: LoggedEvent): readonly Route[];
  /** The viewer whose standing the event changes, if they are here. */
  watcherOf(event: LoggedEvent): Watcher<S> | null;
  isIn(subscriber: Subscriber<S>): boolean;
  /** Says a word to one subscriber; a heartbeat only when nothing else was said meanwhile. */
  say(group: Group<S, R>, subscriber: Subscriber<S>, word: Word, seq: number): Promise<void>;
  /** Tells the events to the cohort, with patience while the database is away; then, at last, ends it. */
  untilTold(cohort: Cohort<S, R>, events: readonly LoggedEvent[]): Promise<void>;
  /** The next events after `position`, none of them beyond the log's known head; none when the cohort has been ended. */
  readAfter(cohort: Cohort<S, R>, position: number): Promise<readonly LoggedEvent[] | 'TOO_OLD'>;
  /** Waits until everything up to `seq` has been routed, for `patienceMs` at most. */
  reach(seq: number, patienceMs: number): Promise<void>;
  /** Whether the log has all after `seq`, as far as this node knows it. */
  reachesBackTo(seq: number): Promise<boolean>;
  pause(ms: number): Promise<void>;
  /** Runs `act` when it is this group's turn: only so many tell at once, so that who waits gathers what comes meanwhile. */
  inTurn(act: () => Promise<void>): Promise<void>;
}

/**
 * All subscriptions of one document with the same variables. Most stand where the log does and are told what comes;
 * those who come back from an earlier position read the log in cohorts of their own until they have caught up.
 */
export class Group<S, R extends Reading> {
  readonly live: Cohort<S, R>;
  /** How many subscribers there are, those included who have not been told READY yet. */
  size = 0;
  readonly #replaying = new Set<Cohort<S, R>>();
  /** Cohorts that begin to read in a moment, by their position. */
  readonly #gathering = new Map<number, Cohort<S, R>>();
  /** Cohorts that have caught up, but for what is being told right now. */
  #arriving: { cohort: Cohort<S, R>; position: number; taken(isIn: boolean): void }[] = [];
  #pending: LoggedEvent[] = [];
  #isTelling = false;
  #ranAt = 0;
  /** While telling: everything up to here has been told. */
  #told = 0;

  constructor(
    readonly host: GroupHost<S, R>,
    readonly key: string,
    readonly topic: Topic<S>,
    readonly rendering: Render<S, R>,
  ) {
    this.live = new Cohort(host, topic, rendering);
  }

  *subscribers(): Iterable<Subscriber<S>> {
    yield* this.live.subscribers();
    for (const cohort of this.#replaying) yield* cohort.subscribers();
  }

  /** What the live subscribers have been told up to. */
  get position(): number {
    return this.#isTelling ? this.#told : this.host.position;
  }

  positionOf(subscriber: Subscriber<S>): number {
    return this.live.has(subscriber) ? Math.max(subscriber.position, this.position) : subscriber.position;
  }

  /** Takes an event for the live subscribers. */
  enqueue(event: LoggedEvent): void {
    if (!this.#isTelling) this.#told = event.seq - 1;
    this.#pending.push(event);
    this.#start();
  }

  #start(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    // The events of one transaction come together, and are told together.
    queueMicrotask(() => void this.#tellPending());
  }

  async #tellPending(): Promise<void> {
    const { pauseMs } = this.topic;
    while (this.#pending.length > 0 || this.#arriving.length > 0) {
      if (pauseMs !== undefined) await this.host.pause(this.#ranAt + pauseMs - performance.now());
      await this.host.inTurn(() => this.#tellNext());
    }
    this.#isTelling = false;
  }

  async #tellNext(): Promise<void> {
    const events = this.#pending.splice(0, this.topic.pauseMs === undefined ? BATCH_EVENTS : this.#pending.length);
    this.#ranAt = performance.now();
    await this.host.untilTold(this.live, events);
    const before = this.#told;
    const last = events.at(-1)?.seq ?? before;
    this.#told = this.#pending.length > 0 ? last : Math.max(last, this.host.position);
    await this.#takeIn(before, events);
  }

  /** Those who have arrived meanwhile are told what they lack of the batch that was just told, and are live. */
  async #takeIn(before: number, events: readonly LoggedEvent[]): Promise<void> {
    const arriving = this.#arriving;
    this.#arriving = [];
    for (const { cohort, position, taken } of arriving) {
      const isIn = position >= before;
      if (isIn) {
        await this.host.untilTold(
          cohort,
          events.filter(({ seq }) => seq > position),
        );
        this.#merge(cohort);
      }
      taken(isIn);
    }
  }

  #merge(cohort: Cohort<S, R>): void {
    this.#replaying.delete(cohort);
    for (const subscriber of [...cohort.subscribers()]) this.live.add(subscriber);
  }

  /** READY, then on from `after`, or from now. Resolves when the subscriber has been told READY. */
  async join(subscriber: Subscriber<S>, after: number | null): Promise<void> {
    let position = after ?? this.host.position;
    await this.host.say(this, subscriber, 'READY', position);
    if (after !== null && !(await this.#canReplay(after))) {
      position = this.host.position;
      await this.host.say(this, subscriber, 'RESYNC', position);
    }
    if (!this.host.isIn(subscriber)) return;
    subscriber.position = position;
    this.#gather(subscriber, position);
  }

  /** Those who come back to one position at about one time go on from it together. */
  #gather(subscriber: Subscriber<S>, position: number): void {
    if (this.#isLive(position)) {
      this.live.add(subscriber);
      return;
    }
    const gathered = this.#gathering.get(position);
    if (gathered) {
      gathered.add(subscriber);
      return;
    }
    const cohort = new Cohort(this.host, this.topic, this.rendering);
    cohort.add(subscriber);
    this.#replaying.add(cohort);
    this.#gathering.set(position, cohort);
    setImmediate(() => {
      this.#gathering.delete(position);
      void this.#replay(cohort, position);
    });
  }

  #isLive(position: number): boolean {
    return !this.#isTelling && position === this.host.position;
  }

  leave(subscriber: Subscriber<S>): void {
    this.live.remove(subscriber);
    for (const cohort of this.#replaying) {
      cohort.remove(subscriber);
      if (cohort.size === 0) this.#replaying.delete(cohort);
    }
  }

  /** A viewer's standing has changed, and with it, perhaps, their class. */
  reclass(subscriber: Subscriber<S>): void {
    for (const cohort of [this.live, ...this.#replaying]) if (cohort.has(subscriber)) cohort.add(subscriber);
  }

  async #replay(cohort: Cohort<S, R>, from: number): Promise<void> {
    let position = from;
    while (cohort.size > 0) {
      if (this.#isLive(position)) return this.#merge(cohort);
      if (position < this.host.position) {
        position = await this.#replayOnce(cohort, position);
      } else {
        const arrival = Promise.withResolvers<boolean>();
        this.#arriving.push({ cohort, position, taken: arrival.resolve });
        this.#start();
        if (await arrival.promise) return;
      }
    }
    this.#replaying.delete(cohort);
  }

  async #replayOnce(cohort: Cohort<S, R>, position: number): Promise<number> {
    const { host } = this;
    const known = host.position;
    const read = await host.readAfter(cohort, position);
    if (read === 'TOO_OLD') {
      const now = host.position;
      for (const subscriber of [...cohort.subscribers()]) await host.say(this, subscriber, 'RESYNC', now);
      return now;
    }
    const events = read.filter(({ seq }) => seq <= known);
    const relevant = events.filter((event) => this.#concerns(event, cohort));
    for (let i = 0; i < relevant.length; i += BATCH_EVENTS) {
      await host.untilTold(cohort, relevant.slice(i, i + BATCH_EVENTS));
    }
    const last = events.at(-1)?.seq ?? position;
    for (const subscriber of cohort.subscribers()) subscriber.position = last;
    return last;
  }

  #concerns(event: LoggedEvent, cohort: Cohort<S, R>): boolean {
    if (this.host.routesOf(event).some((route) => this.topic.routes.includes(route))) return true;
    const watcher = this.host.watcherOf(event);
    return watcher !== null && [...watcher.subscribers].some((subscriber) => cohort.has(subscriber));
  }

  /** Whether the log has all after `seq`. A position ahead of this node's is waited for: its giver is a moment further. */
  async #canReplay(seq: number): Promise<boolean> {
    if (seq > this.host.position) await this.host.reach(seq, KNOWN_SOON_MS);
    return this.host.reachesBackTo(seq);
  }
}
