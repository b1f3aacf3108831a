import type { Parts } from '../../src/domain/unit-of-work.js';
import type { Caller } from '../harness/client.js';
import type { TestIssuer } from '../harness/issuer.js';
import { World } from '../harness/world.js';

/** Who listens, as far as it decides what they are told. A follower sees one task. */
export type Eyes = { kind: 'INTERNAL' | 'EXTERNAL' } | { kind: 'FOLLOWER'; taskId: string };

export interface Seat {
  company: Company;
  eyes: Eyes;
  /** The payload of `connection_init`. */
  credential: Caller | { follow: string };
}

/** One company at work: tasks that are written to, and people to listen. */
export interface Company {
  id: string;
  projectId: string;
  taskIds: string[];
  writers: Caller[];
  seats: Seat[];
}

/** So many each company has from the beginning. */
export const TASKS = 8;
/** Two in three are internal members, one in five follows a task without an account. */
const LISTENERS: readonly Eyes['kind'][] = ['INTERNAL', 'EXTERNAL', 'INTERNAL', 'FOLLOWER', 'INTERNAL'];

/** Founds a company with `people` who may listen. Each task's description is `text`. */
export async function settle(parts: Parts, issuer: TestIssuer, people: number, text: string): Promise<Company> {
  const world = await World.found(parts, issuer);
  const project = await world.project();
  const company: Company = { id: world.companyId, projectId: project.id, taskIds: [], writers: [], seats: [] };
  for (let i = 0; i < TASKS; i += 1) company.taskIds.push((await world.task(project, { description: text })).id);
  for (let i = 0; i < 2; i += 1) {
    const writer = await world.member();
    await world.grant(project, writer, 'EDIT');
    company.writers.push(writer.caller);
  }
  for (let i = 0; i < people; i += 1) {
    const kind = LISTENERS[i % LISTENERS.length] as Eyes['kind'];
    if (kind === 'FOLLOWER') {
      const taskId = company.taskIds[i % TASKS] as string;
      const { secret } = await world.follow({ id: taskId } as never);
      company.seats.push({ company, eyes: { kind, taskId }, credential: { follow: secret } });
    } else {
      const person = kind === 'INTERNAL' ? await world.member() : await world.external();
      await world.grant(project, person, 'VIEW');
      company.seats.push({ company, eyes: { kind }, credential: person.caller });
    }
  }
  return company;
}
