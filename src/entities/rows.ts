import type { EntityClass, Primary, Ref } from '@mikro-orm/core';
import type { EntityManager, Orm } from './orm.js';
import { filterSql, marks, type RowFilter } from './row-filter.js';
import { expectLockedByNobodyElse, isShared, lockTogether, NotSharedError } from './shared-locks.js';
import { isSqlite, run, runShared, type Statement } from './statements.js';
import { tableOf, type Values } from './table.js';
import type { TenantEntity } from './tenant.js';

/**
 * A row of an entity's table as plain values; of what it refers to, the id. It costs a tenth of an entity, for nothing
 * watches it: whoever changes one says so, see `updates`. An entity can stand where a row is asked for.
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
  const parameters = conditions.flatMap(([, wanted]) => wanted ?? []);
  const isById = conditions.every(([name]) => name === 'id') && parameters.length > 0;
  if (isById && lock === 'FOR UPDATE' && isShared(em))
    return (await lockTogether(em, table, companyOf(source), parameters)) as Row<T>[];
  const words = conditions.map(([name, wanted]) => {
    const { sql } = table.column(name);
    if (wanted === null) return `${sql} is null`;
    return typeof wanted === 'string' ? `${sql} = ?` : `${sql} in (${marks(wanted.length)})`;
  });
  return selectRows(source, type, `${words.join(' and ')}${table.order}`, parameters, { lock });
}

/** How rows are read, and not which. */
interface Reading extends Options {
  /** The columns that are read, all unless given; whoever asks a row for another one gets an error. */
  readonly columns?: readonly string[] | undefined;
  /**
   * The columns, after the company, of an index that finds the rows in their order. Then the database does not ask the
   * others how many rows they would find, which costs it as much as to read dozens.
   */
  readonly along?: readonly string[] | undefined;
  /** Columns that matter of some rows only, and of which rows they do not; see `unveiled`. */
  readonly veil?: { readonly columns: readonly string[]; readonly unless: RowFilter } | undefined;
}

export interface ListOptions<T> extends Reading {
  /** By these in turn; by id unless given. */
  readonly orderBy?: readonly (readonly [column: keyof Row<T> & string, direction: 'ASC' | 'DESC'])[];
  readonly limit?: number;
}

/** Reads the rows that a filter lets through. */
export async function listRows<T extends object>(
  source: RowSource,
  type: Type<T>,
  filter: RowFilter,
  { orderBy, limit, ...reading }: ListOptions<T> = {},
): Promise<Row<T>[]> {
  if (filter === false) return [];
  const em = managerOf(source);
  const table = tableOf(em, type);
  const { text, parameters } = filterSql(table, filter);
  const order = orderBy
    ? ` order by ${orderBy.map(([name, direction]) => `${table.column(name).sql} ${direction}`).join(', ')}`
    : table.order;
  const rest = `${text}${order}${limit === undefined ? '' : ' limit ?'}`;
  return selectRows(source, type, rest, limit === undefined ? parameters : [...parameters, limit], reading);
}

/** How many rows a filter lets through. */
export async function countRows<T extends object>(
  source: RowSource,
  type: Type<T>,
  filter: RowFilter,
): Promise<number> {
  const [all] = await countRowsBy(source, type, [], filter);
  return all?.number ?? 0;
}

/** The same for each combination of what stands in these columns, as the database has it. */
export async function countRowsBy<T extends object>(
  source: RowSource,
  type: Type<T>,
  columns: readonly (keyof Row<T> & string)[],
  filter: RowFilter,
): Promise<{ values: unknown[]; number: number }[]> {
  if (filter === false) return [];
  const em = managerOf(source);
  const table = tableOf(em, type);
  const { text, parameters } = filterSql(table, filter);
  const by = columns.map((name) => table.column(name).sql);
  const sql = `select ${[...by, 'count(*) as number'].join(', ')} from ${table.sql} where ${table.isTenants ? 'company_id = ? and ' : ''}${text}${by.length > 0 ? ` group by ${by.join(', ')}` : ''}`;
  const { rows } = await runShared(em, sql, table.isTenants ? [companyOf(source), ...parameters] : parameters);
  return rows.map(({ number, ...values }) => ({ values: Object.values(values), number: Number(number) }));
}

/** Reads the rows of which `condition` is true; it is the rest of the statement, in the database's own words. */
export async function selectRows<T extends object>(
  source: RowSource,
  type: Type<T>,
  condition: string,
  parameters: readonly unknown[],
  { columns, along, veil, lock }: Reading = {},
): Promise<Row<T>[]> {
  const em = managerOf(source);
  const table = tableOf(em, type);
  const veiling = veil && filterSql(table, veil.unless);
  const { sql, read } = table.selection(columns, veil && { names: veil.columns, unless: veiling?.text ?? '' });
  const index = along && !isSqlite(em) ? table.indexAlong(['companyId', ...along]) : null;
  const hint = index === null ? '' : ` force index (${index})`;
  const where = `${table.isTenants ? 'company_id = ? and ' : ''}${condition}${lockSql(em, lock)}`;
  // Of some columns there are views, which nobody changes.
  const found = await (columns && !lock ? runShared : run)(em, `${sql}${hint} where ${where}`, [
    ...(veiling?.parameters ?? []),
    ...(table.isTenants ? [companyOf(source)] : []),
    ...parameters,
  ]);
  const rows = found.rows.map((row) => read(row) as Row<T>);
  if (lock) expectLockedByNobodyElse(em, table.sql, idsOf(rows));
  return rows;
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

/** A value that the database works out when the row is written. */
export class Computed {
  constructor(
    readonly sql: string,
    readonly parameters: readonly unknown[],
  ) {}
}
type New<T> = { readonly [K in keyof Row<T>]: Row<T>[K] | Computed };

/** How new rows are written: all of them in one statement. */
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

/** What an entity holds, as a row. */
export const rowOf = <T extends object>(em: EntityManager, entity: T): Row<T> =>
  tableOf(em, entity.constructor as Type<T>).plain(entity as Values) as Row<T>;

/** A reference to a row, for an entity that is to point to it. */
export const referenceTo = <T extends Tenant>(em: EntityManager, type: Type<T>, { id }: { id: string }): T =>
  em.getReference(type, [companyOf(em), id] as unknown as Primary<T>) as T;

const managerOf = (source: RowSource): EntityManager => ('orm' in source ? source.orm.em : source);

const idsOf = (rows: readonly object[]): string[] => rows.flatMap((row) => (row as { id?: string }).id ?? []);

/** SQLite has no rows to lock: it lets one write at a time. */
function lockSql(em: EntityManager, lock: RowLock | undefined): string {
  if (!lock || isSqlite(em)) return '';
  if (!isShared(em)) return ` ${lock}`;
  // The two families have no words in common for the other one.
  if (lock !== 'FOR UPDATE') throw new NotSharedError(`${lock} would be waited for.`);
  return ` ${lock} NOWAIT`;
}

function companyOf(source: RowSource): string {
  const { companyId } = 'orm' in source ? source : ((source.getFilterParams('tenant') ?? {}) as { companyId?: string });
  if (!companyId) throw new Error('Rows of a company are asked for, and no company was bound.');
  return companyId;
}
