import type { Standing } from '../auth/standing.js';
import type { Viewer } from '../auth/viewer.js';
import type { Answer } from './answers.js';
import { Basis } from './basis.js';
import { createSharedContext, type GraphContext } from './context.js';
import type { KeptCompanies } from './kept-companies.js';
import type { KeptCompany } from './kept-company.js';
import { Reading } from './reading.js';
import { Trace } from './trace.js';

/** A request of a member whose company this node follows: its answer may be known, and may be kept. */
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
  ) {
    this.#trace = new Trace(standing, null);
    this.since = company.position;
  }

  /** Null where the company is not followed, or the viewer is no member of one. */
  static async open(
    companies: KeptCompanies,
    viewer: Viewer,
    /** All of it that the answer depends on. The same bytes are the same request, other white space is another one. */
    request: string,
  ): Promise<KeptAnswer | null> {
    if (viewer.kind !== 'MEMBER') return null;
    const company = companies.find(viewer.companyId);
    if (!company) {
      companies.follow(viewer.companyId);
      return null;
    }
    const standing = await company.standingOf(viewer.userId);
    return standing && new KeptAnswer(company, companies, request, standing);
  }

  /** What was answered before, when it still is what would be. */
  get known(): Answer | null {
    return this.companies.answers.find(this.company.companyId, this.request, this.standing);
  }

  /** What the request is executed with, so that its answer can be kept. */
  get context(): GraphContext {
    const { settings, companyId, references } = this.company;
    const { userId } = this.standing.viewer as { userId?: string };
    const reading = new Reading(settings.parts.orm, { companyId, userId }, references);
    return createSharedContext(settings, this.#trace, reading, this.#basis);
  }

  /** Keeps an answer without errors, unless something went into it that the log does not tell of, or that has changed since. */
  keep(answer: Answer): void {
    const { routes, isOpen } = this.#basis;
    if (isOpen || !this.company.isUntouched(routes, this.since)) return;
    this.companies.answers.keep(this.company.companyId, this.request, answer, this.#trace, routes);
  }
}
