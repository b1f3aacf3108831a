import { createSourceEventStream, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Origin } from '../auth/door-book.js';
import type { Standing } from '../auth/standing.js';
import { sessionOf, type Viewer } from '../auth/viewer.js';
import type { LastUses } from '../domain/last-uses.js';
import type { Refusals } from '../domain/refusals.js';
import { ApiError, accessEnded, forbidden, sessionEnded, tooCostly } from '../errors.js';
import type { Documents } from '../execution/documents.js';
import type { Operation } from '../execution/operation.js';
import type { Variables } from '../execution/plan.js';
import type { Admission, FanOut } from '../pubsub/fan-out.js';
import type { Batch, Subscriber } from '../pubsub/subscriber.js';
import { ChangeSource, type Render, type Topic } from '../pubsub/topic.js';
import { type ContextSettings, createContext } from '../resolvers/context.js';
import type { Reading } from '../resolvers/reading.js';
import { renderBy } from '../resolvers/shared-rendering.js';
import { leastPosition, runIn, untilVisible } from '../resolvers/visibility.js';
import { type FormatError, withFormat } from './error-format.js';
import { idempotencyOf } from './idempotency-key.js';
import { persistedHash } from './persisted-queries.js';
import { FAULTY_COST, type RateLimits, spenderOf } from './rate-limits.js';
import { noteRefused } from './refused.js';
import { notTrusted, type TrustedDocuments } from './trusted-documents.js';

export type Engine = FanOut<Standing, Reading>;

export interface OperationsOptions {
  documents: Documents;
  trustedDocuments: TrustedDocuments;
  settings: ContextSettings;
  fanOut: Engine;
  formatError: FormatError;
  /** Of one operation, in points. */
  costLimit: number;
  rates: RateLimits;
  refusals: Refusals;
  uses: LastUses;
}

/** Whoever asks over a connection that stays. */
export interface Session {
  readonly viewer: Viewer;
  readonly origin: Origin;
  /** A place at the company's events; none for somebody without a company. */
  readonly admission: Admission<Standing, Reading> | null;
}

export interface Request {
  query: string;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
  extensions?: Record<string, unknown> | null | undefined;
  /** The header of that name, where a connection has one for each request. */
  idempotencyKey?: string | undefined;
}

/** One operation as its connection carries it. The errors come formatted. */
export interface Asking extends Pick<Subscriber<Standing>, 'deliver'> {
  /** Whether nobody waits for the answer any more. */
  readonly isOver: boolean;
  next(json: string): void;
  /** It did not begin. */
  refuse(errors: readonly GraphQLError[]): void;
  complete(): void;
}

/** A subscription that stands. */
export interface Running {
  stop(): void;
  /** RESYNC as it would be told now; null when the subscription is over, or the database away. */
  resync(): Promise<Batch | null>;
}

/** Runs what is asked over sockets and event streams: queries and mutations once, subscriptions by the fan-out. */
export class Operations {
  constructor(readonly options: OperationsOptions) {}

  /** Begins an operation; answers the subscription, if it is one that stands. Throws when the database is away. */
  async begin(session: Session, request: Request, asking: Asking): Promise<Running | null> {
    const { documents, trustedDocuments, formatError, costLimit } = this.options;
    // From before the viewer's rights are looked at: what ends them from here on is told.
    const since = session.admission?.company.position ?? null;
    const viewer = await this.#viewerOf(session, asking);
    if (!viewer || asking.isOver) return null;
    if ('companyId' in viewer) this.options.uses.note(viewer);
    // The protocols want a text; it is empty where a trusted document is named by its hash.
    const text = request.query || (trustedDocuments.find(persistedHash(request.extensions) ?? '') ?? '');
    const spender = spenderOf(viewer, session.origin.address);
    const isTrusted = trustedDocuments.allows(viewer, text);
    const found = isTrusted ? documents.find(text, request.operationName) : [notTrusted()];
    if ('length' in found) {
      noteRefused(this.options.refusals, { viewer, origin: session.origin }, found);
      const faults = found.map((error) => withFormat(formatError, error));
      asking.refuse((await this.#beyondLimit(spender, FAULTY_COST)) ?? faults);
      return null;
    }
    const coerced = found.coerce(request.variables);
    const cost = 'variables' in coerced ? found.cost(viewer.kind, coerced.variables) : 0;
    const isTooCostly = cost > costLimit;
    const excess = await this.#beyondLimit(spender, isTooCostly || cost === 0 ? FAULTY_COST : cost);
    if (excess || isTooCostly) {
      asking.refuse(excess ?? [withFormat(formatError, tooCostly(cost, costLimit))]);
      return null;
    }
    if ('variables' in coerced && found.operation.operation === 'subscription')
      return this.#subscribe(session, viewer, { ...request, query: text }, found, coerced.variables, asking, since);
    const question = { ...request, query: text };
    const result =
      'errors' in coerced
        ? coerced
        : await this.#run(found, { viewer, origin: session.origin }, coerced.variables, question);
    noteRefused(this.options.refusals, { viewer, origin: session.origin }, result.errors);
    asking.next(this.#toJson(result));
    asking.complete();
    return null;
  }

  /** What is to be told of who has spent all their points; null while they have not. */
  async #beyondLimit(spender: string, cost: number): Promise<GraphQLError[] | null> {
    const { rates, formatError } = this.options;
    try {
      await rates.take(spender, cost);
      return null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return [withFormat(formatError, error)];
    }
  }

  /** Who asks as things stand now; null when they are refused. */
  async #viewerOf({ viewer }: Session, asking: Asking): Promise<Viewer | null> {
    const { settings, formatError } = this.options;
    let refusal = sessionOf(viewer) ? sessionEnded() : accessEnded();
    try {
      const current = await settings.refresh(viewer);
      if (current) return current;
    } catch (error) {
      // While sessions cannot be looked at nothing new begins, and what stands goes on.
      if (!(error instanceof ApiError)) throw error;
      refusal = error;
    }
    asking.refuse([withFormat(formatError, refusal)]);
    return null;
  }

  #run(
    found: Operation,
    { viewer, origin }: Pick<Session, 'viewer' | 'origin'>,
    variables: Variables,
    request: Request,
  ): Promise<ExecutionResult> {
    const { settings } = this.options;
    const { parts, refresh } = settings;
    return runIn(found, variables, async () => {
      if (found.operation.operation === 'mutation') {
        const places = { header: request.idempotencyKey, extensions: request.extensions };
        return createContext(settings, viewer, { idempotency: idempotencyOf(parts.keyring, request, places), origin });
      }
      const position = leastPosition(parts, viewer, found, variables);
      if (position === null || !('companyId' in viewer)) return createContext(settings, viewer);
      await untilVisible(parts, viewer.companyId, position);
      // What they may may be among what they want to see.
      const current = await refresh(viewer);
      if (!current) throw accessEnded();
      return createContext(settings, current);
    });
  }

