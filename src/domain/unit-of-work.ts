import type { Origin } from '../auth/door-book.js';
import type { MemberViewer, Viewer } from '../auth/viewer.js';
import type { Keyring } from '../crypto.js';
import type { Encryption } from '../encryption/encryption.js';
import { HistoryEntry } from '../entities/event.js';
import { IdempotencyRecord } from '../entities/idempotency-record.js';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { RowChanges } from '../entities/row-changes.js';
import type { Row } from '../entities/rows.js';
import { isShared, NotSharedError } from '../entities/shared-locks.js';
import { isSqlite } from '../entities/statements.js';
import type { TenantEntity } from '../entities/tenant.js';
import { isRefusal } from '../errors.js';
import type { Logger } from '../log.js';
import type { LetterBox } from '../mail/letter-box.js';
import type { Outbound } from '../outbound/outbound.js';
import type { FeedRegistry } from '../pubsub/company-feed.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import { type Audited, auditedOf, chaining } from './audit.js';
import type { KnownRights } from './known-rights.js';
import { type Keeping, type Once, recordOf } from './once.js';
import type { SharedTransactions } from './shared-transactions.js';
import { inTransaction, untilCommitted } from './transaction.js';
import type { Writing } from './writing.js';

/** What transactions are made with. */
export interface Foundation {
  orm: Orm;
  feeds: FeedRegistry;
  keyring: Keyring;
  log: Logger;
  /** Where letters are posted; null, or none, where no mail is set up. */
  letterBox?: LetterBox | null;
  /** Where commands are committed together. */
  together: SharedTransactions;
  /** Called between a commit and its publication; only tests set it. */
  afterCommit?: (() => void) | undefined;
  /**
   * Makes the one command that is given these parts safe to send again: it is done once, in one transaction, and
   * whoever sends it again gets the same answer.
   */
  once?: Once | undefined;
  /** Where the command comes from, for the audit log. */
  origin?: Origin | undefined;
}

/** The parts that the product's rules work with; one per process. */
export interface Parts extends Foundation {
  encryption: Encryption;
  /** What is known of a member's rights, if anything; a process that follows no logs knows nothing. */
  rightsOf?: ((viewer: MemberViewer) => Promise<KnownRights | null>) | undefined;
  outbound: Outbound;
}

/** Who acts, in which company, through which entry point. */
export interface Actor {
  companyId: string;
  userId: string | null;
  /** The member, the API key or the follower that acts. None where the operator does. */
  actorId: string | null;
  entryPoint: Viewer['kind'] | 'OPERATOR';
}

/** `[before, after]` of each field that changed. */
export type Changes = Record<string, [unknown, unknown]>;

/** What happened, to be told with the commit: to the log and its readers, and to the object's history. */
export interface Happening {
  type: string;
  objectId: string;
  data?: object;
  changes?: Changes;
}

type Rowed = TenantEntity & { id: string };
type Type<T> = new () => T;

/** One transaction of one actor. */
export interface Work {
  em: EntityManager;
  actor: Actor;
  record(happening: Happening): void;
  /** Says it in the audit log, with the commit. What `record` is told of who may do what stands there by itself. */
  audit(audited: Audited): void;
  /** Is called once the transaction has committed, and never if it does not. Nobody waits for it; it does not throw. */
  afterwards(act: () => void): void;
  /** Writes with the commit what differs between a row as it was read, and held, and as it is to be. */
  update<T extends Rowed>(type: Type<T>, before: Row<T>, after: Row<T>): void;
  /** What the actor may, where it is not to be read. */
  rights: KnownRights | null;
}

export interface Done<T> {
  /** Of a command with a key as plain values: rows where there were entities. */
  result: T;
  /** The log's position at which the change is visible. */
  seq: number;
  /** Whether it had been done before, under the same key. */
  isRepeated: boolean;
}

interface Transacting {
  /** Whose key `parts.once` has: the company's members' unless given. */
  keeping?: Keeping;
  /**
   * The id of what `work` locks first. Given where `work` writes by `update` alone: then others may be done in the same
   * transaction, see `SharedTransactions`.
   */
  firstLock?: string | undefined;
  /** What is known of the actor's rights: the first attempt may go by it. */
  rights?: KnownRights | null;
}

