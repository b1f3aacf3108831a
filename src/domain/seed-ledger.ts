import type { EntityClass } from '@mikro-orm/core';
import { Company } from '../entities/company.js';
import { HistoryEntry, LogHead } from '../entities/event.js';
import { Member } from '../entities/member.js';
import { Project, ProjectPermission, Workspace } from '../entities/project.js';
import type { Row } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import { User } from '../entities/user.js';
import type { NewEvent } from '../pubsub/event-log.js';
import { SEED_START_MS, seededId } from './seeded.js';
import type { Actor, Happening, Work } from './unit-of-work.js';

/** Each table before those that refer to it. */
const TABLES = [Company, LogHead, User, Member, Workspace, Project, ProjectPermission, Task, HistoryEntry] as const;

/** A transaction writes about as many. */
const ROWS_AT_ONCE = 3_000;

/** What one transaction writes: rows, and the events that tell of them. */
export interface SeedBatch {
  companyId: string;
  rows: ReadonlyMap<EntityClass<object>, readonly object[]>;
  events: readonly NewEvent[];
}

/** One company's rows on their way to the database, with the history and the log that say how they came to be. */
export class SeedLedger {
  #seq = 0;
  #count = 0;
  #rows = emptyTables();
  #events: NewEvent[] = [];

  constructor(
    readonly company: number,
    /** From one event to the next. */
    readonly stepMs: number,
    readonly companyId = seededId('company', company),
  ) {}

  /** The time at which the next event happens. */
  get nextTime(): Date {
    return new Date(SEED_START_MS + (this.#seq + 1) * this.stepMs);
  }

  get isFull(): boolean {
    return this.#count >= ROWS_AT_ONCE;
  }

  add<T extends object>(type: EntityClass<T>, row: Row<T>): void {
    this.#rows.get(type)?.push(row);
    this.#count += 1;
  }

  /** What records in the name of a member, or of the operator. Rows are added when they are what they are to be. */
  by(actorId: string | null): Pick<Work, 'record' | 'update'> {
    const actor = { actorId, entryPoint: actorId ? 'MEMBER' : 'OPERATOR' } as const;
    return { record: (happening) => this.#record(actor, happening), update: () => {} };
  }

  /** Takes out what there is. */
  take(): SeedBatch {
    const batch = { companyId: this.companyId, rows: this.#rows, events: this.#events };
    this.#rows = emptyTables();
    this.#events = [];
    this.#count = 0;
    return batch;
  }

  #record(
    { actorId, entryPoint }: Pick<Actor, 'actorId' | 'entryPoint'>,
    { type, objectId, data = {}, changes = {} }: Happening,
  ): void {
    const { company, companyId, nextTime: occurredAt } = this;
    this.#seq += 1;
    const id = seededId('history', company, this.#seq);
    this.add(HistoryEntry, { companyId, id, objectId, type, actorId, entryPoint, changes, occurredAt });
    this.#events.push({ type, objectId, data, occurredAt });
    this.#count += 1;
  }
}

const emptyTables = () => new Map<EntityClass<object>, object[]>(TABLES.map((type) => [type, []]));
