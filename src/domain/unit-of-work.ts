import { setTimeout } from 'node:timers/promises';
import { DeadlockException, LockWaitTimeoutException, UniqueConstraintViolationException } from '@mikro-orm/core';
import type { Viewer } from '../auth/viewer.js';
import type { Keyring } from '../crypto.js';
import { HistoryEntry } from '../entities/event.js';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { insertRows, type Row, type RowChange, updateRows } from '../entities/rows.js';
import type { TenantEntity } from '../entities/tenant.js';
import type { Logger } from '../log.js';
import type { FeedRegistry } from '../pubsub/company-feed.js';
import { appendEvents, type LoggedEvent, readHeads } from '../pubsub/event-log.js';

/** The parts that the product's rules work with; one per process. */
export interface Parts {
  orm: Orm;
  feeds: FeedRegistry;
  keyring: Keyring;
  log: Logger;
  /** Called between a commit and its publication; only tests set it. */
  afterCommit?: (() => void) | undefined;
}

/** Who acts, in which company, through which entry point. */
export interface Actor {
  companyId: string;
  userId: string | null;
  /** None where the operator acts. */
  memberId: string | null;
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
  /** Writes with the commit what differs between a row as it was read, and held, and as it is to be. */
  update<T extends Rowed>(type: Type<T>, before: Row<T>, after: Row<T>): void;
}

export interface Done<T> {
  result: T;
  /** The log's position at which the change is visible. */
  seq: number;
}

const ATTEMPTS = 4;

/**
 * Runs `work` in one transaction and commits rows, history and events together; publishes after the commit. `work` may
 * run again after a deadlock, or when another transaction has taken a key that was free a moment before, so it must not act outside the database.
 */
export async function transact<T>(parts: Parts, actor: Actor, work: (work: Work) => Promise<T>): Promise<Done<T>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { result, events } = await attemptOnce(parts, actor, work);
      const last = events.at(-1);
      if (last) {
        parts.afterCommit?.();
        await parts.feeds.publish(events);
      }
      return { result, seq: last?.seq ?? (await readHeads(parts.orm, [actor.companyId])).get(actor.companyId) ?? 0 };
    } catch (error) {
      if (attempt === ATTEMPTS || !isTransient(error)) throw error;
      parts.log.info({ attempt, companyId: actor.companyId }, 'transaction: lost against another one, trying again');
      await setTimeout(Math.random() * 20 * 2 ** attempt);
    }
  }
}

async function attemptOnce<T>(parts: Parts, actor: Actor, work: (work: Work) => Promise<T>) {
  const em = forkFor(parts.orm, { companyId: actor.companyId, userId: actor.userId ?? undefined });
  const happenings: Happening[] = [];
  const changes = new Map<Type<Rowed>, Map<string, RowChange<Rowed>>>();
  const update: Work['update'] = (type, before, after) => {
    const rows = changes.get(type) ?? new Map<string, RowChange<Rowed>>();
    changes.set(type, rows);
    rows.set(after.id, [rows.get(after.id)?.[0] ?? before, after]);
  };
  await em.begin();
  try {
    const result = await work({ em, actor, update, record: (happening) => happenings.push(happening) });
    await em.flush();
    for (const [type, rows] of changes) await updateRows(em, type, [...rows.values()]);
    const events = await write(em, actor, happenings);
    await em.commit();
    return { result, events };
  } catch (error) {
    await em.rollback().catch(() => {});
    throw error;
  }
}

async function write(em: EntityManager, actor: Actor, happenings: readonly Happening[]): Promise<LoggedEvent[]> {
  if (happenings.length === 0) return [];
  const { companyId, memberId: actorId, entryPoint } = actor;
  const entries = happenings.map(({ type, objectId, changes = {} }) => {
    return { ...new HistoryEntry(), companyId, objectId, type, actorId, entryPoint, changes };
  });
  await insertRows(em, HistoryEntry, entries);
  const events = happenings.map(({ type, objectId, data }) => ({ type, objectId, data: data ?? {} }));
  return appendEvents(em, actor.companyId, events);
}

const isTransient = (error: unknown): boolean =>
  error instanceof DeadlockException ||
  error instanceof LockWaitTimeoutException ||
  error instanceof UniqueConstraintViolationException ||
  /SQLITE_BUSY|database is locked/.test(String(error));
