import type { Table } from './table.js';

/**
 * A condition on the rows of one table, as data: policies and clients' filters say it, `filterSql` writes it. A
 * comparison with a column that has no value is false, not unknown, so that `not` means what it says.
 */
export type RowFilter =
  | boolean
  | Comparison
  | { readonly all: readonly RowFilter[] }
  | { readonly any: readonly RowFilter[] }
  | { readonly not: RowFilter };

type Comparison =
  | { readonly column: string; readonly is: '=' | '<' | '<=' | '>' | '>=' | 'like'; readonly value: unknown }
  | { readonly column: string; readonly is: 'in'; readonly value: readonly unknown[] }
  /** One of these texts, letter by letter; `in` forgives case and accents where the database does. */
  | { readonly column: string; readonly is: 'exactly'; readonly value: readonly string[] }
  | { readonly column: string; readonly is: 'absent' };

/** All of the parts; without any, every row. What is known beforehand is left out. */
export function all(...parts: readonly RowFilter[]): RowFilter {
  const open = parts.filter((part) => part !== true);
  if (open.includes(false)) return false;
  return open.length === 1 ? (open[0] as RowFilter) : open.length === 0 || { all: open };
}

/** At least one of the parts; without any, no row. */
export function any(...parts: readonly RowFilter[]): RowFilter {
  if (parts.includes(true)) return true;
  const possible = parts.filter((part) => part !== false);
  // Rules often come to the same.
  const open =
    possible.length > 1 ? [...new Map(possible.map((part) => [JSON.stringify(part), part])).values()] : possible;
  return open.length === 1 ? (open[0] as RowFilter) : open.length > 0 && { any: open };
}

export const not = (part: RowFilter): RowFilter => (typeof part === 'boolean' ? !part : { not: part });

export const oneOf = (column: string, values: readonly unknown[]): RowFilter =>
  values.length > 0 &&
  (values.length === 1 ? { column, is: '=', value: values[0] } : { column, is: 'in', value: values });

/** The filter in the database's words, and the values in the order of its marks. */
export function filterSql(table: Table, filter: RowFilter): { text: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  return { text: write(table, filter, parameters, false), parameters };
}

function write(table: Table, filter: RowFilter, parameters: unknown[], isNegated: boolean): string {
  if (typeof filter === 'boolean') return filter ? '1 = 1' : '1 = 0';
  const joined = (parts: readonly RowFilter[], word: string) =>
    `(${parts.map((part) => write(table, part, parameters, isNegated)).join(word)})`;
  if ('all' in filter) return joined(filter.all, ' and ');
  if ('any' in filter) {
    const possible = filter.any.filter((part) => !isNever(table, part));
    return possible.length > 0 ? joined(possible, ' or ') : '1 = 0';
  }
  if ('not' in filter) return `not ${write(table, filter.not, parameters, true)}`;
  const { sql, isNullable, compare } = table.column(filter.column);
  if (filter.is === 'absent') return `${sql} is null`;
  const values = Array.isArray(filter.value) ? filter.value : [filter.value];
  const among = `in (${marks(values.length)})`;
  parameters.push(...values.map(compare));
  let text = Array.isArray(filter.value) ? `${sql} ${among}` : `${sql} ${filter.is} ?`;
  if (filter.is === 'exactly') {
    // Found by the index, and then compared by its bytes.
    text = `(${text} and cast(${sql} as ${table.bytes}) ${among})`;
    parameters.push(...values.map(compare));
  }
  return isNegated && isNullable ? `(${sql} is not null and ${text})` : isNegated ? `(${text})` : text;
}

/** Whether a column is to be absent that no row is without: said to a database, it would keep it from one range of an index. */
const isNever = (table: Table, part: RowFilter): boolean =>
  typeof part === 'object' && 'is' in part && part.is === 'absent' && !table.column(part.column).isNullable;

/** As many marks for values as there are values. */
export const marks = (count: number): string => '?, '.repeat(count).slice(0, -2);
