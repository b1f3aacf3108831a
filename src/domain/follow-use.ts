import { LRUCache } from 'lru-cache';
import type { FollowerViewer } from '../auth/viewer.js';
import { Follow } from '../entities/follow.js';
import { Follower } from '../entities/follower.js';
import { run } from '../entities/statements.js';
import { tableOf } from '../entities/table.js';
import type { Parts } from './unit-of-work.js';

/** Of one follower or link, it is written once in so long by each process. */
const ONCE_IN_MS = 60_000;
const KNOWN = 50_000;

/**
 * Writes when follows were used and followers were seen, for the administrators' list. It is no event, makes nobody wait, and
 * what cannot be written is not missed: the next use writes it.
 */
export class FollowUse {
  readonly #known = new LRUCache<string, true>({ max: KNOWN, ttl: ONCE_IN_MS });
  readonly #writing = new Set<Promise<void>>();

  constructor(readonly parts: Pick<Parts, 'orm' | 'log'>) {}

  note({ companyId, followId, followerId }: FollowerViewer): void {
    const key = followerId ?? followId;
    if (this.#known.has(key)) return;
    this.#known.set(key, true);
    const writing = this.#write(companyId, followId, followerId)
      .catch((error) => {
        this.#known.delete(key);
        this.parts.log.warn({ companyId, followId, error: String(error) }, 'follow: its use could not be written');
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Resolves when all that was noted is written, or given up. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async #write(companyId: string, followId: string, followerId: string | null): Promise<void> {
    const { em } = this.parts.orm;
    const used = tableOf(em, Follow).column('lastUsedAt').write(new Date());
    await run(em, 'update follows set last_used_at = ? where company_id = ? and id = ?', [used, companyId, followId]);
    if (followerId === null) return;
    const seen = tableOf(em, Follower).column('lastSeenAt').write(new Date());
    const text = 'update followers set last_seen_at = ? where company_id = ? and id = ?';
    await run(em, text, [seen, companyId, followerId]);
  }
}
