import type { EntityClass } from '@mikro-orm/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { Keyring } from '../crypto.js';
import { all, any, type RowFilter } from '../entities/row-filter.js';
import { listRows, type Row, type RowSource } from '../entities/rows.js';
import { notFound } from '../errors.js';
import { type Connection, type Edge, expectPage, type PageArgs, type PageInfo } from '../schema/connections.js';
import { COMPANY } from './basis.js';
import type { GraphContext } from './context.js';
import { requestedColumns } from './requested-columns.js';
import type { RowSight } from './row-sight.js';

export type Direction = 'ASC' | 'DESC';

export interface PageRequest<T> {
  page: PageArgs;
  /** Whose events tell of all changes of the rows; null where none do, and the answer is of this moment only. */
  route: string | null;
  /** The column to sort by; the id breaks ties, so that a page's end is one place. */
  orderBy: { field: keyof Row<T> & string; direction: Direction };
  /** The column in which no two of the rows are alike. Sorted by it they have no ties, and MariaDB would sort them for the id. */
  unique?: keyof Row<T> & string;
  filter: RowFilter;
  /** Which of the rows the viewer sees; all of them unless given. */
  sight?: RowSight<Row<T>> | undefined;
  /** What is asked of the rows, all unless given. */
  columns?: readonly string[] | undefined;
}

/** After so many readings of rows that turned out to be hidden, the database is asked for the others only. */
const MOST_LOOKS = 2;
/** So many more are read than are wanted, in case that some are hidden: a second reading costs more. */
const SPARE = 0.25;

/** One page by keyset: a cursor names the last row seen, so that inserts before it shift nothing. */
export async function findPage<T extends { id: string }>(
  context: GraphContext,
  type: EntityClass<T>,
  request: PageRequest<T>,
): Promise<Connection<Row<T>>> {
  const { orderBy, sight, filter } = request;
  const { size, isBackward, cursor } = expectPage(request.page);
  const sealing: Sealing = {
    keyring: context.keyring,
    bound: `${companyOf(context)}|${type.name}|${orderBy.field}|${orderBy.direction}`,
    field: orderBy.field,
  };
  const direction = (orderBy.direction === 'ASC') === isBackward ? 'DESC' : 'ASC';
  const reader: Reader<T> = {
    source: request.route === null ? context.em : context.rowsOf(request.route),
    type,
    field: orderBy.field,
    isUnique: orderBy.field === 'id' || orderBy.field === request.unique,
    along: scopeOf(filter),
    direction,
    ...columnsFor(request),
  };
  const start = cursor === null ? null : openPosition(sealing, cursor);
  const found = await readSeen(reader, filter, sight, start, size + 1);
  const rows = found.slice(0, size);
  if (isBackward) rows.reverse();
  const hasMore = found.length > size;
  return new Page(rows, isBackward ? [cursor !== null, hasMore] : [hasMore, cursor !== null], sealing);
}

/** A page of one kind of the company's rows, the newest first. */
export const newestFirst = <T extends { id: string; createdAt: Date }>(
  context: GraphContext,
  type: EntityClass<T>,
  page: PageArgs,
  /** Null reads all columns. */
  info: GraphQLResolveInfo | null,
  { filter = true, route = COMPANY }: Partial<Pick<PageRequest<T>, 'filter' | 'route'>> = {},
): Promise<Connection<Row<T>>> =>
  findPage(context, type, {
    page,
    route,
    filter,
    orderBy: { field: 'createdAt' as keyof Row<T> & string, direction: 'DESC' },
    columns: info ? requestedColumns(info) : undefined,
  });

const companyOf = ({ viewer }: GraphContext) => ('companyId' in viewer ? viewer.companyId : null);

/** What is read of the rows, and what of it can stay behind the veil; everything, where it is not said what is asked of them. */
function columnsFor<T>({ columns, sight, orderBy }: PageRequest<T>): Pick<Reader<T>, 'columns' | 'veiled'> {
  if (!columns) return { columns, veiled: [] };
  const told = new Set([...columns, ...(sight?.columns ?? []), 'id', orderBy.field]);
  return { columns: [...told].sort(), veiled: sight?.veil.columns.filter((name) => !told.has(name)) ?? [] };
}

interface Reader<T> {
  source: RowSource;
  type: EntityClass<T>;
  field: keyof Row<T> & string;
  isUnique: boolean;
  direction: Direction;
  columns: readonly string[] | undefined;
  veiled: readonly string[];
  /** The columns that the filter compares with one value, where it says nothing else. */
  along: readonly string[] | null;
}

