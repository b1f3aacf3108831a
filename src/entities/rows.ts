import type { EntityClass, Primary, Ref } from '@mikro-orm/core';
import { SqliteDriver } from '@mikro-orm/sql';
import { CompiledQuery, type QueryResult } from 'kysely';
import { batchOf, Gathering } from './batched-connection.js';
import type { EntityManager, Orm } from './orm.js';
import { filterSql, marks, type RowFilter } from './row-filter.js';
import { tableOf, type Values } from './table.js';
import type { TenantEntity } from './tenant.js';

/**
 * A row of an entity's table as plain values; of what it refers to, the id. It costs a tenth of an entity, for nothing
 * watches it: whoever changes one says so with `updateRows`. An entity can stand where a row is asked for.
 */
export type Row<T> = { [K in keyof T as K extends symbol ? never : K]: Flat<T[K]> };
type Flat<V> = V extends Ref<object> ? { readonly id: string } : V;

type Tenant = TenantEntity & { id: string };
type Type<T> = EntityClass<T & object>;
type Wanted = string | readonly string[] | null;
type Where<T> = { readonly [K in keyof Row<T>]?: Wanted };

/** Where rows are read: an EntityManager that is bound to a company, or the database in the name of one. */
export type RowSource = EntityManager | { readonly orm: Orm; readonly companyId?: string | undefined };

/** Held by one alone, or by many who only need that nobody changes it. */
export type RowLock = 'FOR UPDATE' | 'LOCK IN SHARE MODE';

interface Options {
  /** Holds the rows until the transaction ends, taken in the order of their ids. */
  lock?: RowLock | undefined;
}

/** Reads rows, in the order of their ids; a company's only of the one that the source is bound to. */
export async function findRows<T extends object>(
  source: RowSource,
  type: Type<T>,
  where: Where<T>,
  { lock }: Options = {},
): Promise<Row<T>[]> {
  const em = managerOf(source);
  const table = tableOf(em, type);
  const conditions = Object.entries(where as Record<string, Wanted>);
  if (conditions.some(([, wanted]) => wanted?.length === 0)) return [];
  const words = conditions.map(([name, wanted]) => {
    const { sql } = table.column(name);
    if (wanted === null) return `${sql} is null`;
    return typeof wanted === 'string' ? `${sql} = ?` : `${sql} in (${marks(wanted.length)})`;
  });
  const parameters = conditions.flatMap(([, wanted]) => wanted ?? []);
  return selectRows(source, type, `${words.join(' and ')}${table.order}${lockSql(em, lock)}`, parameters);
}

export interface ListOptions<T> {
  /** By these in turn; by id unless given. */
  readonly orderBy?: readonly (readonly [column: keyof Row<T> & string, direction: 'ASC' | 'DESC'])[];
  readonly limit?: number;
  /** The columns that are read, all unless given; whoever asks a row for another one gets an error. */
  readonly columns?: readonly string[] | undefined;
  readonly lock?: RowLock | undefined;
}

/** Reads the rows that a filter lets through. */
export async function listRows<T extends object>(
  source: RowSource,
  type: Type<T>,
  filter: RowFilter,
  { orderBy, limit, columns, lock }: ListOptions<T> = {},
): Promise<Row<T>[]> {
  if (filter === false) return [];
  const em = managerOf(source);
  const table = tableOf(em, type);
  const { text, parameters } = filterSql(table, filter);
  const order = orderBy
    ? ` order by ${orderBy.map(([name, direction]) => `${table.column(name).sql} ${direction}`).join(', ')}`
    : table.order;
  const rest = `${text}${order}${limit === undefined ? '' : ' limit ?'}${lockSql(em, lock)}`;
  return selectRows(source, type, rest, limit === undefined ? parameters : [...parameters, limit], columns);
}

/** Reads the rows of which `condition` is true; it is the rest of the statement, in the database's own words. */
export async function selectRows<T extends object>(
  source: RowSource,
  type: Type<T>,
  condition: string,
  parameters: readonly unknown[],
  columns?: readonly string[],
): Promise<Row<T>[]> {
  const em = managerOf(source);
  const table = tableOf(em, type);
  const { sql, read } = table.selection(columns);
  const key = table.isTenants ? [companyOf(source)] : [];
  const { rows } = await run(em, `${sql} where ${table.isTenants ? 'company_id = ? and ' : ''}${condition}`, [
    ...key,
    ...parameters,
  ]);
  return rows.map((row) => read(row) as Row<T>);
}

/** The row of that id, or null. */
export async function findRow<T extends { id: string }>(
  source: RowSource,
  type: Type<T>,
  id: string,
  options: Options = {},
): Promise<Row<T> | null> {
  const [row] = await findRows<T>(source, type, { id } as Where<T>, options);
  return row ?? null;
}

/** A statement, and what stands in the place of its question marks. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** A value that the database works out when the row is written. */
export class Computed {
  constructor(
    readonly sql: string,
    readonly parameters: readonly unknown[],
  ) {}
}
type New<T> = { readonly [K in keyof Row<T>]: Row<T>[K] | Computed };

/** Writes new rows, all of them in one statement. */
export function insertion<T extends object>(em: EntityManager, type: Type<T>, rows: readonly New<T>[]): Statement {
  const table = tableOf(em, type);
  const parameters: unknown[] = [];
  const values = rows.map((row) => {
    const ofRow = table.columns.map((column) => {
      const value = (row as Values)[column.name];
      if (value instanceof Computed) {
        parameters.push(...value.parameters);
        return value.sql;
      }
      parameters.push(column.write(value));
      return '?';
    });
    return `(${ofRow.join(', ')})`;
  });
  return { text: `${table.insert} values ${values.join(', ')}`, parameters };
}

