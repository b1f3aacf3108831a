import type { GraphQLSchema } from 'graphql';
import { AccessTokenVerifier } from '../../src/auth/access-token.js';
import { Authenticator } from '../../src/auth/authenticate.js';
import { LocalSessionStore } from '../../src/auth/local-session-store.js';
import { Sessions } from '../../src/auth/sessions.js';
import type { Viewer } from '../../src/auth/viewer.js';
import { AuditWriter } from '../../src/domain/audit-writer.js';
import { LastUses } from '../../src/domain/last-uses.js';
import { provisionUser } from '../../src/domain/provision-user.js';
import { Refusals } from '../../src/domain/refusals.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Documents } from '../../src/execution/documents.js';
import { FanOut } from '../../src/pubsub/fan-out.js';
import type { Batch } from '../../src/pubsub/subscriber.js';
import type { ContextSettings } from '../../src/resolvers/context.js';
import { createRights } from '../../src/resolvers/rights.js';
import { createErrorFormat } from '../../src/server/error-format.js';
import { type Engine, Operations, type Running, type Session } from '../../src/server/operations.js';
import { RateLimits } from '../../src/server/rate-limits.js';
import { TrustedDocuments } from '../../src/server/trusted-documents.js';
import { until } from './until.js';

/** The engine inside the test's own process, for looking at what it does without sockets in between. */
export const NOWHERE = { address: '127.0.0.1', userAgent: null };
const noLimit = () => ({ limit: 1, remaining: 1, resetAt: new Date() });

/** Sessions that no server knows. */
export const localSessions = ({ keyring }: Parts) =>
  new Sessions(new LocalSessionStore(), keyring, { idleMs: 60_000, absoluteMs: 60_000 });

/** What resolvers work with where no server is: nobody watches, and nothing is limited. */
export function settingsOf(parts: Parts): ContextSettings {
  const authenticator = new Authenticator(parts.orm, new AccessTokenVerifier([]), parts.keyring, (identity) =>
    provisionUser(parts, identity),
  );
  return {
    parts,
    publicUrl: 'http://127.0.0.1',
    isFoundingOpen: false,
    sessions: localSessions(parts),
    refresh: (viewer) => authenticator.refresh(viewer),
    watchingOf: async () => 0,
    rateLimitOf: noLimit,
  };
}

export class Audience {
  readonly settings: ContextSettings;
  readonly fanOut: Engine;
  readonly operations: Operations;
  readonly refusals: Refusals;

  constructor(
    readonly parts: Parts,
    readonly schema: GraphQLSchema,
    heartbeatMs = 600_000,
  ) {
    this.settings = settingsOf(parts);
    this.fanOut = new FanOut(parts.feeds, createRights(this.settings), heartbeatMs);
    this.refusals = new Refusals(new AuditWriter(parts));
    const formatError = createErrorFormat(parts.log);
    this.operations = new Operations({
      documents: new Documents(schema, true),
      trustedDocuments: new TrustedDocuments('any', []),
      settings: this.settings,
      fanOut: this.fanOut,
      formatError,
      costLimit: 10_000,
      refusals: this.refusals,
      uses: new LastUses(parts),
      rates: new RateLimits(null, 1_000_000_000, 60),
    });
  }

  /** Subscribes, and waits for READY. */
  async seat(viewer: Viewer, query: string, variables: Record<string, unknown> = {}): Promise<Seat> {
    const seat = new Seat(viewer);
    if (!('companyId' in viewer)) throw new Error('A seat is in one company.');
    const admission = await this.fanOut.admit(viewer.companyId, { viewer, grants: null } as never, seat);
    seat.admission = admission;
    seat.leave = () => admission?.leave();
    seat.running = await this.operations.begin({ viewer, origin: NOWHERE, admission }, { query, variables }, seat);
    await until(() => seat.told.length > 0 || seat.isOver, 'READY');
    return seat;
  }
}

/** One subscription of one viewer, and what it was told. */
export class Seat {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the document asked for
  readonly told: any[] = [];
  isOver = false;
  hasEnded = false;
  running: Running | null = null;
  admission: Session['admission'] = null;
  leave: () => void = () => {};

  constructor(readonly viewer: Viewer) {}

  deliver({ payloads }: Batch): void {
    for (const json of payloads) this.next(json);
  }
  next(json: string): void {
    const { data, errors } = JSON.parse(json);
    this.told.push({ ...(data && (Object.values(data)[0] as object)), ...(errors && { errors }) });
  }
  refuse(errors: readonly unknown[]): void {
    this.told.push({ errors });
    this.isOver = true;
  }
  complete(): void {
    this.isOver = true;
  }
  async review(): Promise<void> {}

  end(): void {
    this.hasEnded = true;
  }
}
