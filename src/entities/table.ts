import { BigIntType, type EntityClass, type EntityProperty, JsonType } from '@mikro-orm/core';
import type { EntityManager } from './orm.js';

/** By property: what the table says, as the program has it. */
export type Values = Record<string, unknown>;

/** How one property is written in the database. */
interface Column {
  readonly name: string;
  readonly sql: string;
  read(value: unknown): unknown;
  write(value: unknown): unknown;
}

/** How the rows of one table are read and written. */
export class Table {
  readonly sql: string;
  readonly select: string;
  readonly insert: string;
  readonly order: string;
  readonly isTenants: boolean;
  readonly #byName: ReadonlyMap<string, Column>;

  constructor(
    name: string,
    readonly columns: readonly Column[],
  ) {
    this.sql = quoted(name);
    const all = columns.map(({ sql }) => sql).join(', ');
    this.select = `select ${all} from ${this.sql}`;
    this.insert = `insert into ${this.sql} (${all})`;
    this.#byName = new Map(columns.map((column) => [column.name, column]));
    this.order = this.#byName.has('id') ? ' order by id' : '';
    this.isTenants = this.#byName.has('companyId');
  }

  column(name: string): Column {
    const column = this.#byName.get(name);
    if (!column) throw new Error(`${this.sql} has no column for ${name}.`);
    return column;
  }

  read(row: Values): Values {
    const values: Values = {};
    for (const { name, sql, read } of this.columns) values[name] = read(row[sql.slice(1, -1)]);
    return values;
  }
}

const quoted = (name: string): string => `\`${name}\``;
const same = (value: unknown): unknown => value ?? null;

const tables = new WeakMap<object, Table>();

/** The table of an entity, worked out once from what the ORM knows of it. */
export function tableOf(em: EntityManager, type: EntityClass<object>): Table {
  const meta = em.getMetadata().get(type);
  const known = tables.get(meta);
  if (known) return known;
  const table = new Table(meta.tableName, columnsOf(em, Object.values(meta.properties)));
  tables.set(meta, table);
  return table;
}

function columnsOf(em: EntityManager, properties: readonly EntityProperty[]): Column[] {
  const platform = em.getPlatform();
  return properties.flatMap((property) => {
    const { name, ownColumns, fieldNames } = property;
    // The company stands in a column of its own, of which the relations inside it are no part.
    const [column] = ownColumns ?? fieldNames;
    return column ? [{ name, sql: quoted(column), ...conversionOf(property, platform) }] : [];
  });
}

function conversionOf({ targetMeta, customType, runtimeType }: EntityProperty, platform: Platform): Conversion {
  if (targetMeta) {
    return {
      read: (id) => (id === null ? null : { id }),
      write: (reference) => (reference as { id: string } | null | undefined)?.id ?? null,
    };
  }
  if (customType instanceof BigIntType) return { read: Number, write: same };
  if (customType instanceof JsonType) {
    return { read: (value) => (typeof value === 'string' ? JSON.parse(value) : value), write: JSON.stringify };
  }
  if (customType) {
    return {
      read: (value) => customType.convertToJSValue(value, platform),
      write: (value) => same(customType.convertToDatabaseValue(value, platform)),
    };
  }
  if (runtimeType === 'boolean') return { read: Boolean, write: Number };
  if (runtimeType !== 'Date') return { read: same, write: same };
  return {
    read: (time) => (time === null ? null : new Date(typeof time === 'string' ? `${time}Z` : (time as number))),
    write: (time) => same(platform.processDateProperty(time)),
  };
}

type Platform = ReturnType<EntityManager['getPlatform']>;
type Conversion = Pick<Column, 'read' | 'write'>;
