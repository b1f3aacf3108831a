import DataLoader from 'dataloader';
import { LastUse } from '../entities/last-use.js';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { all, not, oneOf } from '../entities/row-filter.js';
import { countRowsBy, findRows, type Row, type RowSource } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import type { LoggedEvent } from '../pubsub/event-log.js';
import type { Readings } from '../pubsub/topic.js';
import { KeptReferences, type ReferenceSource, References } from './references.js';

interface Keys {
  companyId?: string | undefined;
  userId?: string | undefined;
}

/** What is read together: one EntityManager, which knows each row once, and loaders that gather what is asked singly. */
export class Reading {
  isUsed = false;
  #em: EntityManager | undefined;
  #references: References | undefined;
  #uses: DataLoader<string, Date | null> | undefined;
  #progress: DataLoader<string, number> | undefined;
  #tasks: DataLoader<string, Row<Task> | null> | undefined;

  constructor(
    readonly orm: Orm,
    readonly keys: Keys,
    /** Where others have read the same before. */
    readonly kept?: ReferenceSource,
  ) {}

  /** Bound to the company and the user of the keys; what belongs to others is out of its reach. */
  get em(): EntityManager {
    this.isUsed = true;
    this.#em ??= forkFor(this.orm, this.keys);
    return this.#em;
  }

  get source(): RowSource {
    this.isUsed = true;
    return { orm: this.orm, companyId: this.keys.companyId };
  }

  get references(): References {
    this.isUsed = true;
    this.#references ??= this.kept?.current ?? new References(this.source);
    return this.#references;
  }

  /** When a way in was used last; null when it never was. */
  lastUseOf(id: string): Promise<Date | null> {
    this.#uses ??= new DataLoader(async (ids) => {
      const uses = await findRows(this.source, LastUse, { objectId: ids });
      const byId = new Map(uses.map(({ objectId, usedAt }) => [objectId, usedAt]));
      return ids.map((wanted) => byId.get(wanted) ?? null);
    });
    return this.#uses.load(id);
  }

  /** How many of a project's public tasks are closed, in percent rounded down; cancelled ones are not counted. */
  publicProgressOf(projectId: string): Promise<number> {
    this.#progress ??= new DataLoader(async (ids) => {
      const counted = all(oneOf('project', ids), oneOf('privacy', ['PUBLIC']), not(oneOf('status', ['CANCELLED'])));
      const counts = await countRowsBy(this.source, Task, ['project', 'status'], counted);
      return ids.map((id) => {
        const own = counts.filter(({ values }) => values[0] === id);
        const closed = own.find(({ values }) => values[1] === 'CLOSED')?.number ?? 0;
        return Math.floor((100 * closed) / (own.reduce((sum, { number }) => sum + number, 0) || 1));
      });
    });
    return this.#progress.load(projectId);
  }

  findTask(id: string): Promise<Row<Task> | null> {
    this.#tasks ??= new DataLoader(async (ids) => {
      const tasks = await findRows(this.source, Task, { id: ids });
      const byId = new Map(tasks.map((task) => [task.id, task]));
      return ids.map((wanted) => byId.get(wanted) ?? null);
    });
    return this.#tasks.load(id);
  }
}

/** The readings of one company's fan-out. */
export class CompanyReadings implements Readings<Reading> {
  readonly #kept: KeptReferences;

  constructor(
    readonly orm: Orm,
    readonly companyId: string,
  ) {
    this.#kept = new KeptReferences(orm, companyId);
  }

  open(): Reading {
    return new Reading(this.orm, { companyId: this.companyId }, this.#kept);
  }

  note({ type }: LoggedEvent): void {
    if (/^(project|member|apikey)\./.test(type)) this.#kept.forget();
  }
}
