import type { EndedSessions, SessionStore, StoredSession } from './session-store.js';

const MOST_ENDED = 10_000;
const SWEEP_AT = 1_000;

/** Sessions of one process alone; with it they end. */
export class LocalSessionStore implements SessionStore {
  readonly #users = new Map<string, Map<string, StoredSession>>();
  readonly #ended: string[] = [];
  /** How many there were before the first of those that are remembered. */
  #forgotten = 0;
  /** What was spent, and until when that is remembered. */
  readonly #spent = new Map<string, number>();
  #added = 0;

  async add(session: StoredSession): Promise<void> {
    const sessions = this.#users.get(session.userId) ?? new Map();
    this.#users.set(session.userId, sessions.set(session.hash, session));
    this.#added += 1;
    if (this.#added % SWEEP_AT === 0) this.#sweep();
  }

  async find(userId: string, hash: string): Promise<StoredSession | null> {
    return this.#users.get(userId)?.get(hash) ?? null;
  }

  async list(userId: string): Promise<StoredSession[]> {
    return [...(this.#users.get(userId)?.values() ?? [])];
  }

  async touch(userId: string, hash: string, lastSeenAt: number): Promise<void> {
    const session = this.#users.get(userId)?.get(hash);
    if (session) this.#users.get(userId)?.set(hash, { ...session, lastSeenAt });
  }

  async remove(userId: string, hashes: readonly string[]): Promise<StoredSession[]> {
    const sessions = this.#users.get(userId);
    const removed = hashes.flatMap((hash) => sessions?.get(hash) ?? []);
    for (const { hash } of removed) sessions?.delete(hash);
    if (sessions?.size === 0) this.#users.delete(userId);
    this.#ended.push(...removed.map(({ hash }) => hash));
    this.#forgotten += this.#ended.splice(0, this.#ended.length - MOST_ENDED).length;
    return removed;
  }

  async endedAfter(cursor: string): Promise<EndedSessions> {
    const hashes = this.#ended.slice(Math.max(0, Number(cursor) - this.#forgotten));
    return { cursor: String(this.#forgotten + this.#ended.length), hashes };
  }

  async spend(what: string, ms: number): Promise<boolean> {
    const now = Date.now();
    if (this.#spent.size > SWEEP_AT)
      for (const [name, until] of this.#spent) if (until <= now) this.#spent.delete(name);
    if ((this.#spent.get(what) ?? 0) > now) return false;
    this.#spent.set(what, now + ms);
    return true;
  }

  /** Of who never comes back, nothing stays for ever. */
  #sweep(): void {
    for (const [userId, sessions] of this.#users) {
      for (const { hash, endsAt } of sessions.values()) if (endsAt <= Date.now()) sessions.delete(hash);
      if (sessions.size === 0) this.#users.delete(userId);
    }
  }
}
