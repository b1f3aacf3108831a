import { BigIntType, type EntityClass, type EntityMetadata, type EntityProperty, JsonType } from '@mikro-orm/core';
import { LRUCache } from 'lru-cache';
import type { EntityManager } from './orm.js';
import { isSqlite } from './statements.js';
import { readTime } from './stored-time.js';

/** By property: what the table says, as the program has it. */
export type Values = Record<string, unknown>;

/** How one property is written in the database. */
interface Column {
  /** The property's name, the column's own, and that as a statement has it. */
  readonly name: string;
  readonly field: string;
  readonly sql: string;
  readonly isNullable: boolean;
  read(value: unknown): unknown;
  write(value: unknown): unknown;
  /** What the column is compared with; of what it refers to, that is the id. */
  compare(value: unknown): unknown;
  /** What an entity has there, as a row has it. */
  plain(value: unknown): unknown;
}

/** Columns of a table: how they are asked for, and how what comes is read. */
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
/** The name of what is veiled, in what the database tells. */
const BEHIND = 'behind_the_veil';
const UNVEIL = Symbol('reads what was veiled as well');

/** The row with what was veiled of it: of the rows that are told of. Others have nothing there. */
export const unveiled = <R extends object>(row: R): R => (row as { [UNVEIL]?: () => R })[UNVEIL]?.() ?? row;

/** An index by the name that the database has it under, and its columns in their order. */
interface TableIndex {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Of one table. Clients say what is read, so that there is no end of parts. */
const KNOWN_PARTS = 500;

/** How the rows of one table are read and written. */
export class Table {
  readonly sql: string;
  readonly insert: string;
  readonly order: string;
  readonly isTenants: boolean;
  readonly #whole: Selection;
  readonly #parts = new LRUCache<string, Selection>({ max: KNOWN_PARTS });
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
    this.#whole = wholeOf(this.sql, columns);
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
    const wanted = names.map((name) => this.column(name).field);
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
    const selection = this.#part(names, veil);
    this.#parts.set(key, selection);
    return selection;
  }

  #part(names: readonly string[], veil: Veil): Selection {
    const told = names.map((name) => this.column(name));
    const veiled = veil.names.map((name) => this.column(name));
    if (veiled.length === 0) return { sql: `select ${listed(told)} from ${this.sql}`, read: this.#views(told) };
    // One column for all of them, which of most rows is empty: a text, so that nobody parses it before it is asked for.
    const behind = `case when ${veil.unless} then null else cast(json_array(${listed(veiled)}) as char) end as ${BEHIND}`;
    const whole = this.#views([...told, ...veiled]);
    const unveil = (row: Values) => {
      const text = row[BEHIND] as string | null;
      const values = text === null ? [] : (JSON.parse(text) as unknown[]);
      return whole({ ...row, ...Object.fromEntries(veiled.map(({ field }, i) => [field, values[i] ?? null])) });
    };
    return { sql: `select ${listed(told)}, ${behind} from ${this.sql}`, read: this.#views(told, unveil) };
  }

  /** Reads some columns of a row, each when it is asked for: of most rows of a list few are, and of the hidden ones none. */
  #views(told: readonly Column[], unveil: Selection['read'] | null = null): Selection['read'] {
    class View {
      readonly [RAW]: Values;
      constructor(row: Values) {
        this[RAW] = row;
      }
    }
    const table = this.sql;
    for (const { name, field, read } of this.columns) {
      const get = told.some((column) => column.name === name)
        ? function (this: View) {
            return read(this[RAW][field]);
          }
        : () => {
            throw new Error(`${name} of ${table} was not read.`);
          };
      Object.defineProperty(View.prototype, name, { get });
    }
    if (unveil)
      Object.defineProperty(View.prototype, UNVEIL, {
        value(this: View) {
          return unveil(this[RAW]);
        },
      });
    return (row) => new View(row) as object as Values;
  }
}

/** All of a row at once: it is copied, compared and changed. */
function wholeOf(table: string, columns: readonly Column[]): Selection {
  const readers = columns.map(({ name, field, read }) => [name, field, read] as const);
  return {
    sql: `select ${listed(columns)} from ${table}`,
    read: (row) => {
      const values: Values = {};
      for (const [name, field, read] of readers) values[name] = read(row[field]);
      return values;
    },
  };
}

const listed = (columns: readonly Column[]): string => columns.map(({ sql }) => sql).join(', ');
const quoted = (name: string): string => `\`${name}\``;
const same = (value: unknown): unknown => value ?? null;
/** Some connections read JSON themselves. */
const readJson = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value);
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
    return [
      {
        name,
        field: column,
        sql: quoted(column),
        isNullable: property.nullable === true,
        ...conversion,
        compare,
        plain,
      },
    ];
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
    return { read: readJson, write: JSON.stringify };
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
