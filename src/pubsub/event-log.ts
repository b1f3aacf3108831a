import { SqliteDriver } from '@mikro-orm/sql';
import { Event } from '../entities/event.js';
import type { EntityManager, Orm } from '../entities/orm.js';
import { Computed, insertion, selectRows } from '../entities/rows.js';
import { type Results, run, type Statement } from '../entities/statements.js';

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

/** How events are numbered and written, and what has been written then. */
export interface Appending {
  readonly statements: readonly Statement[];
  told(results: Results): LoggedEvent[];
}

/**
 * Numbers events and writes them. It must come last in its transaction: the company's head stays locked from here to the
 * commit, which is what makes the numbers gapless and puts them into the order of the commits.
 */
export function appending(em: EntityManager, companyId: string, events: readonly NewEvent[]): Appending {
  const now = new Date();
  const rows = events.map((event) => ({ companyId, ...event, occurredAt: event.occurredAt ?? now }));
  const last = rows.length - 1;
  // Read as it is after the update. Without a head there is no number, and nothing is written.
  const numbered = rows.map((row, i) => ({
    ...row,
    seq: new Computed('(select seq from log_heads where company_id = ?) - ?', [companyId, last - i]),
  }));
  return {
    statements: [advanceHead(em, companyId, rows.length), insertion(em, Event, numbered)],
    told: ([head]) => {
      const seq = Number(head?.rows[0]?.seq ?? head?.insertId);
      return rows.map((row, i) => ({ ...row, seq: seq - last + i, occurredAt: row.occurredAt.toISOString() }));
    },
  };
}

/** Both families of databases tell the head's new number with the update itself. */
function advanceHead(em: EntityManager, companyId: string, by: number): Statement {
  const isSqlite = em.getDriver() instanceof SqliteDriver;
  const set = isSqlite ? 'seq = seq + ?' : 'seq = last_insert_id(seq + ?)';
  const told = isSqlite ? ' returning seq' : '';
  return { text: `update log_heads set ${set} where company_id = ?${told}`, parameters: [by, companyId] };
}

/** One question for all companies that a node serves: each is named. */
export const headsOf = (companyIds: readonly string[]): Statement => ({
  text: `select company_id, seq from log_heads where company_id in (${companyIds.map(() => '?').join(', ')})`,
  parameters: companyIds,
});

/** The number of each company's latest event; 0 before the first. */
export async function readHeads({ em }: Pick<Orm, 'em'>, companyIds: readonly string[]): Promise<Map<string, number>> {
  if (companyIds.length === 0) return new Map();
  const { text, parameters } = headsOf(companyIds);
  const { rows } = await run(em, text, parameters);
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
