import type { RowFilter } from '../entities/row-filter.js';

/**
 * What of a list's rows somebody sees: a filter, and a look at each row that it lets through. Where the look drops too
 * many, `exactly` is a filter that needs none.
 */
export interface RowSight<R> {
  readonly filter: RowFilter;
  readonly columns: readonly string[];
  /** Columns that are looked at as well, but not of the rows that this filter lets through. */
  readonly veil: { readonly columns: readonly string[]; readonly unless: RowFilter };
  readonly sees: ((row: R) => boolean) | null;
  exactly(): RowFilter;
}
