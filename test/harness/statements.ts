import type { CompiledQuery, QueryResult } from 'kysely';
import type { Orm } from '../../src/entities/orm.js';
import { sharedReadsOf } from '../../src/entities/statements.js';
import { isEmbedded } from './column.js';

type Client = { executeQuery(query: CompiledQuery): Promise<QueryResult<Record<string, unknown>>> };

/** What a database says of how it would answer: one line for each table, or each step. */
export type Plan = readonly string[];

/**
 * Sees what a process reads outside of transactions, and asks the database how it answers that. What it writes beside a
 * request, such as when somebody came in last, is nothing that the request waits for.
 */
export class Statements {
  readonly #plans = new Map<string, Plan>();
  readonly #execute: Client['executeQuery'];
  #seen: CompiledQuery[] = [];

  constructor(orm: Orm) {
    const client = orm.em.getConnection().getClient() as unknown as Client;
    this.#execute = client.executeQuery.bind(client);
    for (const way of [client, sharedReadsOf(orm.em)]) {
      const execute = way.executeQuery.bind(way);
      way.executeQuery = (query) => {
        if (/^(select|with) /.test(query.sql)) this.#seen.push(query);
        return execute(query);
      };
    }
  }

  /** The statements since the last time, each with its plan. */
  async take(): Promise<{ sql: string; plan: Plan }[]> {
    const seen = this.#seen;
    this.#seen = [];
    const planned = [];
    for (const query of seen) planned.push({ sql: query.sql, plan: await this.#planOf(query) });
    return planned;
  }

  async #planOf({ sql, parameters, ...query }: CompiledQuery): Promise<Plan> {
    const key = JSON.stringify([sql, parameters]);
    const known = this.#plans.get(key);
    if (known) return known;
    const explain = isEmbedded ? 'explain query plan' : 'explain';
    const { rows } = await this.#execute({ ...query, sql: `${explain} ${sql}`, parameters });
    const plan = rows.map(lineOf);
    this.#plans.set(key, plan);
    return plan;
  }
}

/** One row of a plan; of MySQL's columns, those that tell how a table is read. */
function lineOf(row: Record<string, unknown>): string {
  if (isEmbedded) return String(row.detail);
  const { table, type, key, key_len: bytes, rows, Extra } = row;
  return `table=${table} type=${type} key=${key} bytes=${bytes} rows=${rows} extra=${Extra ?? ''}`;
}

/** Tables that may be as large as all that a company has ever done: one company's part of them is too much to be read. */
const LARGE = ['tasks', 'comments', 'history', 'events'];
/** What a company's id alone makes of a key: forty characters, and two bytes that count them. */
const COMPANY_BYTES = 42;
/** As many rows as one project of the tests has, and none of another. */
const OF_PROJECT = 1_000;

/** So few rows are looked up one by one, or sorted, sooner than they are read in order. */
const FEW_ROWS = 100;

/** Whether a step reads a table from one end to the other or, of a large one, more than what has two columns alike. */
export function readsTooMuch(line: string): boolean {
  if (isEmbedded) {
    const [, table = ''] = /^SEARCH (\w+)/.exec(line) ?? [];
    return /^SCAN (?!CONSTANT ROW)/.test(line) || (LARGE.includes(table) && !/\(\w+=\? AND \w+=\?/.test(line));
  }
  const [, table = '', type = '', key, bytes = '', rows] =
    /^table=(\S+) type=(\S+) key=(\S+) bytes=(\S+) rows=(\S+)/.exec(line) ?? [];
  if (type === 'ALL' || type === 'index') return true;
  if (!LARGE.includes(table)) return false;
  // The primary key's range is some rows by their ids, or all of the company's from one of them on.
  if (type === 'range' && key === 'PRIMARY') return Number(rows) > FEW_ROWS;
  const narrow = bytes.split(',').map((each) => Number(each) > COMPANY_BYTES);
  // Of what lies under several indexes at a time, one bounds the rest.
  return /Using intersect/.test(line) ? !narrow.includes(true) : narrow.includes(false);
}

/** Whether a step sorts more than a few rows; SQLite does not say how many it expects. */
export function sortsMuch(line: string): boolean {
  const [, rows = '0'] = /rows=(\d+) extra=.*Using filesort/.exec(line) ?? [];
  // MySQL guesses, and now and then takes another index of the project and sorts what is in it.
  return Number(rows) > OF_PROJECT || /^USE TEMP B-TREE/.test(line);
}

/** Tells the server of the tables' sizes at once; it finds them out by itself a while later. */
export async function analyze(orm: Orm): Promise<void> {
  if (isEmbedded) return;
  const tables = [...new Set([...orm.getMetadata().getAll().values()].map(({ tableName }) => tableName))].filter(
    Boolean,
  );
  await orm.em.getConnection().execute(`analyze table ${tables.map((table) => `\`${table}\``).join(', ')}`);
}
