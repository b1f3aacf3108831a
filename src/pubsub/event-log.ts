import { Event, LogHead } from '../entities/event.js';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { insertRows, run } from '../entities/rows.js';

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

export type NewEvent = Pick<LoggedEvent, 'type' | 'objectId' | 'data'>;

/**
 * Numbers the events and writes them. It must come last in its transaction: the company's head stays locked from here
 * to the commit, which is what makes the numbers gapless and puts them into the order of the commits.
 */
export async function appendEvents(
  em: EntityManager,
  companyId: string,
  events: readonly NewEvent[],
): Promise<LoggedEvent[]> {
  await run(em, 'update log_heads set seq = seq + ? where company_id = ?', [events.length, companyId]);
  const {
    rows: [head],
  } = await run(em, 'select seq from log_heads where company_id = ?', [companyId]);
  if (!head) throw new Error(`The log of ${companyId} has no head.`);
  const first = Number(head.seq) - events.length + 1;
  const occurredAt = new Date();
  const rows = events.map((event, i) => ({ companyId, seq: first + i, ...event, occurredAt }));
  await insertRows(em, Event, rows);
  return rows.map((row) => ({ ...row, occurredAt: occurredAt.toISOString() }));
}

/** The number of each company's latest event; 0 before the first. */
export async function readHeads(orm: Orm, companyIds: readonly string[]): Promise<Map<string, number>> {
  if (companyIds.length === 0) return new Map();
  // One question for all companies that this node serves: each is named, so the filter for one would be wrong here.
  const heads = await orm.em.fork().find(LogHead, { companyId: { $in: [...companyIds] } }, { filters: false });
  return new Map(heads.map((head) => [head.companyId, Number(head.seq)]));
}

/** The events after `seq`, oldest first, at most `limit`. */
export async function readEvents(orm: Orm, companyId: string, seq: number, limit: number): Promise<LoggedEvent[]> {
  const em = forkFor(orm, { companyId });
  const rows = await em.find(
    Event,
    { seq: { $gt: seq } },
    { orderBy: { seq: 'asc' }, limit, disableIdentityMap: true },
  );
  return rows.map((row) => ({
    companyId,
    seq: Number(row.seq),
    type: row.type,
    objectId: row.objectId,
    data: row.data,
    occurredAt: row.occurredAt.toISOString(),
  }));
}

/** The number of the oldest event that the log still has, or null when it is empty. */
export async function readOldest(orm: Orm, companyId: string): Promise<number | null> {
  const [oldest] = await forkFor(orm, { companyId }).find(
    Event,
    {},
    { orderBy: { seq: 'asc' }, limit: 1, fields: ['seq'] },
  );
  return oldest ? Number(oldest.seq) : null;
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
