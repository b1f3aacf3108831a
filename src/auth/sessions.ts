import { type Keyring, randomSecret } from '../crypto.js';
import { newId, prefixOf } from '../schema/ids.js';
import { cut } from '../schema/texts.js';
import type { SessionStore, StoredSession } from './session-store.js';

/** How long a session lives: without being used, and at most. */
export interface SessionLimits {
  readonly idleMs: number;
  readonly absoluteMs: number;
}

/** A session that stands, and until when it does unless it is used. */
export interface Session extends StoredSession {
  readonly expiresAt: Date;
}

/** Who has signed in, from where, and by which issuer. */
export interface SignIn
  extends Pick<StoredSession, 'userId' | 'device' | 'place' | 'issuer' | 'identityProvider' | 'sso'> {
  /** None where signing out at the issuer takes none. */
  readonly idToken: string | null;
  /** In ms since 1970: when it is over at the latest, if the issuer says so. */
  readonly endsAt: number | null;
}

const PURPOSE = 'browser-session';
const ID_TOKEN_PURPOSE = 'browser-session-id-token';
const DEVICE_LENGTH = 160;
/** Longer than issuers make them; without it one can sign out all the same. */
const ID_TOKEN_LENGTH = 8_192;
const MOST_PER_SIGN_IN = 100;
/** When a session was last seen is written once in so long, or a quarter of what it may be idle. */
const TOUCH_MS = 60_000;

/** The browsers' sessions of all people: how they begin, how long they live, how they end. */
export class Sessions {
  readonly #touchMs: number;

  constructor(
    readonly store: SessionStore,
    readonly keyring: Keyring,
    readonly limits: SessionLimits,
    readonly now: () => number = Date.now,
  ) {
    this.#touchMs = Math.min(TOUCH_MS, limits.idleMs / 4);
  }

  /** Begins a session. The secret is the cookie's value, and told here only. */
  async start({ idToken, endsAt, ...signIn }: SignIn): Promise<{ secret: string; session: Session }> {
    const { userId } = signIn;
    const secret = `${userId}.${randomSecret()}`;
    const hash = this.#hashOf(secret);
    const now = this.now();
    const session: StoredSession = {
      ...signIn,
      id: newId('session'),
      hash,
      device: cut(signIn.device.toWellFormed(), DEVICE_LENGTH),
      idToken:
        idToken === null || idToken.length > ID_TOKEN_LENGTH
          ? null
          : this.keyring.seal(ID_TOKEN_PURPOSE, hash, Buffer.from(idToken)),
      startedAt: now,
      lastSeenAt: now,
      endsAt: Math.min(now + this.limits.absoluteMs, endsAt ?? Number.POSITIVE_INFINITY),
    };
    await this.#makeRoom(session);
    await this.store.add(session);
    return { secret, session: this.#standing(session) };
  }

  /** The session of a cookie, which is used by this; null when there is none, or none any more. */
  use(secret: string): Promise<Session | null> {
    const [userId = ''] = secret.split('.', 1);
    return prefixOf(userId) === 'user' ? this.useKnown(userId, this.#hashOf(secret)) : Promise.resolve(null);
  }

  /** The same for a session whose hash is known. */
  async useKnown(userId: string, hash: string): Promise<Session | null> {
    const session = await this.look(userId, hash);
    const now = this.now();
    if (!session || now - session.lastSeenAt < this.#touchMs) return session;
    await this.store.touch(userId, hash, now);
    return this.#standing({ ...session, lastSeenAt: now });
  }

  /** The session as it is; to look at it is not to use it. */
  async look(userId: string, hash: string): Promise<Session | null> {
    const stored = await this.store.find(userId, hash);
    return stored && this.#isAlive(stored) ? this.#standing(stored) : null;
  }

  /** Those of one person that stand, the one seen last first. */
  async list(userId: string): Promise<Session[]> {
    const alive = (await this.store.list(userId)).filter((stored) => this.#isAlive(stored));
    return alive.sort((a, b) => b.lastSeenAt - a.lastSeenAt).map((stored) => this.#standing(stored));
  }

  /** Ends those of them that stand, on all processes, and answers them. */
  async end(userId: string, hashes: readonly string[]): Promise<Session[]> {
    const removed = await this.store.remove(userId, hashes);
    return removed.filter((stored) => this.#isAlive(stored)).map((stored) => this.#standing(stored));
  }

  /** The ID token by which a session began, for signing out at its issuer; null where it was not kept. */
  idTokenOf({ hash, idToken }: StoredSession): string | null {
    return idToken && (this.keyring.open(ID_TOKEN_PURPOSE, hash, idToken)?.toString() ?? null);
  }

  /**
   * Takes away what is over, and of too many those that were not seen for the longest time. A company's own issuer, which may let
   * in whom it likes as often as it likes, makes room among its own.
   */
  async #makeRoom({ userId, sso }: StoredSession): Promise<void> {
    const stored = await this.store.list(userId);
    const alive = stored.filter((session) => this.#isAlive(session) && session.sso?.companyId === sso?.companyId);
    const tooMany = new Set(alive.sort((a, b) => b.lastSeenAt - a.lastSeenAt).slice(MOST_PER_SIGN_IN - 1));
    const gone = stored.filter((session) => !this.#isAlive(session) || tooMany.has(session)).map(({ hash }) => hash);
    if (gone.length > 0) await this.store.remove(userId, gone);
  }

  #hashOf(secret: string): string {
    return this.keyring.fingerprint(PURPOSE, secret);
  }

  #expiryOf({ lastSeenAt, endsAt }: StoredSession): number {
    return Math.min(endsAt, lastSeenAt + this.limits.idleMs);
  }

  #isAlive(stored: StoredSession): boolean {
    return this.#expiryOf(stored) > this.now();
  }

  #standing(stored: StoredSession): Session {
    return { ...stored, expiresAt: new Date(this.#expiryOf(stored)) };
  }
}
