import type { Project } from '../entities/project.js';
import type { Row } from '../entities/rows.js';
import type { Columns, Facts, Policy } from './rule.js';

export type ProjectFact = 'id' | 'managerId' | 'visibility';

/** Who may do what with a project. */
export const projectPolicy: Policy<ProjectFact> = {
  rules: [
    { why: 'administrator', who: (v) => v.isAdmin, level: 'MANAGE' },
    { why: 'supervisor of the company', who: (v) => v.isSupervisor, level: 'VIEW' },
    { why: 'its manager', who: (v) => v.isInternal, where: { isViewer: 'managerId' }, level: 'MANAGE' },
    { why: 'granted MANAGE', where: { isGrantedProject: 'id', atLeast: 'MANAGE' }, level: 'MANAGE' },
    { why: 'granted EDIT', where: { isGrantedProject: 'id', atLeast: 'EDIT' }, level: 'EDIT' },
    { why: 'granted COMMENT', where: { isGrantedProject: 'id', atLeast: 'COMMENT' }, level: 'COMMENT' },
    { why: 'granted VIEW', where: { isGrantedProject: 'id', atLeast: 'VIEW' }, level: 'VIEW' },
    { why: "the operator's support, where it was let in", who: (v) => v.isSupport, level: 'VIEW' },
    { why: 'key that writes tasks', who: (v) => v.has('TASKS_WRITE'), level: 'EDIT' },
    { why: 'key that reads projects', who: (v) => v.has('PROJECTS_READ'), level: 'VIEW' },
    { why: 'key that reads tasks', who: (v) => v.has('TASKS_READ'), level: 'VIEW' },
    {
      why: 'open to internals',
      who: (v) => v.isInternal,
      where: { is: 'visibility', oneOf: ['INTERNAL', 'EVERYONE'] },
      level: 'VIEW',
    },
    {
      why: 'open to externals',
      who: (v) => v.isExternal,
      where: { is: 'visibility', oneOf: ['EXTERNAL', 'EVERYONE'] },
      level: 'VIEW',
    },
  ],
  forExternals: { atMost: 'EDIT' },
};

/** Where the facts stand in a row. */
export const projectColumns = {
  id: 'id',
  managerId: 'manager',
  visibility: 'visibility',
} satisfies Columns<ProjectFact>;

export const projectFacts = (project: Row<Project>): Facts<ProjectFact> => ({
  id: project.id,
  managerId: project.manager.id,
  visibility: project.visibility,
});
