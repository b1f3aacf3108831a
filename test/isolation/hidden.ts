import type { Case } from './case.js';

// What the viewers of the cases have no right to in their own company.

/** Tasks of the own company, and of another one that the editor is in, which the editor does not see. */
export const hiddenTasks: Case['hidden'] = {
  'a task in a project without a right': (side) => side.hiddenTask.id,
  "a colleague's private task": (side) => side.privateTask.id,
  'a task of another company of the same person': (side) => side.elsewhereTask.id,
};
export const hiddenFromExternals: Case['hidden'] = {
  'a task in a project without a right': (side) => side.hiddenTask.id,
  'an internal task': (side) => side.internalTask.id,
};
export const hiddenFromAdmins: Case['hidden'] = { "somebody's private task": (side) => side.privateTask.id };
export const hiddenProjects: Case['hidden'] = { 'a project without a right': (side) => side.hiddenProject.id };
export const hiddenMembers: Case['hidden'] = {
  'a member with whom the external shares nothing': (side) => side.people.insider.member.id,
};
export const wholeDirectory = 'every internal member finds the whole directory';
export const wholeSignIn = "administrators see all of the company's own sign-in";
