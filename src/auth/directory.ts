import type { EntityManager } from '../entities/orm.js';
import { Project, ProjectPermission } from '../entities/project.js';
import type { Grants } from './grants.js';
import { projectColumns, projectPolicy } from './project-policy.js';
import { rowFilter } from './rule.js';

/** The members that somebody finds in the directory: externals find themselves and those they share a project with. */
export async function directoryOf(em: EntityManager, grants: Grants): Promise<object> {
  if (!grants.isExternal) return {};
  const projects = await em.find(Project, rowFilter(projectPolicy, grants, projectColumns) ?? { id: { $in: [] } });
  const shared = { project: { id: { $in: projects.map((project) => project.id) } } };
  const permissions = await em.find(ProjectPermission, shared);
  const ids = new Set([grants.memberId, ...projects.map((p) => p.manager.id), ...permissions.map((p) => p.member.id)]);
  return { id: { $in: [...ids] } };
}
