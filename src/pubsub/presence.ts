import { type Connection, type Subscriber, Watcher } from './subscriber.js';
import type { Reading, Rights } from './topic.js';

/** Who of one company's viewers is connected to this node, and what they may, read anew when the log says so. */
export class Presence<S, R extends Reading> {
  /** Counts the changes of rights that somebody is being told by. */
  version = 0;
  readonly #watchers = new Map<string, Watcher<S>>();
  /** By what the ways in of many hang on together. */
  readonly #sharing = new Map<string, Set<Watcher<S>>>();

  constructor(
    readonly rights: Rights<S, R>,
    /** Called for each subscription of a viewer whose standing has become another one. */
    readonly onChange: (subscriber: Subscriber<S>) => void,
    /** Called for each subscription of a viewer who has gone. */
    readonly onGone: (subscriber: Subscriber<S>) => void,
  ) {}

  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  find(key: string): Watcher<S> | undefined {
    return this.#watchers.get(key);
  }

  /** Lets a viewer's connection in, with the standing of this moment; null when there is none. */
  async admit(standing: S, connection: Connection): Promise<Watcher<S> | null> {
    const key = this.rights.keyOf(standing);
    // It is here before its standing is read: what changes meanwhile is read again.
    const watcher = this.#watchers.get(key) ?? new Watcher(key, standing);
    this.#watchers.set(key, watcher);
    this.#share(watcher);
    watcher.connections.add(connection);
    try {
      await this.renew(watcher);
    } catch (error) {
      this.dismiss(watcher, connection);
      throw error;
    }
    return watcher.connections.has(connection) ? watcher : null;
  }

  dismiss(watcher: Watcher<S>, connection: Connection): void {
    watcher.connections.delete(connection);
    if (watcher.connections.size > 0 || this.#watchers.get(watcher.key) !== watcher) return;
    this.#watchers.delete(watcher.key);
    this.#unshare(watcher);
    for (const subscriber of [...watcher.subscribers]) this.onGone(subscriber);
  }

  /** Turns out all whose ways in hang on this together. */
  turnOutAll(sharedKey: string): void {
    for (const watcher of [...(this.#sharing.get(sharedKey) ?? [])]) this.turnOut(watcher);
  }

  /** Reads the standing anew; a viewer who has none any more is turned out. */
  async renew(watcher: Watcher<S>): Promise<void> {
    const standing = await watcher.renew((known) => this.rights.load(known));
    if (standing === null) return this.turnOut(watcher);
    await Promise.all([...watcher.connections].map((connection) => connection.review()));
    if (this.rights.isSame(watcher.standing, standing)) return;
    watcher.standing = standing;
    if (watcher.subscribers.size === 0) return;
    this.version += 1;
    for (const subscriber of watcher.subscribers) this.onChange(subscriber);
  }

  turnOut(watcher: Watcher<S>): void {
    for (const connection of [...watcher.connections]) {
      this.dismiss(watcher, connection);
      connection.end();
    }
  }

  #share(watcher: Watcher<S>): void {
    const shared = this.rights.sharedKeyOf(watcher.standing);
    if (shared !== null) this.#sharing.set(shared, (this.#sharing.get(shared) ?? new Set()).add(watcher));
  }

  #unshare(watcher: Watcher<S>): void {
    const shared = this.rights.sharedKeyOf(watcher.standing) ?? '';
    const watchers = this.#sharing.get(shared);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#sharing.delete(shared);
  }
}
