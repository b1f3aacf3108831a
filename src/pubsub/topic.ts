import type { LoggedEvent } from './event-log.js';

/** What an event is to one viewer: news of an object, a reason to read all anew, the end, or nothing. */
export type Sight =
  | { kind: 'CREATED' | 'CHANGED' | 'ENTERED' | 'LEFT'; objectId: string }
  | { kind: 'RESYNC' }
  | { kind: 'END'; error: Error }
  | null;

/** One payload before it is rendered: its kind, the position after it, and the object where there is one. */
export interface Change {
  kind: 'READY' | 'CREATED' | 'CHANGED' | 'ENTERED' | 'LEFT' | 'RESYNC' | 'HEARTBEAT';
  seq: number;
  objectId: string | null;
}

/** What an event can be heard under: one company's object of one kind, such as `project:ID`. */
export type Route = string;

/** What a subscription listens to. `S` is a viewer's standing: who they are and what they may. */
export interface Topic<S> {
  readonly companyId: string;
  readonly routes: readonly Route[];
  /** Standings of one class are told the same of every event but those that name them. */
  classOf(standing: S): string;
  /** The keys of the viewers for whom the class does not decide what this event is to them. */
  namedIn(event: LoggedEvent): readonly string[] | 'ALL';
  look(event: LoggedEvent, standing: S): Sight | Promise<Sight>;
  /** For topics that tell how things stand rather than what happened: a burst of changes is told once, this long apart. */
  readonly pauseMs?: number;
}

/** A payload as text, with what it took of its viewer's standing to make it. */
export interface Answer<S> {
  readonly json: string;
  /** It was made of what belongs to one person alone: nobody else may be given it. */
  readonly isPersonal: boolean;
  /** Those for whom their class does not decide whether the answer is theirs too. */
  readonly named: ReadonlySet<string> | 'ALL';
  /** Whether this viewer's own answer would be the same. */
  holdsFor(standing: S): boolean;
}

/** What is read from the database together, for all that is rendered at one moment. */
export interface Reading {
  /** Whether anything was read: what was not cannot be newer than the rights. */
  readonly isUsed: boolean;
}

/** One company's readings. */
export interface Readings<R extends Reading> {
  open(): R;
  /** Called for each event before it is routed: what was kept from earlier readings may be out of date. */
  note(event: LoggedEvent): void;
}

/** Makes the payload of a change as this standing sees it. Throws when the database is away. */
export type Render<S, R> = (change: Change, standing: S, reading: R) => Promise<Answer<S>>;

/** What the fan-out has to be told about events and viewers; it knows neither by itself. */
export interface Rights<S, R extends Reading> {
  /** The standing of the same viewer as it is now, or null when the way in has been closed. */
  load(standing: S): Promise<S | null>;
  /** Whether two standings of one viewer allow the same. */
  isSame(a: S, b: S): boolean;
  keyOf(standing: S): string;
  /** What the viewer's way in hangs on together with others', such as the follow that many came by; null where nothing is. */
  sharedKeyOf(standing: S): string | null;
  /** The key of the viewer whose standing this event changes. */
  concernOf(event: LoggedEvent): string | null;
  /** The shared key of the viewers whose way in this event closes for good. */
  closes(event: LoggedEvent): string | null;
  /** The kinds of events that change anybody's rights, as the part of the type before the dot. */
  readonly concerns: readonly string[];
  routesOf(event: LoggedEvent): readonly Route[];
  readingsOf(companyId: string): Readings<R>;
}

/** What a subscription field's `subscribe` answers: no stream of its own, but what the fan-out is to deliver. */
export class ChangeSource<S> implements AsyncIterable<Change> {
  constructor(
    readonly topic: Topic<S>,
    /** Where to go on from; null means from now. */
    readonly after: number | null,
  ) {}

  [Symbol.asyncIterator](): never {
    throw new Error('Subscriptions are served by the fan-out, not one by one.');
  }
}
