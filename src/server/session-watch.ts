import { FIRST_CURSOR } from '../auth/session-store.js';
import type { Sessions } from '../auth/sessions.js';
import { sessionOf, type Viewer } from '../auth/viewer.js';
import { sessionEnded } from '../errors.js';
import type { Logger } from '../log.js';

/** A connection that stays, and may have come by a session. */
export interface Guest {
  /** Called when the session that it came by has ended. */
  signOut(): void;
  /** Called when that session has been used, so that it ends later. */
  prolong(session: string, until: Date): void;
}

interface Watched {
  readonly userId: string;
  readonly guests: Set<Guest>;
  /** When it ends as far as is known, in milliseconds since the epoch. */
  until: number;
}

const LOOK_MS = 250;
/** So long before a session ends by its time it is looked at: it may have been used since. */
const LEAD_MS = 1_000;
/** Every session is looked at once in so long, whatever has been told. */
const ROUND_MS = 60_000;

/**
 * The sessions by which connections are open here. Those that have been ended are read in the order in which they were,
 * by every process four times a second, so that nothing that is told can be lost. While the store is away connections
 * stay until the time that is known; once it is back each session is looked at.
 */
export class SessionWatch {
  readonly #watched = new Map<string, Watched>();
  readonly #timer: NodeJS.Timeout;
  #cursor = FIRST_CURSOR;
  #isLooking = false;
  #isDoubtful = false;
  #roundAt = performance.now();

  constructor(
    readonly sessions: Sessions,
    readonly log: Logger,
  ) {
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Watches the viewer's session, if they came by one; answers how to cease. Throws SESSION_ENDED. */
  async add(viewer: Viewer, guest: Guest): Promise<() => void> {
    const hash = sessionOf(viewer);
    if (hash === undefined || !('userId' in viewer)) return () => {};
    const { userId } = viewer;
    const watched = this.#watched.get(hash) ?? { userId, guests: new Set(), until: viewer.expiresAt?.getTime() ?? 0 };
    this.#watched.set(hash, watched);
    watched.guests.add(guest);
    const leave = () => this.#remove(hash, guest);
    try {
      // It is here before it is looked at: what ends it from now on is noticed.
      if (await this.sessions.look(userId, hash)) return leave;
    } catch (error) {
      leave();
      throw error;
    }
    leave();
    throw sessionEnded();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #remove(hash: string, guest: Guest): void {
    const watched = this.#watched.get(hash);
    watched?.guests.delete(guest);
    if (watched?.guests.size === 0) this.#watched.delete(hash);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#hear();
      await Promise.all(this.#due().map(([hash, watched]) => this.#renew(hash, watched)));
      this.#isDoubtful = false;
    } catch (error) {
      if (!this.#isDoubtful) this.log.warn({ error: String(error) }, 'sessions: cannot be looked at, connections stay');
      this.#isDoubtful = true;
    } finally {
      this.#isLooking = false;
    }
  }

  /** Reads on to the end: at the start there may be much that is old. */
  async #hear(): Promise<void> {
    for (;;) {
      const { cursor, hashes } = await this.sessions.store.endedAfter(this.#cursor);
      this.#cursor = cursor;
      if (hashes.length === 0) return;
      for (const hash of hashes) this.#signOut(hash);
    }
  }

  #due(): [string, Watched][] {
    const isRound = this.#isDoubtful || performance.now() - this.#roundAt > ROUND_MS;
    if (isRound) this.#roundAt = performance.now();
    const soon = Date.now() + LEAD_MS;
    return [...this.#watched].filter(([, { until }]) => isRound || until <= soon);
  }

  async #renew(hash: string, watched: Watched): Promise<void> {
    const session = await this.sessions.look(watched.userId, hash);
    if (!session) return this.#signOut(hash);
    watched.until = session.expiresAt.getTime();
    for (const guest of watched.guests) guest.prolong(hash, session.expiresAt);
  }

  #signOut(hash: string): void {
    const guests = [...(this.#watched.get(hash)?.guests ?? [])];
    this.#watched.delete(hash);
    for (const guest of guests) guest.signOut();
  }
}
