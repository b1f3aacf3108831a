import type { EntityClass } from '@mikro-orm/core';
import DataLoader from 'dataloader';
import { ApiKey } from '../entities/api-key.js';
import { Member } from '../entities/member.js';
import type { Orm } from '../entities/orm.js';
import { Project } from '../entities/project.js';
import { findRows, type Row, type RowSource } from '../entities/rows.js';
import { User } from '../entities/user.js';

/** What tasks and comments refer to again and again: each is read once, many of a kind together, and known is given at once. */
export class References {
  readonly #projects: Loader<Project>;
  readonly #members: Loader<Member>;
  readonly #users: Loader<User>;
  readonly #keys: Loader<ApiKey>;

  constructor(source: RowSource) {
    this.#projects = new Loader(source, Project);
    this.#members = new Loader(source, Member);
    this.#users = new Loader(source, User);
    this.#keys = new Loader(source, ApiKey);
  }

  project(id: string): Row<Project> | Promise<Row<Project>> {
    return this.#projects.get(id);
  }
  member(id: string): Row<Member> | Promise<Row<Member>> {
    return this.#members.get(id);
  }
  user(id: string): Row<User> | Promise<Row<User>> {
    return this.#users.get(id);
  }
  apiKey(id: string): Row<ApiKey> | Promise<Row<ApiKey>> {
    return this.#keys.get(id);
  }
  /** What was read before. */
  knownProject(id: string): Row<Project> | undefined {
    return this.#projects.known.get(id);
  }
  /** Of a project that was read when nothing here had changed yet. */
  keepProject(project: Row<Project>): void {
    this.#projects.known.set(project.id, project);
  }
  /** The same for an id that may name nothing. */
  async findProject(id: string): Promise<Row<Project> | null> {
    return this.#projects.find(id);
  }
}

class Loader<T extends { id: string }> {
  readonly known = new Map<string, Row<T>>();
  readonly #loader: DataLoader<string, Row<T> | null>;

  constructor(
    source: RowSource,
    readonly type: EntityClass<T>,
  ) {
    this.#loader = new DataLoader(async (ids) => {
      const rows = await findRows<{ id: string }>(source, type, { id: ids });
      for (const row of rows) this.known.set(row.id, row as Row<T>);
      return ids.map((id) => this.known.get(id) ?? null);
    });
  }

  find(id: string): Promise<Row<T> | null> {
    return this.#loader.load(id);
  }

  get(id: string): Row<T> | Promise<Row<T>> {
    return this.known.get(id) ?? this.#expect(id);
  }

  async #expect(id: string): Promise<Row<T>> {
    const row = await this.find(id);
    if (!row) throw new Error(`${this.type.name} ${id} is referred to, but absent.`);
    return row;
  }
}

/** A person's name is not in the company's log, and nothing here changes it: so late is it seen that the operator has. */
const KEPT_MS = 60_000;

/** Where references may be that others have read before. */
export interface ReferenceSource {
  readonly current: References | null;
}

/** One company's references, kept from one reading to the next until the log says that one has changed. */
export class KeptReferences implements ReferenceSource {
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
