import { SqliteDriver } from '@mikro-orm/sql';
import { Event } from '../entities/event.js';
import type { EntityManager, Orm } from '../entities/orm.js';
import { insertRows, run, selectRows } from '../entities/rows.js';

/** One change of a company, as the log keeps it and the bus carries it. */
export interface LoggedEvent {
  companyId: string;
  /** From 1, without gaps, in the company's order. */
  seq: number;
  type: string;
  objectId: string;
  data: object;
  /** ISO 8601. */
  occurredAt: string;
}

export interface NewEvent extends Pick<LoggedEvent, 'type' | 'objectId' | 'data'> {
  /** Now, unless the time is given. */
  occurredAt?: Date;
}

/**
 * Numbers the events and writes them. It must come last in its transaction: the company's head stays locked from here
 * to the commit, which is what makes the numbers gapless and puts them into the order of the commits.
 */
export async function appendEvents(
  em: EntityManager,
  companyId: string,
  events: readonly NewEvent[],
): Promise<LoggedEvent[]> {
  const first = (await advanceHead(em, companyId, events.length)) - events.length + 1;
  const now = new Date();
  const rows = events.map((event, i) => ({ companyId, seq: first + i, ...event, occurredAt: event.occurredAt ?? now }));
  await insertRows(em, Event, rows);
  return rows.map((row) => ({ ...row, occurredAt: row.occurredAt.toISOString() }));
}

/** Answers the head's new number; both families of databases tell it with the update itself. */
async function advanceHead(em: EntityManager, companyId: string, by: number): Promise<number> {
  const isSqlite = em.getDriver() instanceof SqliteDriver;
  const set = isSqlite ? 'seq = seq + ?' : 'seq = last_insert_id(seq + ?)';
  const told = isSqlite ? ' returning seq' : '';
  const text = `update log_heads set ${set} where company_id = ?${told}`;
  const { rows, insertId } = await run(em, text, [by, companyId]);
  const seq = Number(rows[0]?.seq ?? insertId ?? 0);
  if (seq === 0) throw new Error(`The log of ${companyId} has no head.`);
  return seq;
}

/** The number of each company's latest event; 0 before the first. */
export async function readHeads({ em }: Pick<Orm, 'em'>, companyIds: readonly string[]): Promise<Map<string, number>> {
  if (companyIds.length === 0) return new Map();
  // One question for all companies that this node serves: each is named.
  const marks = companyIds.map(() => '?').join(', ');
  const text = `select company_id, seq from log_heads where company_id in (${marks})`;
  const { rows } = await run(em, text, companyIds);
  return new Map(rows.map(({ company_id, seq }) => [String(company_id), Number(seq)]));
}

/** The events after `seq`, oldest first, at most `limit`. */
export async function readEvents(orm: Orm, companyId: string, seq: number, limit: number): Promise<LoggedEvent[]> {
  const rows = await selectRows({ orm, companyId }, Event, 'seq > ? order by seq limit ?', [seq, limit]);
  return rows.map((row) => ({ ...row, occurredAt: row.occurredAt.toISOString() }));
}

/** The number of the oldest event that the log still has, or null when it is empty. */
export async function readOldest(orm: Orm, companyId: string): Promise<number | null> {
  const { rows } = await run(orm.em, 'select min(seq) as seq from events where company_id = ?', [companyId]);
  const oldest = rows[0]?.seq;
  return oldest == null ? null : Number(oldest);
}

/**
 * The number of the first event after `seq` that is of one of these kinds (the part of the type before the dot), or
 * null. Asked often, with `seq` near the head, so it reads next to nothing.
 */
export async function findConcern(
  orm: Orm,
  companyId: string,
  seq: number,
  kinds: readonly string[],
): Promise<number | null> {
  const types = kinds.map(() => 'type like ?').join(' or ');
  const text = `select seq from events where company_id = ? and seq > ? and (${types}) order by seq limit 1`;
  const {
    rows: [found],
  } = await run(orm.em, text, [companyId, seq, ...kinds.map((kind) => `${kind}.%`)]);
  return found ? Number(found.seq) : null;
}
