import type { MemberViewer } from '../auth/viewer.js';
import type { KnownRights } from '../domain/known-rights.js';
import { Answers } from './answers.js';
import type { ContextSettings } from './context.js';
import { KeptCompany } from './kept-company.js';
import type { ReferenceSource } from './references.js';

/** A company that nobody has asked about for so long is not followed any more. */
const IDLE_MS = 60_000;
const SWEEP_MS = 10_000;
/** Each costs a subscription of the bus, and a place in the question for the heads. */
const MOST_COMPANIES = 1_000;

/** The companies that people ask this node about, as far as it follows their logs. */
export class KeptCompanies {
  readonly answers: Answers;
  readonly #companies = new Map<string, KeptCompany | 'ON THE WAY'>();
  readonly #sweep: NodeJS.Timeout;
  #isClosed = false;

  constructor(
    readonly settings: ContextSettings,
    answerBytes: number,
  ) {
    this.answers = new Answers(answerBytes);
    this.#sweep = setInterval(() => this.#closeIdle(), SWEEP_MS);
    this.#sweep.unref();
  }

  /** Whether anything is kept at all. */
  get isOn(): boolean {
    return this.answers.maxBytes > 0 && !this.#isClosed;
  }

  /** What is known of a company; null where it is not followed, or its log has not been heard of for a second. */
  find(companyId: string): KeptCompany | null {
    const kept = this.#companies.get(companyId);
    if (!(kept instanceof KeptCompany)) return null;
    kept.usedAt = performance.now();
    return kept.isCurrent ? kept : null;
  }

  /** What is known of a company's people and projects when somebody asks, which is after what they write has been written. */
  referencesOf(companyId: string): ReferenceSource {
    const find = () => this.find(companyId)?.references.current ?? null;
    return {
      get current() {
        return find();
      },
    };
  }

  /** What is known of a member's rights, so that a command need not read them. */
  async rightsOf(viewer: MemberViewer): Promise<KnownRights | null> {
    const company = this.find(viewer.companyId);
    if (company) return company.rightsOf(viewer);
    this.follow(viewer.companyId);
    return null;
  }

  /** Begins to follow a company that somebody has been let into. Until it does, the database is asked. */
  follow(companyId: string): void {
    if (!this.isOn || this.#companies.has(companyId) || this.#companies.size >= MOST_COMPANIES) return;
    this.#companies.set(companyId, 'ON THE WAY');
    this.settings.parts.feeds.join(companyId).then(
      (seat) => {
        if (this.#isClosed) seat.leave();
        else this.#companies.set(companyId, new KeptCompany(companyId, seat, this.settings, this.answers));
      },
      // The database is away: the next one who asks tries again.
      () => this.#companies.delete(companyId),
    );
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    for (const kept of this.#companies.values()) if (kept instanceof KeptCompany) kept.close();
    this.#companies.clear();
  }

  #closeIdle(): void {
    const since = performance.now() - IDLE_MS;
    for (const [companyId, kept] of this.#companies) {
      if (!(kept instanceof KeptCompany) || kept.usedAt > since) continue;
      this.#companies.delete(companyId);
      kept.close();
    }
  }
}
