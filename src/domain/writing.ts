import { HistoryEntry } from '../entities/event.js';
import type { EntityManager } from '../entities/orm.js';
import { type RowChanges, updates } from '../entities/row-changes.js';
import { insertion, type Row } from '../entities/rows.js';
import type { Results, Statement } from '../entities/statements.js';
import { type Appended, appending, type Told } from '../pubsub/event-log.js';
import { expectStillSo, type KnownRights } from './known-rights.js';

/** What a company is told of a command. */
export interface Telling extends Appended {
  readonly history: readonly Row<HistoryEntry>[];
}

/** What a command writes last, and what has been done then. */
export interface Writing<D> {
  /** What differs in rows that it holds. */
  readonly changes?: RowChanges;
  readonly statements: readonly Statement[];
  /** Null of what is no company's. */
  readonly telling: Telling | null;
  /** By what rights it was done that were known beforehand. */
  readonly rights?: KnownRights | null;
  done(told: Told): D;
}

const TOLD_NOBODY: Told = { seq: 0, events: [] };

/** How the commands of one transaction end: the log comes last, because the heads are locked from there to the commit. */
export function ending<D>(em: EntityManager, writings: readonly Writing<D>[]) {
  const tellings = writings.flatMap(({ telling }) => telling ?? []);
  const entries = tellings.flatMap(({ history }) => history);
  const rows = [
    ...updates(
      em,
      writings.flatMap(({ changes }) => changes ?? []),
    ),
    ...writings.flatMap(({ statements }) => statements),
    ...(entries.length > 0 ? [insertion(em, HistoryEntry, entries)] : []),
  ];
  const { statements, told } = appending(em, tellings);
  const expected = expectStillSo(writings.flatMap(({ rights }) => rights ?? []));
  return {
    statements: [...rows, ...statements, ...expected],
    done(results: Results): D[] {
      const all = told(results.slice(rows.length)).values();
      return writings.map(({ telling, done }) => done((telling && all.next().value) ?? TOLD_NOBODY));
    },
  };
}
