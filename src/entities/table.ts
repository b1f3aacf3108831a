import { BigIntType, type EntityClass, type EntityProperty, JsonType } from '@mikro-orm/core';
import type { EntityManager } from './orm.js';
import { readTime } from './stored-time.js';

/** By property: what the table says, as the program has it. */
export type Values = Record<string, unknown>;

/** How one property is written in the database. */
interface Column {
  readonly name: string;
  readonly sql: string;
  readonly isNullable: boolean;
  read(value: unknown): unknown;
  write(value: unknown): unknown;
  /** What the column is compared with; of what it refers to, that is the id. */
  compare(value: unknown): unknown;
  /** What an entity has there, as a row has it. */
  plain(value: unknown): unknown;
}

/** Some of a table's columns: how they are asked for, and how what comes is read. */
interface Selection {
  readonly sql: string;
  read(row: Values): Values;
}

/** How the rows of one table are read and written. */
export class Table {
  readonly sql: string;
  readonly insert: string;
  readonly order: string;
  readonly isTenants: boolean;
  readonly #whole: Selection;
  readonly #parts = new Map<string, Selection>();
  readonly #byName: ReadonlyMap<string, Column>;

  constructor(
    name: string,
    readonly columns: readonly Column[],
  ) {
    this.sql = quoted(name);
    this.insert = `insert into ${this.sql} (${listed(columns)})`;
    this.#whole = this.#selectionOf(columns);
    this.#byName = new Map(columns.map((column) => [column.name, column]));
    this.order = this.#byName.has('id') ? ' order by id' : '';
    this.isTenants = this.#byName.has('companyId');
  }

  column(name: string): Column {
    const column = this.#byName.get(name);
    if (!column) throw new Error(`${this.sql} has no column for ${name}.`);
    return column;
  }

  /** What an entity holds, as a row. */
  plain(entity: Values): Values {
    return Object.fromEntries(this.columns.map(({ name, plain }) => [name, plain(entity[name])]));
  }

  /** All columns, or the named ones; a row that lacks some of its columns throws when one of these is asked for. */
  selection(names?: readonly string[]): Selection {
    if (!names) return this.#whole;
    const key = names.join();
    const known = this.#parts.get(key);
    if (known) return known;
    const selection = this.#selectionOf(names.map((name) => this.column(name)));
    this.#parts.set(key, selection);
    return selection;
  }

  #selectionOf(chosen: readonly Column[]): Selection {
    const readers = chosen.map(({ name, sql, read }) => ({ name, field: sql.slice(1, -1), read }));
    const missing = this.columns.filter((column) => !chosen.includes(column));
    const prototype = missing.length === 0 ? Object.prototype : withoutColumns(this.sql, missing);
    return {
      sql: `select ${listed(chosen)} from ${this.sql}`,
      read: (row) => {
        const values: Values = Object.create(prototype);
        for (const { name, field, read } of readers) values[name] = read(row[field]);
        return values;
      },
    };
  }
}

/** What rows inherit that were read without some columns: a fault of the program is not mistaken for an absent value. */
function withoutColumns(table: string, missing: readonly Column[]): object {
  const get = ({ name }: Column) => ({
    get: () => {
      throw new Error(`${name} of ${table} was not read.`);
    },
  });
  return Object.defineProperties({}, Object.fromEntries(missing.map((column) => [column.name, get(column)])));
}

const listed = (columns: readonly Column[]): string => columns.map(({ sql }) => sql).join(', ');
const quoted = (name: string): string => `\`${name}\``;
const same = (value: unknown): unknown => value ?? null;
const toReference = (value: unknown): unknown => (value ? { id: (value as { id: string }).id } : null);

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
    if (!column) return [];
    const conversion = conversionOf(property, platform);
    const compare = property.targetMeta ? same : conversion.write;
    const plain = property.targetMeta ? toReference : same;
    return [{ name, sql: quoted(column), isNullable: property.nullable === true, ...conversion, compare, plain }];
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
    read: (time) => (typeof time === 'string' ? readTime(time) : time === null ? null : new Date(time as number)),
    write: (time) => same(platform.processDateProperty(time)),
  };
}

type Platform = ReturnType<EntityManager['getPlatform']>;
type Conversion = Pick<Column, 'read' | 'write'>;
