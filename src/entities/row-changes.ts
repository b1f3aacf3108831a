import type { EntityClass } from '@mikro-orm/core';
import { byPrimaryKey, type Named, namedRows } from './named-rows.js';
import type { EntityManager } from './orm.js';
import type { Row } from './rows.js';
import type { Statement } from './statements.js';
import { type Table, tableOf, type Values } from './table.js';
import type { TenantEntity } from './tenant.js';

type Tenant = TenantEntity & { id: string };
type Type = EntityClass<Tenant>;
type Changed = readonly [before: Values, after: Values & Named];

/** What a transaction is to write of rows that it holds: of each, what differs between how it was read and how it is to be. */
export class RowChanges {
  readonly #byType = new Map<Type, Map<string, Changed>>();

  add<T extends Tenant>(type: EntityClass<T>, before: Row<T>, after: Row<T>): void {
    const rows = this.#byType.get(type) ?? new Map<string, Changed>();
    this.#byType.set(type, rows);
    const { id } = after as unknown as Named;
    rows.set(id, [rows.get(id)?.[0] ?? before, after as unknown as Values & Named]);
  }

  get all(): [Type, Changed][] {
    return [...this.#byType].flatMap(([type, rows]) => [...rows.values()].map((row): [Type, Changed] => [type, row]));
  }
}

/** How all of it is written: one statement for the rows of a table that differ in the same columns. No two have one id. */
export function updates(em: EntityManager, changes: readonly RowChanges[]): Statement[] {
  const byType = Map.groupBy(
    changes.flatMap(({ all }) => all),
    ([type]) => type,
  );
  return [...byType].flatMap(([type, rows]) => {
    const table = tableOf(em, type);
    const alike = Map.groupBy(
      rows.map(([, row]) => row),
      (row) => differing(table, row).join(),
    );
    alike.delete('');
    return [...alike].map(([names, group]) => {
      const after = group.map(([, row]) => row);
      return updateOf(em, table, names.split(','), after);
    });
  });
}

const differing = ({ columns }: Table, [before, after]: Changed): string[] =>
  columns.filter(({ name }) => before[name] !== after[name]).map(({ name }) => name);

function updateOf(
  em: EntityManager,
  table: Table,
  names: readonly string[],
  rows: readonly (Values & Named)[],
): Statement {
  const values: unknown[] = [];
  const sets = names.map((name) => {
    const column = table.column(name);
    const written = rows.map((row) => column.write(row[name]));
    if (written.every((value) => value === written[0])) {
      values.push(written[0]);
      return `${column.sql} = ?`;
    }
    values.push(...rows.flatMap(({ id }, i) => [id, written[i]]));
    return `${column.sql} = case id${' when ? then ?'.repeat(rows.length)} end`;
  });
  const { text, parameters } = namedRows(rows);
  return {
    text: `update ${table.sql}${byPrimaryKey(em)} set ${sets.join(', ')} where ${text}`,
    parameters: [...values, ...parameters],
  };
}
