import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listen } from '../harness/client.js';
import type { Cluster } from '../harness/cluster.js';
import { Stage } from '../harness/stage.js';
import type { World } from '../harness/world.js';

let stage: Stage;
let cluster: Cluster;
let world: World;
beforeAll(async () => {
  stage = await Stage.open();
  ({ cluster, world } = stage);
}, 30_000);
afterAll(() => stage?.close());

describe('the figures of a project', () => {
  it('come at once, again after a burst, and far less often than the changes', async () => {
    const counted = await world.project();
    const query =
      'subscription ($project: ID!) { projectStatsChanged(projectId: $project) { kind stats { taskCount byStatus { status count } } } }';
    const stream = listen(cluster.last, world.admin.caller, query, { project: counted.id });
    expect(await stream.until(({ kind }) => kind === 'READY')).toMatchObject({ stats: { taskCount: 0, byStatus: [] } });
    for (let i = 0; i < 30; i += 1) await world.task(counted);
    await world.task(counted, { privacy: 'PRIVATE' });
    await stream.until(({ stats }) => stats.taskCount === 30);
    expect(stream.seen.at(-1).stats.byStatus).toEqual([{ status: 'NEW', count: 30 }]);
    expect(stream.seen.length).toBeLessThan(20);
    await stream.stop();
  });

  it('of what an external may not see do not even come again', async () => {
    const counted = await world.project();
    const external = await world.external();
    await world.grant(counted, external, 'VIEW');
    const query =
      'subscription ($project: ID!) { projectStatsChanged(projectId: $project) { kind stats { taskCount } } }';
    const stream = listen(cluster.last, external.caller, query, { project: counted.id });
    await stream.until(({ kind }) => kind === 'READY');
    for (let i = 0; i < 5; i += 1) await world.task(counted, { privacy: 'INTERNAL' });
    await delay(600);
    await world.task(counted);
    expect(await stream.until(({ kind }) => kind === 'CHANGED')).toMatchObject({ stats: { taskCount: 1 } });
    expect(stream.seen.filter(({ kind }) => kind === 'CHANGED')).toHaveLength(1);
    await stream.stop();
  });
});
