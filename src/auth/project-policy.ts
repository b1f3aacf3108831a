import type { Project } from '../entities/project.js';
import type { Row } from '../entities/rows.js';
import type { Columns, Facts, Policy } from './rule.js';

export type ProjectFact = 'id' | 'managerId' | 'visibility';

/** Who may do what with a project. */
export const projectPolicy: Policy<ProjectFact> = {
  rules: [
    { why: 'administrator', who: (v) => v.isAdmin, level: 'MANAGE' },
    { why: 'supervisor of the company', who: (v) => v.isSupervisor, level: 'VIEW' },
    { why: 'its manager', who: (v) => !v.isExternal, where: { isViewer: 'managerId' }, level: 'MANAGE' },
    { why: 'granted MANAGE', where: { isGrantedProject: 'id', atLeast: 'MANAGE' }, level: 'MANAGE' },
    { why: 'granted EDIT', where: { isGrantedProject: 'id', atLeast: 'EDIT' }, level: 'EDIT' },
    { why: 'granted COMMENT', where: { isGrantedProject: 'id', atLeast: 'COMMENT' }, level: 'COMMENT' },
    { why: 'granted VIEW', where: { isGrantedProject: 'id', atLeast: 'VIEW' }, level: 'VIEW' },
    {
      why: 'open to internals',
      who: (v) => !v.isExternal,
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