/**
 * Runs `work` in one transaction and commits rows, history, events and what `parts.once` asks to keep together; publishes
 * after the commit. `work` may run again after a deadlock, or when another transaction has taken a key that was free a
 * moment before, so it must not act outside the database.
 */
export function transact<T>(
  parts: Foundation,
  actor: Actor,
  work: (work: Work) => Promise<T>,
  { keeping, firstLock, rights: known = null }: Transacting = {},
): Promise<Done<T>> {
  const { companyId, userId } = actor;
  const openRecord = recordOf(parts, keeping ?? { type: IdempotencyRecord, owner: { companyId } });
  let attempts = 0;
  return untilCommitted(parts.log, { companyId }, async () => {
    const em = forkFor(parts.orm, { companyId, userId: userId ?? undefined });
    let events: LoggedEvent[] = [];
    let later: readonly (() => void)[] = [];
    const record = openRecord(em);
    const act = async (): Promise<Writing<{ result: T; seq: number }>> => {
      attempts += 1;
      const { result, rights, happenings, audited, changes, ...performed } = await performBy(
        // SQLite is no trip away, and has no word for the check.
        attempts === 1 && !isSqlite(em) ? known : null,
        (rights) => perform(em, actor, rights, work),
      );
      later = performed.later;
      return {
        changes,
        statements: await chaining(em, parts.keyring, actor, parts.origin, audited),
        rights,
        telling: telling(actor, happenings),
        done: (told) => {
          events = told.events;
          return { result, seq: told.seq };
        },
      };
    };
    const done =
      firstLock !== undefined
        ? await parts.together.run(em, { companyId, objectId: firstLock }, record, act)
        : await inTransaction(em, record, act);
    // What was done before has been told then; what an attempt of now has prepared was taken back.
    if (done.isRepeated) return done;
    for (const act of later) act();
    if (events.length > 0) {
      parts.afterCommit?.();
      await parts.feeds.publish(events);
    }
    return done;
  });
}

/** Does it by what is known of the actor's rights; whoever is refused by that may have been given more, and it is read. */
async function performBy<P>(known: KnownRights | null, act: (rights: KnownRights | null) => Promise<P>): Promise<P> {
  try {
    return await act(known);
  } catch (error) {
    if (known && isRefusal(error)) return act(null);
    throw error;
  }
}

async function perform<T>(
  em: EntityManager,
  actor: Actor,
  rights: KnownRights | null,
  work: (work: Work) => Promise<T>,
) {
  const happenings: Happening[] = [];
  const audited: Audited[] = [];
  const later: (() => void)[] = [];
  const audit = (entry: Audited) => audited.push(entry);
  const afterwards = (act: () => void) => later.push(act);
  const record = (happening: Happening) => {
    happenings.push(happening);
    const entry = auditedOf(happening);
    if (entry) audit(entry);
  };
  const changes = new RowChanges();
  const update: Work['update'] = (type, before, after) => changes.add(type, before, after);
  const result = await work({ em, actor, rights, update, record, audit, afterwards });
  if (isShared(em) && writesEntities(em)) throw new NotSharedError('entities are written.');
  // It looks for changes of all entities that were read, and where there are none it still takes its time.
  if (hasEntities(em)) await em.flush();
  return { result, rights, happenings, audited, changes, later };
}

const hasEntities = (em: EntityManager): boolean =>
  writesEntities(em) || em.getUnitOfWork().getIdentityMap().keys().length > 0;

function writesEntities(em: EntityManager): boolean {
  const unit = em.getUnitOfWork();
  return unit.getPersistStack().size > 0 || unit.getRemoveStack().size > 0;
}

/** What happened, as history and log tell it. */
function telling({ companyId, actorId, entryPoint }: Actor, happenings: readonly Happening[]) {
  const history = happenings.map(({ type, objectId, changes = {} }) => {
    return { ...new HistoryEntry(), companyId, objectId, type, actorId, entryPoint, changes };
  });
  const events = happenings.map(({ type, objectId, data }) => ({ type, objectId, data: data ?? {} }));
  return { companyId, history, events };
}
