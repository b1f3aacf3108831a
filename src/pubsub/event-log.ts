import { Event } from '../entities/event.js';
import type { EntityManager, Orm } from '../entities/orm.js';
import { marks } from '../entities/row-filter.js';
import { Computed, insertion, selectRows } from '../entities/rows.js';
import { isSqlite, type Results, run, type Statement } from '../entities/statements.js';

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

/** What a company's log is given: nothing, where it is only asked where it stands. */
export interface Appended {
  readonly companyId: string;
  readonly events: readonly NewEvent[];
}

/** What one has been given, and where it stands then. */
export interface Told {
  readonly seq: number;
  readonly events: LoggedEvent[];
}

/** How events are numbered and written, and what of each has been told then. */
export interface Appending {
  readonly statements: readonly Statement[];
  told(results: Results): Told[];
}

/**
 * Numbers events and writes them. It must come last in its transaction: the companies' heads stay locked from here to the
 * commit, which is what makes the numbers gapless and puts them into the order of the commits.
 */
export function appending(em: EntityManager, logs: readonly Appended[]): Appending {
  const now = new Date();
  /** How many events each company is given. */
  const counts = new Map<string, number>(logs.map(({ companyId }) => [companyId, 0]));
  const rows = logs.map(({ companyId, events }) =>
    events.map((event) => {
      const number = (counts.get(companyId) ?? 0) + 1;
      counts.set(companyId, number);
      return { number, row: { companyId, ...event, occurredAt: event.occurredAt ?? now } };
    }),
  );
  /** How far before the head the event of that number stands. */
  const toHead = (companyId: string, number: number) => (counts.get(companyId) as number) - number;
  const { statements, heads } = advancing(em, counts);
  // Read as it is after the update. Without a head there is no number, and nothing is written.
  const seqOf = (companyId: string, number: number) =>
    new Computed('(select seq from log_heads where company_id = ?) - ?', [companyId, toHead(companyId, number)]);
  const numbered = rows.flat().map(({ number, row }) => ({ ...row, seq: seqOf(row.companyId, number) }));
  return {
    statements: numbered.length > 0 ? [...statements, insertion(em, Event, numbered)] : statements,
    told: (results) => {
      const stands = heads(results);
      return rows.map((ofLog, i) => {
        const { companyId } = logs[i] as Appended;
        const head = stands.get(companyId) ?? 0;
        const events = ofLog.map(({ number, row }) => ({
          ...row,
          seq: head - toHead(companyId, number),
          occurredAt: row.occurredAt.toISOString(),
        }));
        return { seq: events.at(-1)?.seq ?? head, events };
      });
    },
  };
}

/** How heads are moved on, and read. One of them is told by its update; of several MySQL has to be asked. */
function advancing(em: EntityManager, counts: ReadonlyMap<string, number>) {
  const moved = [...counts].filter(([, by]) => by > 0);
  const [only] = moved;
  if (only && counts.size === 1) {
    const [companyId, by] = only;
    return {
      statements: [advanceHead(em, companyId, by)],
      heads: ([head]: Results) => new Map([[companyId, Number(head?.rows[0]?.seq ?? head?.insertId)]]),
    };
  }
  return {
    statements: [...(only ? [advanceHeads(moved)] : []), ...(counts.size > 0 ? [headsOf([...counts.keys()])] : [])],
    heads: (results: Results) => headsIn(results[only ? 1 : 0]?.rows ?? []),
  };
}

/** Both families of databases tell the head's new number with the update itself. */
function advanceHead(em: EntityManager, companyId: string, by: number): Statement {
  const isEmbedded = isSqlite(em);
  const set = isEmbedded ? 'seq = seq + ?' : 'seq = last_insert_id(seq + ?)';
  const told = isEmbedded ? ' returning seq' : '';
  return { text: `update log_heads set ${set} where company_id = ?${told}`, parameters: [by, companyId] };
}

/** In the order of the key, so that two who move the same ones do not wait for each other in a circle. */
const advanceHeads = (moved: readonly (readonly [string, number])[]): Statement => ({
  text: `update log_heads set seq = seq + case company_id${' when ? then ?'.repeat(moved.length)} end where company_id in (${marks(moved.length)})`,
  parameters: [...moved.flat(), ...moved.map(([companyId]) => companyId)],
});

/** One question for all companies that a node serves: each is named. */
export const headsOf = (companyIds: readonly string[]): Statement => ({
  text: `select company_id, seq from log_heads where company_id in (${marks(companyIds.length)})`,
  parameters: companyIds,
});

/** The number of each company's latest event; 0 before the first. */
export async function readHeads({ em }: Pick<Orm, 'em'>, companyIds: readonly string[]): Promise<Map<string, number>> {
  if (companyIds.length === 0) return new Map();
  const { text, parameters } = headsOf(companyIds);
  return headsIn((await run(em, text, parameters)).rows);
}

const headsIn = (rows: Results[number]['rows']): Map<string, number> =>
  new Map(rows.map(({ company_id, seq }) => [String(company_id), Number(seq)]));

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
