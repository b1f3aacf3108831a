import type { EntityClass, FilterQuery } from '@mikro-orm/core';
import { notFound } from '../errors.js';
import { type Connection, expectPageSize } from '../schema/connections.js';
import type { GraphContext } from './context.js';

export type Direction = 'ASC' | 'DESC';

export interface PageRequest<T> {
  first: number;
  after?: string | null | undefined;
  /** The column to sort by; the id breaks ties, so that a page's end is one place. */
  orderBy: { field: keyof T & string; direction: Direction };
  where: object;
}

type SortValue = string | number | null;

/** One page by keyset: a cursor names the last row seen, so that inserts before it shift nothing. */
export async function findPage<T extends { id: string }>(
  context: GraphContext,
  type: EntityClass<T>,
  { first, after, orderBy, where }: PageRequest<T>,
): Promise<Connection<T>> {
  const size = expectPageSize(first);
  const bound = `${(context.viewer as { companyId?: string }).companyId}|${type.name}|${orderBy.field}|${orderBy.direction}`;
  const { keyring } = context.parts;
  const conditions = [where];
  if (after) conditions.push(beyond(orderBy, openPosition(keyring.open('page-cursor', bound, after.slice(0, 2_000)))));

  const direction = orderBy.direction.toLowerCase() as 'asc' | 'desc';
  const rows = await context.em.find(type, { $and: conditions } as FilterQuery<T>, {
    orderBy: [{ [orderBy.field]: direction }, { id: direction }] as never,
    limit: size + 1,
  });
  const nodes = rows.slice(0, size);
  const edges = nodes.map((node) => {
    const position = Buffer.from(JSON.stringify([sortValue(node[orderBy.field]), node.id]));
    return { node, cursor: keyring.seal('page-cursor', bound, position) };
  });
  const pageInfo = {
    hasNextPage: rows.length > size,
    hasPreviousPage: Boolean(after),
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
  return { edges, nodes, pageInfo };
}

const sortValue = (value: unknown): SortValue =>
  value instanceof Date ? value.toISOString() : ((value ?? null) as SortValue);

function openPosition(bytes: Buffer | null): [SortValue, string] {
  if (!bytes) throw notFound('cursor');
  const [value, id] = JSON.parse(bytes.toString('utf8')) as [SortValue, string];
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
  return [isTime ? (new Date(value) as never) : value, id];
}

/** What comes after a position. Both database families sort rows without a value before all others. */
function beyond({ field, direction }: PageRequest<never>['orderBy'], [value, id]: [SortValue, string]): object {
  if (field === 'id') return { id: direction === 'ASC' ? { $gt: id } : { $lt: id } };
  if (direction === 'ASC') {
    const tie = { [field]: value, id: { $gt: id } };
    return value === null ? { $or: [{ [field]: { $ne: null } }, tie] } : { $or: [{ [field]: { $gt: value } }, tie] };
  }
  const tie = { [field]: value, id: { $lt: id } };
  return value === null ? tie : { $or: [{ [field]: { $lt: value } }, { [field]: null }, tie] };
}
