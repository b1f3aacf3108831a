// Changes tasks as another process of this server does, without a socket of a client: node publish.mjs PLAN.json.
// The environment is that of the server.

import { readConfig } from '../../dist/src/config.js';
import { updateTasks } from '../../dist/src/domain/tasks.js';
import { openParts } from '../../dist/src/server/server.js';
import { openPace } from '../clients/pace.mjs';
import { readPlan } from '../clients/plan.mjs';
import { now } from '../rig/clock.mjs';

/** Of one transaction. */
const MOST = 32;

const { viewer, taskIds, keepsCommits, ...plan } = readPlan();
const { parts, close } = await openParts(readConfig(process.env));
const actor = { ...viewer, expiresAt: new Date(viewer.expiresAt) };

/** The number of the change under way, by its task; and when it was committed, by its number. */
const underWay = new Map();
const commits = {};

/** So that each of this run's titles is another than those of the runs before: an edit that changes nothing is no event. */
const run = Date.now().toString(36);

// Called when the transaction has been committed and before anybody is told: the moment that latency counts from.
const publish = parts.feeds.publish.bind(parts.feeds);
parts.feeds.publish = (events) => {
  const committedAt = now();
  if (keepsCommits) for (const { objectId } of events) commits[underWay.get(objectId)] = committedAt;
  return publish(events);
};

const tally = await openPace(plan, async (count, first) => {
  for (let from = 0; from < count; from += MOST) await change(first + from, Math.min(MOST, count - from));
});
await close();
process.stdout.write(JSON.stringify({ ...tally, commits }), () => process.exit(0));

/** One transaction. The number of each change stands in the title, where a reader finds it. */
async function change(first, count) {
  const edits = Array.from({ length: count }, (_, i) => {
    const n = first + i;
    const taskId = taskIds[n % taskIds.length];
    underWay.set(taskId, n);
    return { taskId, fields: { title: `Task of the project: do the thing that was asked in ${run} #${n}#` } };
  });
  await updateTasks(parts, actor, edits);
}