  async #subscribe(
    session: Session,
    viewer: Viewer,
    request: Request,
    found: Operation,
    variables: Variables,
    asking: Asking,
    since: number | null,
  ): Promise<Running | null> {
    const { schema, document } = found;
    const source = await createSourceEventStream({
      schema,
      document,
      operationName: request.operationName ?? null,
      variableValues: request.variables ?? null,
      contextValue: createContext(this.options.settings, viewer),
    });
    if (!(source instanceof ChangeSource)) {
      const result = source as ExecutionResult;
      noteRefused(this.options.refusals, { viewer, origin: session.origin }, result.errors);
      asking.next(this.#toJson(result));
      asking.complete();
      return null;
    }
    const { admission } = session;
    if (!admission) throw forbidden('COMPANY_REQUIRED', 'A subscription is to one company.');
    if (asking.isOver) return null;
    const { fanOut, formatError } = this.options;
    const subscription = new Subscription(admission, asking, formatError);
    const render = this.#renderOf(found, variables, source.topic);
    void fanOut.subscribe(admission, subscription, source, keyOf(viewer, request, found), render, since);
    return subscription;
  }

  /** Stays as long as its group does, so it takes nothing along of the one request that it was made for. */
  #renderOf(found: Operation, variables: Variables, topic: Topic<Standing>): Render<Standing, Reading> {
    return renderBy(
      (change, context) => found.run(change, context, variables),
      this.options.settings,
      topic,
      (result) => this.#toJson(result),
    );
  }

  #toJson(result: ExecutionResult): string {
    if (!result.errors) return JSON.stringify(result);
    return JSON.stringify({
      ...result,
      errors: result.errors.map((error) => withFormat(this.options.formatError, error)),
    });
  }
}

/** One subscription that stands. There are many of them, so it keeps nothing but what it is told through. */
class Subscription implements Subscriber<Standing>, Running {
  position = 0;
  toldAt = performance.now();
  readonly #company: Admission<Standing, Reading>['company'];

  constructor(
    admission: Admission<Standing, Reading>,
    readonly asking: Asking,
    readonly formatError: FormatError,
    readonly watcher = admission.watcher,
  ) {
    this.#company = admission.company;
  }

  deliver(batch: Batch): void {
    this.asking.deliver(batch);
  }
  end(error: Error): void {
    this.asking.next(JSON.stringify({ errors: [withFormat(this.formatError, error)] }));
    this.asking.complete();
  }
  stop(): void {
    this.#company.leave(this);
  }
  resync(): Promise<Batch | null> {
    return this.#company.resync(this);
  }
}

/** What makes two subscriptions of one company the same, but for their viewers' rights and where they go on from. */
function keyOf(viewer: Viewer, { query, operationName, variables }: Request, { positionVariable }: Operation): string {
  const named = Object.entries(variables ?? {})
    .filter(([name]) => name !== positionVariable)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([viewer.kind, viewer.kind === 'FOLLOWER' && viewer.objectId, query, operationName, named]);
}
