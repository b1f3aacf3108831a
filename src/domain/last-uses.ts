import { LRUCache } from 'lru-cache';
import { actorIdOf, type FollowerViewer, type ReadingViewer } from '../auth/viewer.js';
import { LastUse } from '../entities/last-use.js';
import { forkFor } from '../entities/orm.js';
import type { Parts } from './unit-of-work.js';

/** Of one way in it is written so often at most, by each process. */
const EVERY_MS = 60_000;
const GATHER_MS = 1_000;
const KNOWN = 50_000;

/**
 * Keeps when each way into a company was used last. It is noted with every request and written now and then, some together:
 * what a process that dies has not written is a minute at most, and the audit log has who came in all the same.
 */
export class LastUses {
  /** When each was noted last, in milliseconds since the epoch. */
  readonly #noted = new LRUCache<string, number>({ max: KNOWN });
  #waiting = new Map<string, LastUse[]>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(readonly parts: Pick<Parts, 'orm' | 'log'>) {}

  /** Who came in, and so by what: of a follower both they and the follow, of a member also the company's own issuer. */
  note(viewer: ReadingViewer | FollowerViewer): void {
    const { companyId } = viewer;
    this.#note(companyId, actorIdOf(viewer));
    if (viewer.kind === 'FOLLOWER') this.#note(companyId, viewer.followId);
    if (viewer.kind === 'MEMBER' && viewer.sso) this.#note(companyId, viewer.sso);
  }

  #note(companyId: string, objectId: string): void {
    const now = Date.now();
    if ((this.#noted.get(objectId) ?? 0) > now - EVERY_MS) return;
    this.#noted.set(objectId, now);
    const rows = this.#waiting.get(companyId) ?? [];
    this.#waiting.set(companyId, rows);
    rows.push({ companyId, objectId, usedAt: new Date(now) });
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS).unref();
  }

  /** Resolves when all that was noted is written. */
  async close(): Promise<void> {
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#writing = this.#writing.then(async () => {
      for (const [companyId, rows] of waiting) await this.#write(companyId, rows);
    });
  }

  async #write(companyId: string, rows: readonly LastUse[]): Promise<void> {
    try {
      await forkFor(this.parts.orm, { companyId }).upsertMany(LastUse, [...rows]);
    } catch (error) {
      this.parts.log.warn({ companyId, error: String(error) }, 'last uses: could not be written');
    }
  }
}