/** Writes new rows. */
export async function insertRows<T extends object>(
  em: EntityManager,
  type: Type<T>,
  rows: readonly New<T>[],
): Promise<void> {
  const { text, parameters } = insertion(em, type, rows);
  await run(em, text, parameters);
}

/** One row as it was read, and as it is to be. */
export type RowChange<T> = readonly [before: Row<T>, after: Row<T>];

/** Writes what differs between the two, for rows that this transaction holds. One statement for all that differ in the same columns. */
export function updates<T extends Tenant>(
  em: EntityManager,
  type: Type<T>,
  changes: readonly RowChange<T>[],
): Statement[] {
  const table = tableOf(em, type);
  const alike = Map.groupBy(changes, ([before, after]) =>
    table.columns
      .filter(({ name }) => (before as Values)[name] !== (after as Values)[name])
      .map(({ name }) => name)
      .join(),
  );
  alike.delete('');
  return [...alike].map(([names, group]) => {
    const rows = group.map(([, after]) => after as Values & { id: string });
    const parameters: unknown[] = [];
    const sets = names.split(',').map((name) => {
      const column = table.column(name);
      const values = rows.map((row) => column.write(row[name]));
      if (values.every((value) => value === values[0])) {
        parameters.push(values[0]);
        return `${column.sql} = ?`;
      }
      parameters.push(...rows.flatMap(({ id }, i) => [id, values[i]]));
      return `${column.sql} = case id${' when ? then ?'.repeat(rows.length)} end`;
    });
    parameters.push(companyOf(em), ...rows.map(({ id }) => id));
    const where = `company_id = ? and id in (${marks(rows.length)})`;
    return { text: `update ${table.sql} set ${sets.join(', ')} where ${where}`, parameters };
  });
}

/** What an entity holds, as a row. */
export const rowOf = <T extends object>(em: EntityManager, entity: T): Row<T> =>
  tableOf(em, entity.constructor as Type<T>).plain(entity as Values) as Row<T>;

/** A reference to a row, for an entity that is to point to it. */
export const referenceTo = <T extends Tenant>(em: EntityManager, type: Type<T>, { id }: { id: string }): T =>
  em.getReference(type, [companyOf(em), id] as unknown as Primary<T>) as T;

/**
 * Runs a statement in the transaction that is open, or without one; in a transaction it goes to the database together
 * with those that are issued in the same turn. Throws what the ORM would throw.
 */
export function run(em: EntityManager, text: string, parameters: readonly unknown[]): Promise<QueryResult<Values>> {
  const transaction = em.getTransactionContext<Client>();
  const client = transaction && canBatch(em) ? gatheringOf(transaction) : clientOf(em);
  return ask(em, client, CompiledQuery.raw(text, [...parameters]));
}

/**
 * Runs the last statements of the transaction that is open, and commits it: in one trip where the database can. When one
 * fails the rest is not run.
 */
export async function runAndCommit(
  em: EntityManager,
  statements: readonly Statement[],
): Promise<QueryResult<Values>[]> {
  const results = await (canBatch(em)
    ? runBatch(em, [...statements, { text: 'commit', parameters: [] }])
    : runAll(em, statements));
  await em.commit();
  return results;
}

/** Runs statements one after the other, in one trip where the database can. When one fails the rest is not run. */
export async function runAll(em: EntityManager, statements: readonly Statement[]): Promise<QueryResult<Values>[]> {
  if (canBatch(em)) return runBatch(em, statements);
  const results: QueryResult<Values>[] = [];
  for (const { text, parameters } of statements) results.push(await run(em, text, parameters));
  return results;
}

/** One text, whatever else is issued meanwhile. */
async function runBatch(em: EntityManager, statements: readonly Statement[]): Promise<QueryResult<Values>[]> {
  if (statements.length === 0) return [];
  const queries = statements.map(({ text, parameters }) => CompiledQuery.raw(text, [...parameters]));
  const { rows } = await ask(em, clientOf(em), batchOf(queries));
  return rows as unknown as QueryResult<Values>[];
}

/** See `BatchedConnection`. SQLite is no trip away. */
const canBatch = (em: EntityManager): boolean => !(em.getDriver() instanceof SqliteDriver);

type Client = { executeQuery(query: CompiledQuery): Promise<QueryResult<Values>> };

const clientOf = (em: EntityManager): Client =>
  em.getTransactionContext<Client>() ?? (em.getConnection().getClient() as Client);

const gatherings = new WeakMap<Client, Gathering<Values>>();

function gatheringOf(transaction: Client): Gathering<Values> {
  const known = gatherings.get(transaction) ?? new Gathering(transaction);
  gatherings.set(transaction, known);
  return known;
}

async function ask(em: EntityManager, client: Client, query: CompiledQuery): Promise<QueryResult<Values>> {
  try {
    return await client.executeQuery(query);
  } catch (error) {
    throw em.getDriver().convertException(error as Error);
  }
}

const managerOf = (source: RowSource): EntityManager => ('orm' in source ? source.orm.em : source);

/** SQLite has no rows to lock: it lets one write at a time. */
const lockSql = (em: EntityManager, lock: RowLock | undefined): string =>
  lock && !(em.getDriver() instanceof SqliteDriver) ? ` ${lock}` : '';

function companyOf(source: RowSource): string {
  const { companyId } = 'orm' in source ? source : ((source.getFilterParams('tenant') ?? {}) as { companyId?: string });
  if (!companyId) throw new Error('Rows of a company are asked for, and no company was bound.');
  return companyId;
}
