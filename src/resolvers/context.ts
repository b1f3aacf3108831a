import type { Origin } from '../auth/door-book.js';
import { type Grants, loadGrants } from '../auth/grants.js';
import { type Columns, levelOn, type Policy, rowFilter } from '../auth/rule.js';
import type { Sessions } from '../auth/sessions.js';
import { expectReading, isBySso, sessionOf, type Viewer } from '../auth/viewer.js';
import type { Keyring } from '../crypto.js';
import { routeTo } from '../domain/events.js';
import type { Parts } from '../domain/unit-of-work.js';
import type { EntityManager } from '../entities/orm.js';
import type { Row, RowSource } from '../entities/rows.js';
import type { Task } from '../entities/task.js';
import type { Level } from '../entities/vocabulary.js';
import { Basis } from './basis.js';
import { Reading } from './reading.js';
import type { ReferenceSource, References } from './references.js';
import type { RowSight } from './row-sight.js';
import type { Trace } from './trace.js';

type FactsOf<F extends string> = Readonly<Record<F, string | null>>;

/** What the sender of an operation gave so that it can be sent again. */
export interface Idempotency {
  readonly key: string;
  /** A fingerprint of the document, the operation's name and the variables. */
  readonly bodyHash: string;
}

/** What a resolver works with: one per operation, and a new one for every payload of a subscription. */
export interface GraphContext {
  /** What commands work with. What a query reads through it is of this moment only. */
  readonly parts: Parts;
  readonly viewer: Viewer;
  /** For what belongs to the user. What a query reads through it is of this moment only. */
  readonly em: EntityManager;
  readonly keyring: Keyring;
  /** The browsers' sessions of all people, and the hash of the one by which this is asked, or none. */
  readonly sessions: Sessions;
  readonly session: string | null;
  /** Whether it is asked by the sign-in of one company, which opens nothing of any other. */
  readonly isBySso: boolean;
  /** Of a mutation that came with a key. */
  readonly idempotency: Idempotency | null;
  /** Where it comes from; null where nobody asks who could change anything. */
  readonly origin: Origin | null;
  /** Where this server is reached, for links. */
  readonly publicUrl: string;
  /** Whether signed-in people may found companies. */
  readonly isFoundingOpen: boolean;
  /** How many connections watch a follow now, over all processes; null while that cannot be known. */
  watchingOf(followId: string): Promise<number | null>;
  /** Marks what is asked for as of this moment only: no event tells when it changes. */
  readNow(): void;
  /** Projects, members and users that rows refer to. */
  readonly references: References;
  /** Where rows are read of which the events under a route tell all changes, or those of the company's data, see `COMPANY`. */
  rowsOf(route: string): RowSource;
  findTask(id: string): Promise<Row<Task> | null>;
  /** How many of a project's public tasks are closed, in percent, without those cancelled. */
  publicProgressOf(projectId: string): Promise<number>;
  /** When somebody came in last by a way in; null when nobody has. No log tells of it. */
  lastUseOf(id: string): Promise<Date | null>;
  /** Whether the member sees an object with these facts, and what they may do with it; null when they do not see it. */
  sees<F extends string>(policy: Policy<F>, facts: FactsOf<F>): Promise<boolean>;
  level<F extends string>(policy: Policy<F>, facts: FactsOf<F>): Promise<Level | null>;
  /** Which rows the member sees: `columns` tells where the facts stand, `known` those that all the rows have in common. */
  sight<F extends string, R>(
    policy: Policy<F>,
    columns: Columns<F>,
    known: Partial<FactsOf<F>>,
    factsOf: (row: R) => FactsOf<F>,
  ): Promise<RowSight<R>>;
  /** The member's grants, read once; for filters on rows. */
  grants(): Promise<Grants>;
  /** What the viewer may still ask for. */
  rateLimit(): RateLimit;
}

/** How much somebody may ask for, in points, until it begins anew. */
export interface RateLimit {
  limit: number;
  remaining: number;
  resetAt: Date;
}

export type ContextSettings = Pick<
  GraphContext,
  'parts' | 'publicUrl' | 'isFoundingOpen' | 'sessions' | 'watchingOf'
> & {
  refresh(viewer: Viewer): Promise<Viewer | null>;
  rateLimitOf(viewer: Viewer): RateLimit;
};

/** What is asked about the viewer's rights, and who answers it. */
type Judge = Pick<GraphContext, 'sees' | 'level' | 'sight' | 'grants'>;

/** By what it is asked, which is not part of what the viewer may. */
export type AskedBy = Pick<GraphContext, 'session' | 'isBySso'>;

/** What may be given to an operation's context beside its viewer. */
export interface Given {
  /** What others have read before of what rows refer to. */
  kept?: ReferenceSource;
  idempotency?: Idempotency | null;
  origin?: Origin | null;
}

const NO_VEIL = { columns: [], unless: true } as const;

