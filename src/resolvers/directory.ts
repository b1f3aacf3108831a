import { expectMember } from '../auth/viewer.js';
import { Project, ProjectPermission } from '../entities/project.js';
import type { GraphContext } from './context.js';
import { visibleProjects } from './visible.js';

/** The members that the viewer finds in the directory: externals find themselves and those they share a project with. */
export async function visibleMembers(context: GraphContext): Promise<object> {
  const viewer = expectMember(context.viewer);
  if (viewer.membership === 'INTERNAL') return {};
  const projects = await context.em.find(Project, await visibleProjects(context));
  const permissions = await context.em.find(ProjectPermission, {
    project: { id: { $in: projects.map((project) => project.id) } },
  });
  const ids = new Set([viewer.memberId, ...projects.map((p) => p.manager.id), ...permissions.map((p) => p.member.id)]);
  return { id: { $in: [...ids] } };
}
