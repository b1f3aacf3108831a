import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { get } from './client.js';
import { type Cluster, startCluster } from './cluster.js';
import { World } from './world.js';

/** The changes of a project's tasks, with what the stage's changes show. */
export const CHANGES = `subscription ($project: ID!, $after: String) {
  taskChanged(projectId: $project, after: $after) { kind cursor taskId task { title description } } }`;

/** A running installation with a project that everybody sees, and a task in it to change. */
export class Stage {
  private constructor(
    readonly cluster: Cluster,
    readonly world: World,
    readonly project: Project,
    readonly task: Row<Task>,
  ) {}

  static async open(env: NodeJS.ProcessEnv = {}): Promise<Stage> {
    const cluster = await startCluster({ HEARTBEAT_MS: '600000', ...env });
    const world = await World.found(cluster.parts, cluster.issuer);
    const project = await world.project('EVERYONE');
    return new Stage(cluster, world, project, await world.task(project));
  }

  /** Changes the task, on the first process. */
  async rename(title: string, fields: object = {}): Promise<void> {
    await get(
      this.cluster.first,
      this.world.admin.caller,
      'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { userErrors { message } } }',
      { input: { taskId: this.task.id, title, ...fields } },
    );
  }

  close(): Promise<void> {
    return this.cluster.stop();
  }
}
