import { followColumns, followPolicy } from '../auth/follow-policy.js';
import { projectColumns, projectFacts, projectPolicy } from '../auth/project-policy.js';
import { rowFilter } from '../auth/rule.js';
import { factsOfProject, hasPublicFace, taskColumns, taskFacts, taskPolicy } from '../auth/task-policy.js';
import { expectReading, type ReadingViewer } from '../auth/viewer.js';
import type { Project } from '../entities/project.js';
import type { RowFilter } from '../entities/row-filter.js';
import type { Row } from '../entities/rows.js';
import { unveiled } from '../entities/table.js';
import type { Task } from '../entities/task.js';
import type { Privacy } from '../entities/vocabulary.js';
import type { GraphContext } from './context.js';
import type { RowSight } from './row-sight.js';

/** The projects that the viewer sees, as a filter on rows. */
export const visibleProjects = async (context: GraphContext): Promise<RowFilter> =>
  rowFilter(projectPolicy, await context.grants(), projectColumns);

/** The anonymous follows that the viewer sees. */
export const visibleFollows = async (context: GraphContext): Promise<RowFilter> =>
  rowFilter(followPolicy, await context.grants(), followColumns);

/** The tasks of a project that the viewer sees. */
export const visibleTasks = (context: GraphContext, project: Row<Project>): Promise<RowSight<Row<Task>>> =>
  context.sight(taskPolicy, taskColumns, factsOfProject(project), (task) => taskFacts(unveiled(task), project));

/** The project of that id, when the viewer sees it. */
export const findVisibleProject = async (context: GraphContext, id: string): Promise<Row<Project> | null> =>
  ifVisibleProject(context, await context.references.findProject(id));

/** The same project, when the viewer sees it. */
export async function ifVisibleProject(
  context: GraphContext,
  project: Row<Project> | null,
): Promise<Row<Project> | null> {
  if (!project || context.viewer.kind === 'FOLLOWER') return null;
  return (await context.sees(projectPolicy, projectFacts(project))) ? project : null;
}

/** The task of that id, when the viewer sees it. */
export const findVisibleTask = async (context: GraphContext, id: string): Promise<Row<Task> | null> =>
  ifVisibleTask(context, await context.findTask(id));

/** The project that a task is in, whether or not the viewer sees it. */
export const projectOf = ({ references }: GraphContext, { project }: Row<Task>): Row<Project> | Promise<Row<Project>> =>
  references.project(project.id);

/** The same task, when the viewer sees it: a member by the policy, a follower the one followed, while it is public. */
export async function ifVisibleTask(context: GraphContext, task: Row<Task> | null): Promise<Row<Task> | null> {
  const { viewer } = context;
  if (!task || (viewer.kind === 'FOLLOWER' && viewer.objectId !== task.id)) return null;
  const facts = taskFacts(task, await projectOf(context, task));
  const visible = viewer.kind === 'FOLLOWER' ? hasPublicFace(facts) : await context.sees(taskPolicy, facts);
  return visible ? task : null;
}

/** The privacies of records that somebody reads of what they see, but for private ones. */
export const privaciesOf = (viewer: ReadingViewer): Privacy[] =>
  viewer.kind === 'MEMBER' && viewer.membership === 'EXTERNAL' ? ['PUBLIC'] : ['PUBLIC', 'INTERNAL'];

/** The privacies of comments that the viewer reads under a task that they see. */
export const readablePrivacies = ({ viewer }: GraphContext): Privacy[] =>
  viewer.kind === 'FOLLOWER' ? ['PUBLIC'] : privaciesOf(expectReading(viewer));
