import { Company } from '../entities/company.js';
import { exclusively } from '../entities/exclusively.js';
import { forkFor } from '../entities/orm.js';
import { insertRows } from '../entities/rows.js';
import { runAll } from '../entities/statements.js';
import { Task } from '../entities/task.js';
import { appending } from '../pubsub/event-log.js';
import { seedCompany } from './seed-company.js';
import type { SeedBatch } from './seed-ledger.js';
import type { SeedPlan } from './seeded.js';
import type { Parts } from './unit-of-work.js';

export { type SeedPlan, seededAddress, seededId, seededMembership, seededViewer } from './seeded.js';

/** SQLite takes 32,766 values in a statement, and the driver's guard keeps the texts of statements. */
const ROWS_PER_STATEMENT = 250;

/** So many companies are written at a time: while the database is at one, the program is at another. */
const WRITERS = 2;

/**
 * Fills an empty database with companies that are the same, row by row, whenever the plan is; `seededId` tells their ids.
 * Returns false and does nothing when any company exists. `onProgress` is told how many tasks are written so far. When it
 * throws, what was written stays: the database is to be emptied before the next seeding.
 */
export const seedCompanies = (
  parts: Pick<Parts, 'orm'>,
  plan: SeedPlan,
  onProgress: (tasksWritten: number) => void = () => {},
): Promise<boolean> =>
  exclusively(parts.orm, async () => {
    if ((await parts.orm.em.fork().count(Company)) > 0) return false;
    const state: Progress = { nextCompany: 1, tasksWritten: 0, hasFailed: false };
    const writers = Array.from({ length: WRITERS }, () => writeCompanies(parts, plan, state, onProgress));
    // All of them have ended before it is said how: nobody writes any more when the next process is let in.
    for (const outcome of await Promise.allSettled(writers)) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
    return true;
  });

/** How far all writers are together. */
interface Progress {
  nextCompany: number;
  tasksWritten: number;
  hasFailed: boolean;
}

/** Writes one company after the other until there are none left, or another writer has failed. */
async function writeCompanies(
  parts: Pick<Parts, 'orm'>,
  plan: SeedPlan,
  state: Progress,
  onProgress: (tasksWritten: number) => void,
): Promise<void> {
  try {
    while (state.nextCompany <= plan.companies) {
      const company = state.nextCompany;
      state.nextCompany += 1;
      for (const batch of seedCompany(company, plan)) {
        if (state.hasFailed) return;
        await write(parts, batch);
        state.tasksWritten += batch.rows.get(Task)?.length ?? 0;
        onProgress(state.tasksWritten);
      }
    }
  } catch (error) {
    state.hasFailed = true;
    throw error;
  }
}

/** One transaction. Nobody is told of its events: in a company that has just come into being nobody listens. */
async function write({ orm }: Pick<Parts, 'orm'>, { companyId, rows, events }: SeedBatch): Promise<void> {
  const em = forkFor(orm, { companyId });
  await em.begin();
  try {
    for (const [type, all] of rows) {
      for (const some of inSteps(all)) await insertRows(em, type, some);
    }
    for (const some of inSteps(events)) await runAll(em, appending(em, [{ companyId, events: some }]).statements);
    await em.commit();
  } catch (error) {
    await em.rollback().catch(() => {});
    throw error;
  }
}

function* inSteps<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += ROWS_PER_STATEMENT) yield all.slice(from, from + ROWS_PER_STATEMENT);
}
