import { findStanding, type Standing } from '../auth/standing.js';
import type { MemberViewer } from '../auth/viewer.js';
import { isSsoEvent, isTaskEvent } from '../domain/events.js';
import type { KnownRights } from '../domain/known-rights.js';
import type { FeedSeat } from '../pubsub/company-feed.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import type { Answers } from './answers.js';
import type { ContextSettings } from './context.js';
import { KeptReferences } from './references.js';
import { concernOf, routesOf } from './rights.js';

/** So old may be what is known here, and what is answered from it. */
const STALE_MS = 1_000;
/** Of how many events it is remembered what they touched. */
const REMEMBERED = 512;

/**
 * What this node knows of one company from one request to the next. It follows the company's log, and forgets what an
 * event has changed; when it has not heard of the log for a second, it knows nothing.
 */
export class KeptCompany {
  usedAt = performance.now();
  readonly references: KeptReferences;
  readonly #standings = new Map<string, Promise<Standing | null>>();
  /** What each of the last events touched; null stands for everything. */
  #touched: { seq: number; routes: readonly string[] | null }[] = [];
  /** The event that was taken last. */
  #last: number;
  readonly #unlisten: () => void;

  constructor(
    readonly companyId: string,
    readonly seat: FeedSeat,
    readonly settings: ContextSettings,
    readonly answers: Answers,
  ) {
    this.references = new KeptReferences(settings.parts.orm, companyId);
    this.#last = seat.feed.head;
    this.#unlisten = seat.feed.listen((events) => {
      for (const event of events) this.#take(event);
    });
  }

  get isCurrent(): boolean {
    return this.seat.feed.isCurrent(STALE_MS);
  }

  /** The log's position up to which this is true. */
  get position(): number {
    return this.seat.feed.head;
  }

  /** Says that the log has reached a position, which this node may not have heard of yet. */
  advanceTo(position: number): void {
    this.seat.feed.advanceTo(position);
  }

  /** What a person is and may in this company; null for who is no active member. */
  standingOf(userId: string): Promise<Standing | null> {
    let standing = this.#standings.get(userId);
    if (!standing) {
      const viewer = { kind: 'MEMBER', companyId: this.companyId, userId } as MemberViewer;
      standing = findStanding(this.settings.parts.orm, this.settings.refresh, viewer);
      this.#standings.set(userId, standing);
      // A fault of the database is not remembered. Nor are strangers: anybody could be one.
      standing.then(
        (found) => found ?? this.#forget(userId, standing),
        () => this.#forget(userId, standing),
      );
    }
    return standing;
  }

  /** The same as a viewer. */
  async memberOf(userId: string): Promise<MemberViewer | null> {
    const standing = await this.standingOf(userId);
    return standing?.viewer.kind === 'MEMBER' ? standing.viewer : null;
  }

  /** What is known of a member's rights; null where they are not what the viewer was let in with. */
  async rightsOf({ userId, memberId, role, membership }: MemberViewer): Promise<KnownRights | null> {
    // In this order: whatever is known now is so at the position, and perhaps beyond it.
    const [seq, references] = [this.position, this.references.current];
    const standing = await this.standingOf(userId);
    if (!standing?.grants || standing.viewer.kind !== 'MEMBER') return null;
    const { viewer, grants } = standing;
    if (viewer.memberId !== memberId || viewer.role !== role || viewer.membership !== membership) return null;
    return {
      companyId: this.companyId,
      seq,
      grants,
      project: (id) => references.knownProject(id),
      remember: (project) => references.keepProject(project),
    };
  }

  /** Whether nothing that is routed there has changed since a position of the log. */
  isUntouched(routes: ReadonlySet<string>, since: number): boolean {
    if (this.position === since) return true;
    const oldest = this.#touched[0];
    if (!oldest || oldest.seq > since + 1) return false;
    return this.#touched.every(({ seq, routes: touched }) => {
      return seq <= since || (touched !== null && !touched.some((route) => routes.has(route)));
    });
  }

  close(): void {
    this.#unlisten();
    this.seat.leave();
    this.answers.drop(this.companyId, null);
  }

  #take(event: LoggedEvent): void {
    // What the log has lost may have been anything.
    const isNext = event.seq === this.#last + 1;
    this.#last = event.seq;
    const routes = isNext && isTaskEvent(event.type) ? routesOf(event) : null;
    this.#touched.push({ seq: event.seq, routes });
    if (this.#touched.length > 2 * REMEMBERED) this.#touched = this.#touched.slice(-REMEMBERED);
    this.answers.drop(this.companyId, routes);
    if (routes) return;
    this.references.forget();
    // Rare, and whom it concerns may be on the way from the database.
    if (!isNext || concernOf(event) || isSsoEvent(event.type)) this.#standings.clear();
  }

  #forget(userId: string, standing: Promise<Standing | null> | undefined): void {
    if (this.#standings.get(userId) === standing) this.#standings.delete(userId);
  }
}
