import { expectSignIn, readGates } from '../auth/sign-in-gate.js';
import type { MemberViewer, Viewer } from '../auth/viewer.js';
import { isMemberEvent, isSsoEvent } from '../domain/events.js';
import type { Parts } from '../domain/unit-of-work.js';
import { ApiError } from '../errors.js';
import type { FeedSeat } from '../pubsub/company-feed.js';
import type { LoggedEvent } from '../pubsub/event-log.js';

/** A connection that stays, and has come by some sign-in. */
export interface Entrant {
  /** Called when one does not come into the company by that sign-in any more. */
  turnAway(error: ApiError): void;
}

interface Company {
  readonly entrants: Map<Entrant, MemberViewer>;
  readonly seat: FeedSeat;
  readonly unlisten: () => void;
  /** The event that was taken last. */
  last: number;
}

const AT_ONCE = 500;
const ATTEMPTS = 5;
const PAUSE_MS = 200;

/**
 * Looks again by which sign-in members may come when their company's log tells that it has changed: at all their connections
 * here, also when something of the log was lost, which may have been that; and at those of a member of whom something has.
 */
export class SignInWatch {
  readonly #companies = new Map<string, Promise<Company>>();

  constructor(readonly parts: Parts) {}

  /** Watches from now on; answers how to cease. What changed before is for the caller to look at after it. */
  async add(viewer: Viewer, entrant: Entrant): Promise<() => void> {
    if (viewer.kind !== 'MEMBER') return () => {};
    const { companyId } = viewer;
    const joining = this.#companies.get(companyId) ?? this.#join(companyId);
    this.#companies.set(companyId, joining);
    try {
      const company = await joining;
      company.entrants.set(entrant, viewer);
      // Whoever was the last one may have left it meanwhile.
      if (this.#companies.get(companyId) !== joining) return await this.add(viewer, entrant);
      return () => this.#remove(companyId, company, entrant);
    } catch (error) {
      if (this.#companies.get(companyId) === joining) this.#companies.delete(companyId);
      throw error;
    }
  }

  async #join(companyId: string): Promise<Company> {
    const seat = await this.parts.feeds.join(companyId);
    const unlisten = seat.feed.listen((events) => this.#take(company, events));
    const company: Company = { entrants: new Map(), seat, unlisten, last: seat.feed.head };
    return company;
  }

  #remove(companyId: string, company: Company, entrant: Entrant): void {
    company.entrants.delete(entrant);
    if (company.entrants.size > 0) return;
    this.#companies.delete(companyId);
    company.unlisten();
    company.seat.leave();
  }

  #take(company: Company, events: readonly LoggedEvent[]): void {
    const isGap = (events[0]?.seq ?? 0) > company.last + 1;
    company.last = events.at(-1)?.seq ?? company.last;
    if (isGap || events.some(({ type }) => isSsoEvent(type))) return void this.#look(company, () => true);
    // What has changed of a member may be their address, whose domain decides.
    const changed = new Set(events.flatMap(({ type, objectId }) => (isMemberEvent(type) ? objectId : [])));
    if (changed.size > 0) void this.#look(company, ({ memberId }) => changed.has(memberId));
  }

  /** Where it cannot be read, nobody is left in on the word of before. */
  async #look({ entrants, seat }: Company, isConcerned: (viewer: MemberViewer) => boolean): Promise<void> {
    const all = [...entrants].filter(([, viewer]) => isConcerned(viewer));
    for (let from = 0; from < all.length; from += AT_ONCE) {
      const some = all.slice(from, from + AT_ONCE);
      const gateOf = await this.#gates(
        seat.feed.companyId,
        some.map(([, { userId }]) => userId),
      );
      for (const [entrant, { userId, sso, startedAt }] of some) {
        try {
          if (gateOf instanceof ApiError) throw gateOf;
          expectSignIn(gateOf(userId), sso, startedAt);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          entrant.turnAway(error);
        }
      }
    }
  }

  async #gates(companyId: string, userIds: string[]): Promise<Awaited<ReturnType<typeof readGates>> | ApiError> {
    const { orm, log } = this.parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await readGates(orm, companyId, [...new Set(userIds)]);
      } catch (error) {
        log.warn({ companyId, attempt, error: String(error) }, 'sso: the sign-ins of connections cannot be looked at');
        if (attempt === ATTEMPTS)
          return new ApiError('DATABASE_UNAVAILABLE', 'The database does not answer.', { cause: error });
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
      }
    }
  }
}
