import type { Viewer } from '../auth/viewer.js';
import { isFollowEvent, isMemberEvent } from '../domain/events.js';
import type { Logger } from '../log.js';
import { CursorTooOldError, type FeedRegistry } from '../pubsub/company-feed.js';
import { patiently } from '../pubsub/patience.js';

export interface WatchOptions {
  feeds: FeedRegistry;
  refresh(viewer: Viewer): Promise<Viewer | null>;
  /** Called once, when the viewer's way in has ended. */
  end(why: 'EXPIRED' | 'REVOKED'): void;
  signal: AbortSignal;
  log: Logger;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Follows a viewer for the life of a socket: the expiry by the clock, everything else by the company's log, so that it
 * works on every node and without Redis. Resolves once the watch stands; what ended before that ends it too.
 */
export async function watchViewer(viewer: Viewer, options: WatchOptions): Promise<void> {
  const { feeds, refresh, signal, end, log } = options;
  if ('expiresAt' in viewer && viewer.expiresAt) atTime(viewer.expiresAt, () => end('EXPIRED'), signal);
  if (viewer.kind !== 'MEMBER' && viewer.kind !== 'FOLLOWER') return;
  const feed = await feeds.join(viewer.companyId, signal);
  const start = feed.head;
  if (!(await refresh(viewer))) return end('REVOKED');
  watch(start).catch((error) => {
    if (signal.aborted) return;
    // Rights that cannot be watched are rights that may have ended.
    log.error({ error: String(error) }, 'socket: watching the rights failed');
    end('REVOKED');
  });

  async function watch(from: number): Promise<void> {
    let position = from;
    while (!signal.aborted) {
      const events = await feed.read(position, signal).catch((error) => {
        if (error instanceof CursorTooOldError) return null;
        throw error;
      });
      position = events ? (events.at(-1)?.seq ?? position) : feed.head;
      const concerned = events === null || events.some((event) => concerns(viewer, event.type, event.objectId));
      if (!concerned || signal.aborted) continue;
      if (!(await patiently(() => refresh(viewer), signal, log))) return end('REVOKED');
    }
  }
}

function concerns(viewer: Viewer, type: string, objectId: string): boolean {
  if (viewer.kind === 'MEMBER') return isMemberEvent(type) && objectId === viewer.memberId;
  return viewer.kind === 'FOLLOWER' && isFollowEvent(type) && objectId === viewer.followId;
}

/** Timers end at 24 days; a later time is waited for in steps. */
function atTime(time: Date, act: () => void, signal: AbortSignal): void {
  const left = time.getTime() - Date.now();
  const timer = setTimeout(
    () => (left > LONGEST_TIMER_MS ? atTime(time, act, signal) : act()),
    Math.min(Math.max(left, 0), LONGEST_TIMER_MS),
  );
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}
