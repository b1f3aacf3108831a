import type { LoggedEvent } from './event-log.js';
import { Batch, type Subscriber, type Watcher } from './subscriber.js';
import type { Answer, Change, Reading, Render, Sight, Topic } from './topic.js';

/** The kind of event that stands for those the log has lost: whoever hears of it reads all anew. */
export const LOG_GAP = 'log.gap';
const RESYNC: Sight = { kind: 'RESYNC' };

/** What a subscriber is told of one event: a payload, its end, or nothing. */
type Told = string | { end: Error } | null;

/** What one event is to the subscribers: class by class, and one by one where the class does not decide. */
interface Telling<S> {
  seq: number;
  byClass: Map<string, Told>;
  own: Map<Subscriber<S>, Told>;
}

/** What a cohort asks of the company that it belongs to. */
export interface CohortHost<S, R extends Reading> {
  /** Counts the changes of anybody's standing here. */
  readonly rightsVersion: number;
  watcher(key: string): Watcher<S> | undefined;
  reading(): R;
  render(render: Render<S, R>, change: Change, standing: S, reading: R): Promise<Answer<S>>;
  /** Whether the rights are as new as what was read; waits for those that are not. */
  confirmRights(): Promise<boolean>;
  hand(subscriber: Subscriber<S>, batch: Batch): void;
  leave(subscriber: Subscriber<S>): void;
}

/**
 * Subscribers of one document who stand at one position. An event is looked at and rendered once for all to whom it is
 * the same; the proof that it is lies in the answer, which knows what of its viewer's standing it was made of.
 */
export class Cohort<S, R extends Reading> {
  readonly #classes = new Map<string, Set<Subscriber<S>>>();
  readonly #classOf = new Map<Subscriber<S>, string>();

  constructor(
    readonly host: CohortHost<S, R>,
    readonly topic: Topic<S>,
    readonly rendering: Render<S, R>,
  ) {}

  get size(): number {
    return this.#classOf.size;
  }

  subscribers(): Iterable<Subscriber<S>> {
    return this.#classOf.keys();
  }

  has(subscriber: Subscriber<S>): boolean {
    return this.#classOf.has(subscriber);
  }

  /** Takes a subscriber in, or anew when their standing has changed. */
  add(subscriber: Subscriber<S>): void {
    this.remove(subscriber);
    const name = this.topic.classOf(subscriber.watcher.standing);
    const members = this.#classes.get(name) ?? new Set();
    this.#classes.set(name, members.add(subscriber));
    this.#classOf.set(subscriber, name);
  }

  remove(subscriber: Subscriber<S>): void {
    const name = this.#classOf.get(subscriber);
    if (name === undefined) return;
    this.#classOf.delete(subscriber);
    const members = this.#classes.get(name);
    members?.delete(subscriber);
    if (members?.size === 0) this.#classes.delete(name);
  }

  /** Tells the events to all, with rights that are at least as new as what is shown. Throws when the database is away. */
  async tell(events: readonly LoggedEvent[]): Promise<void> {
    for (;;) {
      const { rightsVersion } = this.host;
      const reading = this.host.reading();
      const tellings = await Promise.all(this.#bundled(events).map((bundle) => this.#telling(bundle, reading)));
      const isCurrent = !reading.isUsed || (await this.host.confirmRights());
      if (!isCurrent || rightsVersion !== this.host.rightsVersion) continue;
      this.#deliver(tellings);
      return;
    }
  }

  /** What is told by one payload: an event, or, where only the present state is told, all of a burst. */
  #bundled(events: readonly LoggedEvent[]): (readonly LoggedEvent[])[] {
    return this.topic.pauseMs === undefined ? events.map((event) => [event]) : [events];
  }

  async #telling(bundle: readonly LoggedEvent[], reading: R): Promise<Telling<S>> {
    const seq = bundle.at(-1)?.seq ?? 0;
    const telling: Telling<S> = { seq, byClass: new Map(), own: new Map() };
    const answers: Answers<S> = new Map();
    const named = this.#namedIn(bundle);
    const apart = named === 'ALL' ? new Set(this.subscribers()) : this.#among(named);
    for (const [name, members] of this.#classes) {
      // Whoever speaks for the class must not be one for whom it does not decide, not even by what rendering asks.
      for (;;) {
        const speaker = firstOutside(members, apart);
        if (!speaker) break;
        const { standing } = speaker.watcher;
        const sight = await this.#look(bundle, standing);
        const answer = isNews(sight) ? await this.#answer(answers, sight, seq, standing, reading) : null;
        if (answer && (answer.isPersonal || answer.named === 'ALL')) for (const member of members) apart.add(member);
        else if (answer)
          for (const member of this.#among([...(answer.named as ReadonlySet<string>)])) apart.add(member);
        if (apart.has(speaker)) continue;
        telling.byClass.set(name, answer ? answer.json : endOf(sight));
        break;
      }
    }
    for (const subscriber of apart) {
      const { standing } = subscriber.watcher;
      const sight = await this.#look(bundle, standing);
      const answer = isNews(sight) ? await this.#answer(answers, sight, seq, standing, reading) : null;
      telling.own.set(subscriber, answer ? answer.json : endOf(sight));
    }
    return telling;
  }