/** Where nothing else is asked of the rows, the index of their order is the best, and the database need not look for a better. */
function scopeOf(filter: RowFilter): string[] | null {
  if (filter === true) return [];
  return typeof filter === 'object' && 'column' in filter && filter.is === '=' ? [filter.column] : null;
}

/** The first `wanted` rows after a position that the viewer sees. */
async function readSeen<T extends { id: string }>(
  reader: Reader<T>,
  filter: RowFilter,
  sight: RowSight<Row<T>> | undefined,
  start: Position | null,
  wanted: number,
): Promise<Row<T>[]> {
  const { source, type, field, isUnique, direction, columns, veiled, along } = reader;
  const byField = [field, direction] as const;
  const orderBy = isUnique ? [byField] : [byField, ['id', direction] as const];
  const seen: Row<T>[] = [];
  let position = start;
  for (let looks = 1; ; looks += 1) {
    const isExact = looks > MOST_LOOKS || !sight?.sees;
    const visible = isExact ? (sight?.exactly() ?? true) : sight.filter;
    const missing = wanted - seen.length;
    const limit = isExact ? missing : missing + Math.ceil(missing * SPARE);
    const rows = (await listRows(
      source,
      type as EntityClass<T & object>,
      all(filter, visible, beyond(reader, position)),
      {
        orderBy: orderBy as never,
        limit,
        columns,
        along: along ? [...along, ...orderBy.map(([name]) => name)] : undefined,
        veil: isExact || veiled.length === 0 ? undefined : { columns: veiled, unless: sight.veil.unless },
      },
    )) as Row<T>[];
    for (const row of rows) {
      if (isExact || sight.sees(row)) seen.push(row);
      if (seen.length === wanted) return seen;
    }
    const last = rows.at(-1);
    if (!last || rows.length < limit) return seen;
    position = positionOf(last, field);
  }
}

type SortValue = string | number | Date | null;
type Position = readonly [SortValue, string];

/** What comes after a position. Both database families sort rows without a value before all others. */
function beyond<T>({ field: column, isUnique, direction }: Reader<T>, position: Position | null): RowFilter {
  if (!position) return true;
  const [value, id] = position;
  const [is, orSame] = direction === 'ASC' ? (['>', '>='] as const) : (['<', '<='] as const);
  if (isUnique) return { column, is, value };
  const later: RowFilter = { column: 'id', is, value: id };
  const absent: RowFilter = { column, is: 'absent' };
  if (value === null) return direction === 'ASC' ? any({ not: absent }, later) : all(absent, later);
  // One range of the index, then the ties.
  const after = all({ column, is: orSame, value }, any({ column, is, value }, later));
  return direction === 'ASC' ? after : any(absent, after);
}

const positionOf = (row: { id: string }, field: string): Position => [
  ((row as Record<string, unknown>)[field] ?? null) as SortValue,
  row.id,
];

interface Sealing {
  keyring: Keyring;
  bound: string;
  field: string;
}

const PURPOSE = 'page-cursor';

/** A page that was read. Its cursors are sealed when somebody asks for them. */
class Page<R extends { id: string }> implements Connection<R> {
  constructor(
    readonly nodes: R[],
    readonly more: readonly [after: boolean, before: boolean],
    readonly sealing: Sealing,
  ) {}

  get edges(): Edge<R>[] {
    return this.nodes.map((node) => ({ node, cursor: this.#cursorOf(node) }));
  }

  get pageInfo(): PageInfo {
    const [first, last] = [this.nodes[0], this.nodes.at(-1)];
    return {
      hasNextPage: this.more[0],
      hasPreviousPage: this.more[1],
      startCursor: first ? this.#cursorOf(first) : null,
      endCursor: last ? this.#cursorOf(last) : null,
    };
  }

  #cursorOf(row: R): string {
    const { keyring, bound, field } = this.sealing;
    const [value, id] = positionOf(row, field);
    return keyring.seal(PURPOSE, bound, Buffer.from(JSON.stringify([value, id, value instanceof Date])));
  }
}

/** Throws NOT_FOUND for a cursor of another list, or of another company. */
function openPosition({ keyring, bound }: Sealing, cursor: string): Position {
  const bytes = keyring.open(PURPOSE, bound, cursor.slice(0, 2_000));
  if (!bytes) throw notFound('cursor');
  const [value, id, isTime] = JSON.parse(bytes.toString('utf8')) as [string | number | null, string, boolean];
  return [isTime ? new Date(value as string) : value, id];
}
