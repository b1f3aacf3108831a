import { randomUUID } from 'node:crypto';
import { sealCursor } from '../../src/pubsub/cursor.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { ask } from './client.js';
import type { Node } from './cluster.js';
import { readMetric } from './metrics.js';
import { until } from './until.js';
import type { World } from './world.js';

/** How many answers a process has given from those it keeps. */
export const keptAnswersOf = (node: Node): Promise<number> => readMetric(node, 'aliteo_answers_kept_total');

/**
 * Waits until these processes keep answers of a company and have heard of all that has happened in it: from now on what
 * may be kept is kept, and goes only with what happens next.
 */
export async function untilKept(nodes: readonly Node[], { parts, companyId, admin }: World): Promise<void> {
  const position = (await readHeads(parts.orm, [companyId])).get(companyId) ?? 0;
  const at = sealCursor(parts.keyring, companyId, position);
  for (const node of nodes) {
    const before = await keptAnswersOf(node);
    const text = `{ members(first: 1, minCursor: "${at}") { nodes { id } } } # ${randomUUID()}`;
    await until(async () => {
      await ask(node, admin.caller, text);
      return (await keptAnswersOf(node)) > before;
    }, 'an answer is kept');
  }
}
