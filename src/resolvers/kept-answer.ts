import type { Standing } from '../auth/standing.js';
import { isBySso, sessionOf, type Viewer } from '../auth/viewer.js';
import { accessEnded } from '../errors.js';
import type { Answer, Turn } from './answers.js';
import { Basis } from './basis.js';
import { type AskedBy, createSharedContext, type GraphContext } from './context.js';
import type { KeptCompanies } from './kept-companies.js';
import type { KeptCompany } from './kept-company.js';
import { Reading } from './reading.js';
import { Trace } from './trace.js';

/** So often somebody waits for others who are given the same answer; then they make their own. */
const MOST_WAITS = 3;

/**
 * A request of a member whose company this node follows: its answer may be known, and may be kept. Of those who are
 * given the same answer one makes it, while the others wait: so `close` has to be called.
 */
export class KeptAnswer {
  readonly #trace: Trace;
  readonly #basis = new Basis();
  /** Where the log was before anything was read. */
  readonly since: number;

  private constructor(
    readonly company: KeptCompany,
    readonly companies: KeptCompanies,
    readonly request: string,
    readonly standing: Standing,
    /** What was answered before, when it still is what would be. */
    readonly known: Answer | null,
    readonly turn: Turn | null,
    /** By what this one asks; whatever is told of it is kept for nobody. */
    readonly by: AskedBy,
  ) {
    this.#trace = new Trace(standing, null);
    this.since = company.position;
  }

  /**
   * Null where the company is not followed, or the viewer is no member of one. Throws UNAUTHENTICATED for who has
   * ceased to be one while they waited.
   */
  static async open(
    companies: KeptCompanies,
    viewer: Viewer,
    /** All of it that the answer depends on. The same bytes are the same request, other white space is another one. */
    request: string,
  ): Promise<KeptAnswer | null> {
    if (viewer.kind !== 'MEMBER') return null;
    const { answers } = companies;
    const { companyId, userId } = viewer;
    for (let waits = 0; ; waits += 1) {
      const company = companies.find(companyId);
      if (!company) {
        companies.follow(companyId);
        return null;
      }
      const standing = await company.standingOf(userId);
      if (!standing) {
        if (waits > 0) throw accessEnded();
        return null;
      }
      const known = answers.find(companyId, request, standing);
      const turn = known || waits === MOST_WAITS ? null : answers.turnOf(companyId, request, standing);
      if (!(turn instanceof Promise))
        return new KeptAnswer(company, companies, request, standing, known, turn, {
          session: sessionOf(viewer) ?? null,
          isBySso: isBySso(viewer),
        });
      await turn;
    }
  }

  /** Lets those go on who wait for it. */
  close(): void {
    this.turn?.end();
  }

  /** What the request is executed with, so that its answer can be kept. */
  get context(): GraphContext {
    const { settings, companyId, references } = this.company;
    const { userId } = this.standing.viewer as { userId?: string };
    const reading = new Reading(settings.parts.orm, { companyId, userId }, references);
    return createSharedContext(settings, this.#trace, reading, this.#basis, this.by);
  }

  /** Keeps an answer without errors, unless something went into it that the log does not tell of, or that has changed since. */
  keep(answer: Answer): void {
    const { routes, isOpen } = this.#basis;
    if (isOpen || !this.company.isUntouched(routes, this.since)) return;
    this.companies.answers.keep(this.company.companyId, this.request, answer, this.#trace, routes);
  }
}
