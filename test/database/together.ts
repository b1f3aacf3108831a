import { jest } from '@jest/globals';
import type { Parts } from '../../src/domain/unit-of-work.js';
import type { Project } from '../../src/entities/project.js';
import type { World } from '../harness/world.js';

// What the suites about commands that share a transaction have in common.

/** So many at once. */
export const COMMANDS = 12;

/** How many transactions there were for how many commands while something was done, and how many had to be done again. */
export async function counted<T>(
  { together, log }: Parts,
  act: () => Promise<T>,
): Promise<{ result: T; commands: number; transactions: number; undone: number }> {
  const { commands, transactions } = together;
  const debug = jest.spyOn(log, 'debug');
  const result = await act();
  const undone = debug.mock.calls.filter(([, message]) => message?.startsWith('transaction: not shared')).length;
  debug.mockRestore();
  return { result, commands: together.commands - commands, transactions: together.transactions - transactions, undone };
}

export const someTasks = (of: World, where: Project, count: number) =>
  Promise.all(Array.from({ length: count }, () => of.task(where)));
