import type { EntityClass } from '@mikro-orm/core';
import DataLoader from 'dataloader';
import { Member } from '../entities/member.js';
import type { Orm } from '../entities/orm.js';
import { Project } from '../entities/project.js';
import { findRows, type Row, type RowSource } from '../entities/rows.js';
import { User } from '../entities/user.js';

/** What tasks and comments refer to again and again: each is read once, and many of a kind together. */
export class References {
  readonly #projects: DataLoader<string, Row<Project>>;
  readonly #members: DataLoader<string, Row<Member>>;
  readonly #users: DataLoader<string, Row<User>>;

  constructor(source: RowSource) {
    this.#projects = loaderOf(source, Project);
    this.#members = loaderOf(source, Member);
    this.#users = loaderOf(source, User);
  }

  project(id: string): Promise<Row<Project>> {
    return this.#projects.load(id);
  }
  member(id: string): Promise<Row<Member>> {
    return this.#members.load(id);
  }
  user(id: string): Promise<Row<User>> {
    return this.#users.load(id);
  }
}

function loaderOf<T extends { id: string }>(source: RowSource, type: EntityClass<T>): DataLoader<string, Row<T>> {
  return new DataLoader(async (ids) => {
    const rows = await findRows<{ id: string }>(source, type, { id: ids });
    const byId = new Map(rows.map((row) => [row.id, row as Row<T>]));
    return ids.map((id) => byId.get(id) ?? new Error(`${type.name} ${id} is referred to, but absent.`));
  });
}

/** A person's name is not in the company's log: so old may it be in what is told live. */
const KEPT_MS = 2_000;

/** One company's references, kept from one reading to the next until the log says that one has changed. */
export class KeptReferences {
  #kept: References | null = null;
  #keptUntil = 0;

  constructor(
    readonly orm: Orm,
    readonly companyId: string,
  ) {}

  get current(): References {
    const now = performance.now();
    if (!this.#kept || now > this.#keptUntil) {
      this.#kept = new References(this);
      this.#keptUntil = now + KEPT_MS;
    }
    return this.#kept;
  }

  forget(): void {
    this.#kept = null;
  }
}
