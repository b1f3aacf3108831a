import { type CompanyFeed, CursorTooOldError, type FeedRegistry, reachesBackTo } from './company-feed.js';
import type { LoggedEvent } from './event-log.js';
import { patiently } from './patience.js';

const KNOWN_SOON_MS = 2_000;

/** What an event is to one viewer. */
export type Sight =
  | { kind: 'CREATED' | 'CHANGED' | 'ENTERED' | 'LEFT'; objectId: string }
  | { kind: 'RESYNC' }
  | { kind: 'END'; error: Error }
  | null;

/** One payload: its kind, the position after it, and the object where there is one. */
export interface Change {
  kind: 'READY' | 'CREATED' | 'CHANGED' | 'ENTERED' | 'LEFT' | 'RESYNC' | 'HEARTBEAT';
  seq: number;
  objectId: string | null;
}

export interface ChangeStreamOptions {
  feeds: FeedRegistry;
  companyId: string;
  /** Where to go on from; null means from now. */
  after: number | null;
  heartbeatMs: number;
  /** What an event is to this viewer as things stand now; it reads rights afresh each time. */
  look: (event: LoggedEvent) => Promise<Sight>;
  signal: AbortSignal;
}

/**
 * READY, then each change in the log's order, with nothing lost, doubled or swapped between replay and live: both are
 * the same reading from the same position. A stream that had nothing to say for `heartbeatMs` says HEARTBEAT, however
 * much happened that its viewer may not see. RESYNC says that the position asked for is gone from the log, and that
 * the stream goes on from now.
 */
export async function* changeStream(options: ChangeStreamOptions): AsyncGenerator<Change, void, void> {
  const { feeds, companyId, after, heartbeatMs, look, signal } = options;
  const feed = await feeds.join(companyId, signal);
  let position = after ?? feed.head;
  const at = (kind: Change['kind'], objectId: string | null = null): Change => ({ kind, seq: position, objectId });
  yield at('READY');
  if (after !== null && !(await canReplay(feed, after, signal))) {
    position = feed.head;
    yield at('RESYNC');
  }
  let beatAt = Date.now() + heartbeatMs;
  while (!signal.aborted) {
    const events = await readUntil(feed, position, beatAt, signal);
    if (events === 'TOO_OLD') {
      position = feed.head;
      yield at('RESYNC');
    } else {
      for (const event of events) {
        const sight = await patiently(() => look(event), signal, feed.log);
        position = event.seq;
        if (signal.aborted) return;
        if (!sight) continue;
        if (sight.kind === 'END') throw sight.error;
        yield sight.kind === 'RESYNC' ? at('RESYNC') : at(sight.kind, sight.objectId);
        beatAt = Date.now() + heartbeatMs;
      }
    }
    if (Date.now() >= beatAt && !signal.aborted) {
      yield at('HEARTBEAT');
      beatAt = Date.now() + heartbeatMs;
    }
  }
}

/** Whether the log has all after `seq`. A position ahead of this node's is waited for: its giver is a moment further. */
async function canReplay(feed: CompanyFeed, seq: number, signal: AbortSignal): Promise<boolean> {
  if (seq > feed.head) {
    feed.advanceTo(seq);
    await feed.read(seq - 1, AbortSignal.any([signal, AbortSignal.timeout(KNOWN_SOON_MS)]));
  }
  return reachesBackTo(feed.orm, feed.companyId, seq, feed.head);
}

/** The next events, or none when `deadline` (milliseconds since the epoch) comes first. */
async function readUntil(
  feed: CompanyFeed,
  position: number,
  deadline: number,
  signal: AbortSignal,
): Promise<readonly LoggedEvent[] | 'TOO_OLD'> {
  const quiet = new AbortController();
  const timer = setTimeout(() => quiet.abort(), Math.max(0, deadline - Date.now()));
  try {
    return await feed.read(position, AbortSignal.any([signal, quiet.signal]));
  } catch (error) {
    if (error instanceof CursorTooOldError) return 'TOO_OLD';
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
