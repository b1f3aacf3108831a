import DataLoader from 'dataloader';
import { type EntityManager, forkFor, type Orm } from '../entities/orm.js';
import { Task } from '../entities/task.js';

/** What is read together: one EntityManager, which knows each row once, and loaders that gather what is asked singly. */
export class Reading {
  #em: EntityManager | undefined;
  #tasks: DataLoader<string, Task | null> | undefined;

  constructor(
    readonly orm: Orm,
    readonly keys: { companyId?: string | undefined; userId?: string | undefined },
  ) {}

  get isUsed(): boolean {
    return this.#em !== undefined;
  }

  /** Bound to the company and the user of the keys; what belongs to others is out of its reach. */
  get em(): EntityManager {
    this.#em ??= forkFor(this.orm, this.keys);
    return this.#em;
  }

  findTask(id: string): Promise<Task | null> {
    this.#tasks ??= new DataLoader(async (ids) => {
      const tasks = await this.em.find(Task, { id: { $in: [...ids] } });
      const byId = new Map(tasks.map((task) => [task.id, task]));
      return ids.map((wanted) => byId.get(wanted) ?? null);
    });
    return this.#tasks.load(id);
  }
}
