import { Project, ProjectPermission } from '../entities/project.js';
import { oneOf, type RowFilter } from '../entities/row-filter.js';
import { findRows, listRows, type RowSource } from '../entities/rows.js';
import type { Grants } from './grants.js';
import { projectColumns, projectPolicy } from './project-policy.js';
import { rowFilter } from './rule.js';

/** The members that somebody finds in the directory: externals find themselves and those they share a project with. */
export async function directoryOf(source: RowSource, grants: Grants): Promise<RowFilter> {
  if (!grants.isExternal) return true;
  const visible = rowFilter(projectPolicy, grants, projectColumns);
  const projects = await listRows(source, Project, visible, { columns: ['id', 'manager'] });
  const permissions = await findRows(source, ProjectPermission, { project: projects.map(({ id }) => id) });
  const ids = new Set([grants.actorId, ...projects.map((p) => p.manager.id), ...permissions.map((p) => p.member.id)]);
  return oneOf('id', [...ids]);
}