  #namedIn(bundle: readonly LoggedEvent[]): readonly string[] | 'ALL' {
    const named: string[] = [];
    for (const event of bundle) {
      const inEvent = event.type === LOG_GAP ? [] : this.topic.namedIn(event);
      if (inEvent === 'ALL') return 'ALL';
      named.push(...inEvent);
    }
    return named;
  }

  /** What the events are to a viewer, taken together: the end before all else, then a reason to read anew, then news. */
  async #look(bundle: readonly LoggedEvent[], standing: S): Promise<Sight> {
    let sight: Sight = null;
    for (const event of bundle) {
      const next = event.type === LOG_GAP ? RESYNC : await this.topic.look(event, standing);
      if (next?.kind === 'END') return next;
      if (next && sight?.kind !== 'RESYNC') sight = next;
    }
    return sight;
  }

  /** An answer that was made for this sight and holds for this standing too, or a new one. */
  async #answer(answers: Answers<S>, sight: News, seq: number, standing: S, reading: R): Promise<Answer<S>> {
    const objectId = 'objectId' in sight ? sight.objectId : null;
    const key = `${sight.kind} ${objectId}`;
    const known = answers.get(key) ?? [];
    answers.set(key, known);
    const fitting = known.find((answer) => !answer.isPersonal && answer.holdsFor(standing));
    if (fitting) return fitting;
    const answer = await this.host.render(this.rendering, { kind: sight.kind, objectId, seq }, standing, reading);
    known.push(answer);
    return answer;
  }

  /** The subscribers here of these viewers. */
  #among(keys: Iterable<string>): Set<Subscriber<S>> {
    const found = new Set<Subscriber<S>>();
    for (const key of keys) {
      for (const subscriber of this.host.watcher(key)?.subscribers ?? []) {
        if (this.#classOf.has(subscriber)) found.add(subscriber);
      }
    }
    return found;
  }

  #deliver(tellings: readonly Telling<S>[]): void {
    const first = tellings[0]?.seq ?? 0;
    const last = tellings.at(-1)?.seq ?? 0;
    const apart = new Set(tellings.flatMap(({ own }) => [...own.keys()]));
    const batches: Batch[] = [];
    const handOf = (told: readonly (Told | undefined)[]): Hand => {
      if (told.includes(undefined)) throw new Error('A subscriber was looked over.');
      const ending = told.findIndex(isEnd);
      const payloads = told.slice(0, ending < 0 ? undefined : ending).filter((each) => typeof each === 'string');
      let batch = batches.find((other) => isSame(other.payloads, payloads));
      if (!batch) {
        batch = new Batch(payloads);
        batches.push(batch);
      }
      return { batch, end: told.find(isEnd)?.end };
    };
    for (const [name, members] of this.#classes) {
      const forAll = lazily(() => handOf(tellings.map(({ byClass }) => byClass.get(name))));
      for (const subscriber of [...members]) {
        const { position } = subscriber;
        if (position >= last) continue;
        if (position < first && !apart.has(subscriber)) {
          this.#hand(subscriber, forAll(), last);
          continue;
        }
        const own = tellings
          .filter(({ seq }) => seq > position)
          .map((telling) => (telling.own.has(subscriber) ? telling.own.get(subscriber) : telling.byClass.get(name)));
        this.#hand(subscriber, handOf(own), last);
      }
    }
  }

  #hand(subscriber: Subscriber<S>, { batch, end }: Hand, position: number): void {
    subscriber.position = position;
    if (batch.payloads.length > 0) this.host.hand(subscriber, batch);
    if (!end) return;
    this.host.leave(subscriber);
    subscriber.end(end);
  }
}

type Answers<S> = Map<string, Answer<S>[]>;
type News = Exclude<Sight, null | { kind: 'END' }>;

interface Hand {
  batch: Batch;
  end: Error | undefined;
}

const isNews = (sight: Sight): sight is News => sight !== null && sight.kind !== 'END';
const isEnd = (told: Told | undefined): told is { end: Error } => typeof told === 'object' && told !== null;
const endOf = (sight: Sight): Told => (sight?.kind === 'END' ? { end: sight.error } : null);

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((payload, i) => payload === b[i]);

function firstOutside<T>(all: ReadonlySet<T>, apart: ReadonlySet<T>): T | null {
  for (const each of all) if (!apart.has(each)) return each;
  return null;
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
