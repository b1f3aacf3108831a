import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { World } from '../harness/world.js';

const CHANGES = `subscription ($project: ID!) {
  taskChanged(projectId: $project) { kind cursor taskId task { id title status solver { name } comments(first: 10) { nodes { body } } } }
}`;

describe('a guarded change', () => {
  let cluster: Cluster;
  let world: World;
  beforeAll(async () => {
    cluster = await startCluster();
    world = await World.found(cluster.parts, cluster.issuer);
  });
  afterAll(() => cluster?.stop());

  it('reaches a member on another process and a follower, each with what they may see', async () => {
    const project = await world.project();
    const watcher = await world.member();
    await world.grant(project, watcher, 'EDIT');
    const dashboard = listen(cluster.last, watcher.caller, CHANGES, { project: project.id });
    await dashboard.until((change) => change.kind === 'READY');

    const { createTask } = await get(
      cluster.first,
      world.admin.caller,
      'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } userErrors { code } cursor } }',
      { input: { projectId: project.id, title: 'Paint', privacy: 'PUBLIC' } },
    );
    expect(createTask).toMatchObject({ userErrors: [], cursor: expect.any(String) });
    const taskId = createTask.task.id;
    await dashboard.until(
      (change) => change.kind === 'CREATED' && change.taskId === taskId && change.task.title === 'Paint',
    );

    const { grantFollow } = await get(
      cluster.first,
      world.admin.caller,
      'mutation ($id: ID!) { grantFollow(input: { taskId: $id }) { url secret userErrors { code } } }',
      { id: taskId },
    );
    const window = listen(
      cluster.last,
      { follow: grantFollow.secret },
      'subscription { followedChanged { kind cursor task { title publicStatus } } }',
    );
    await window.until((change) => change.kind === 'READY');
    await get(
      cluster.first,
      watcher.caller,
      'mutation ($id: ID!) { moveTask(input: { taskId: $id, status: CLOSED }) { task { status } userErrors { code } } }',
      { id: taskId },
    );
    await dashboard.until((change) => change.kind === 'CHANGED' && change.task.status === 'CLOSED');
    const seen = await window.until((change) => change.kind === 'CHANGED');
    expect(seen.task).toEqual({ title: 'Paint', publicStatus: 'CLOSED' });
    await Promise.all([dashboard.stop(), window.stop()]);
  });
});
