import { BigIntType, type EntityClass, type EntityMetadata, type EntityProperty, JsonType } from '@mikro-orm/core';
import type { EntityManager } from './orm.js';
import { isSqlite } from './statements.js';
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

/** Columns that are told of some rows only. */
interface Veil {
  readonly names: readonly string[];
  /** What is true of these rows, in the database's words. */
  readonly unless: string;
}

const RAW = Symbol('what the database has told');
const UNVEIL = Symbol('reads what was veiled as well');

/** The row with what was veiled of it: of the rows that are told of. Others have nothing there. */
export const unveiled = <R extends object>(row: R): R => (row as { [UNVEIL]?: () => R })[UNVEIL]?.() ?? row;

/** An index by the name that the database has it under, and its columns in their order. */
interface TableIndex {
  readonly name: string;
  readonly columns: readonly string[];
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
    readonly indexes: readonly TableIndex[],
    /** The type of texts that are compared letter by letter. */
    readonly bytes: 'binary' | 'text',
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

  /** The index whose columns are these, or begin with them: rows are found and sorted by it. */
  indexAlong(names: readonly string[]): string | null {
    const wanted = names.map((name) => this.column(name).sql.slice(1, -1));
    const found = this.indexes.find(({ columns }) => wanted.every((column, i) => column === columns[i]));
    return found?.name ?? null;
  }

  /** What an entity holds, as a row. */
  plain(entity: Values): Values {
    return Object.fromEntries(this.columns.map(({ name, plain }) => [name, plain(entity[name])]));
  }

  /** All columns, or the named ones; a row that lacks some of its columns throws when one of these is asked for. */
  selection(names?: readonly string[], veil: Veil = { names: [], unless: '' }): Selection {
    if (!names) return this.#whole;
    const key = `${names.join()} ${veil.names.join()} ${veil.unless}`;
    const known = this.#parts.get(key);
    if (known) return known;
    const selection = this.#selectionOf(
      names.map((name) => this.column(name)),
      veil,
    );
    this.#parts.set(key, selection);
    return selection;
  }

  #selectionOf(chosen: readonly Column[], veil?: Veil): Selection {
    const hidden = (veil?.names ?? []).map((name) => this.column(name));
    const told = [
      ...chosen.map(({ sql }) => sql),
      ...hidden.map(({ sql }) => `case when ${veil?.unless} then null else ${sql} end as ${sql}`),
    ];
    const sql = `select ${told.join(', ')} from ${this.sql}`;
    const prototype = this.#prototypeFor(chosen);
    const readers = readersOf(chosen);
    if (hidden.length === 0) return { sql, read: (row) => readInto(Object.create(prototype), readers, row) };
    const whole = [...chosen, ...hidden];
    const [unveiledPrototype, allReaders] = [this.#prototypeFor(whole), readersOf(whole)];
    const veiledPrototype = Object.create(prototype, {
      [UNVEIL]: {
        value(this: { [RAW]: Values }) {
          return readInto(Object.create(unveiledPrototype), allReaders, this[RAW]);
        },
      },
    });
    return {
      sql,
      read: (row) => {
        const values = readInto(Object.create(veiledPrototype), readers, row);
        values[RAW as never] = row;
        return values;
      },
    };
  }

  /** What rows inherit that have these columns. */
  #prototypeFor(chosen: readonly Column[]): object {
    const missing = this.columns.filter((column) => !chosen.includes(column));
    return missing.length === 0 ? Object.prototype : withoutColumns(this.sql, missing);
  }
}

/** Without a way to read it, what a column has is what the database tells. */
type Reader = readonly [name: string, field: string, read: Column['read'] | null];

const readersOf = (columns: readonly Column[]): Reader[] =>
  columns.map(({ name, sql, read }) => [name, sql.slice(1, -1), read === same ? null : read]);

function readInto(values: Values, readers: readonly Reader[], row: Values): Values {
  for (const [name, field, read] of readers) {
    const told = row[field];
    values[name] = read ? read(told) : told;
  }
  return values;
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
  const table = new Table(
    meta.tableName,
    columnsOf(em, Object.values(meta.properties)),
    indexesOf(em, meta),
    isSqlite(em) ? 'text' : 'binary',
  );
  tables.set(meta, table);
  return table;
}

function indexesOf(em: EntityManager, meta: EntityMetadata): TableIndex[] {
  const platform = em.getPlatform();
  const named = (kind: 'index' | 'unique', { name, properties }: { name?: string; properties?: unknown }) => {
    const columns = [properties ?? []].flat().flatMap((property) => {
      const { ownColumns, fieldNames } = meta.properties[property as never] as EntityProperty;
      return ownColumns ?? fieldNames;
    });
    return { name: name ?? platform.getIndexName(meta.tableName, columns, kind), columns };
  };
  return [
    ...meta.uniques.map((each) => named('unique', each as never)),
    ...meta.indexes.map((each) => named('index', each as never)),
  ];
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