/** For one operation of one viewer. Its EntityManager is bound to their company and user. */
export function createContext(
  settings: ContextSettings,
  viewer: Viewer,
  { kept, idempotency = null, origin = null }: Given = {},
): GraphContext {
  const keys = {
    companyId: 'companyId' in viewer ? viewer.companyId : undefined,
    userId: 'userId' in viewer ? viewer.userId : undefined,
  };
  const reading = new Reading(settings.parts.orm, keys, kept);
  let loading: Promise<Grants> | undefined;
  const grants = () => (loading ??= loadGrants(reading.source, expectReading(viewer)));
  const judge: Judge = {
    sees: async (policy, facts) => levelOn(policy, await grants(), facts) !== null,
    level: async (policy, facts) => levelOn(policy, await grants(), facts),
    sight: async (policy, columns, known) => {
      const filter = rowFilter(policy, await grants(), columns, known);
      return { filter, columns: [], veil: NO_VEIL, sees: null, exactly: () => filter };
    },
    grants,
  };
  const session = sessionOf(viewer) ?? null;
  return new OperationContext(settings, viewer, reading, judge, null, {
    idempotency,
    origin,
    session,
    isBySso: isBySso(viewer),
  });
}

/** For an answer that others may be given too: reads what they all may, and keeps a trace of what it asks about the viewer. */
export const createSharedContext = (
  settings: ContextSettings,
  trace: Trace,
  reading: Reading,
  basis = new Basis(),
  { session, isBySso }: AskedBy = { session: null, isBySso: false },
): GraphContext =>
  new OperationContext(
    settings,
    trace.viewer,
    reading,
    {
      sees: async (policy, facts) => trace.sees(policy, facts),
      level: async (policy, facts) => trace.level(policy, facts),
      sight: async (policy, columns, known, factsOf) => trace.sight(policy, columns, known, factsOf),
      grants: async () => trace.grants,
    },
    basis,
    { idempotency: null, origin: null, session, isBySso },
  );

class OperationContext implements GraphContext {
  readonly publicUrl: string;
  readonly isFoundingOpen: boolean;
  readonly keyring: Keyring;
  readonly sees: Judge['sees'];
  readonly level: Judge['level'];
  readonly sight: Judge['sight'];
  readonly grants: Judge['grants'];
  readonly idempotency: Idempotency | null;
  readonly origin: Origin | null;
  readonly #settings: ContextSettings;
  readonly #reading: Reading;
  readonly #basis: Basis | null;
  readonly #session: string | null;
  readonly #isBySso: boolean;

  constructor(
    settings: ContextSettings,
    readonly viewer: Viewer,
    reading: Reading,
    judge: Judge,
    basis: Basis | null,
    { idempotency, origin, session, isBySso }: Pick<GraphContext, 'idempotency' | 'origin' | keyof AskedBy>,
  ) {
    this.idempotency = idempotency;
    this.origin = origin;
    this.publicUrl = settings.publicUrl;
    this.isFoundingOpen = settings.isFoundingOpen;
    this.keyring = settings.parts.keyring;
    ({ sees: this.sees, level: this.level, sight: this.sight, grants: this.grants } = judge);
    this.#settings = settings;
    this.#reading = reading;
    this.#basis = basis;
    this.#session = session;
    this.#isBySso = isBySso;
  }

  get parts(): Parts {
    if (this.#basis) this.#basis.isOpen = true;
    return this.#settings.parts;
  }
  get sessions(): Sessions {
    if (this.#basis) this.#basis.isOpen = true;
    return this.#settings.sessions;
  }
  get session(): string | null {
    if (this.#basis) this.#basis.isOpen = true;
    return this.#session;
  }
  get isBySso(): boolean {
    if (this.#basis) this.#basis.isOpen = true;
    return this.#isBySso;
  }
  get em(): EntityManager {
    if (this.#basis) this.#basis.isOpen = true;
    return this.#reading.em;
  }
  get references(): References {
    return this.#reading.references;
  }
  watchingOf(followId: string): Promise<number | null> {
    this.readNow();
    return this.#settings.watchingOf(followId);
  }
  readNow(): void {
    if (this.#basis) this.#basis.isOpen = true;
  }
  rateLimit(): RateLimit {
    if (this.#basis) this.#basis.isOpen = true;
    return this.#settings.rateLimitOf(this.viewer);
  }
  rowsOf(route: string): RowSource {
    this.#basis?.add(route);
    return this.#reading.source;
  }
  lastUseOf(id: string): Promise<Date | null> {
    if (this.#basis) this.#basis.isOpen = true;
    return this.#reading.lastUseOf(id);
  }
  publicProgressOf(projectId: string): Promise<number> {
    this.#basis?.add(routeTo('project', projectId));
    return this.#reading.publicProgressOf(projectId);
  }
  findTask(id: string): Promise<Row<Task> | null> {
    this.#basis?.add(routeTo('task', id));
    return this.#reading.findTask(id);
  }
}
