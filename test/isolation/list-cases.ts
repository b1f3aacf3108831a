import { type Case, positioned } from './case.js';
import { AUDIT, PROJECTS, TASKS } from './documents.js';
import type { Side, Who } from './sides.js';

// Cases that are made by the places' names: positions of the log, and the ids in filters.

/** Every query of a company takes the position that it is to show. */
export function minCursorCases(): Record<string, Case> {
  const asked = (as: Who, field: string, args: string, selection: string) => {
    const document = `query ($minCursor: String) { ${field}(${args}minCursor: $minCursor) { ${selection} } }`;
    return { [`Query.${field}.minCursor`]: positioned(as, document, 'minCursor') };
  };
  const about = (field: string, declared: string, args: string, selection: string, id: (side: Side) => object) => {
    const document = `query ($minCursor: String, ${declared}) { ${field}(${args}, minCursor: $minCursor) { ${selection} } }`;
    return { [`Query.${field}.minCursor`]: positioned('editor', document, 'minCursor', id) };
  };
  const page = 'first: 3, ';
  const ofProject = ({ project }: Side) => ({ id: project.id });
  return {
    ...asked('follower', 'followed', '', 'id task { title }'),
    ...asked('admin', 'auditLog', page, 'nodes { id action }'),
    ...asked('admin', 'follows', page, 'nodes { id label }'),
    ...asked('admin', 'apiKeys', page, 'nodes { id name }'),
    ...asked('admin', 'entryPoints', `kind: API_KEY, ${page}`, 'nodes { id name }'),
    ...asked('admin', 'entryPointCounts', '', 'kind count'),
    ...asked('admin', 'singleSignOn', '', 'domains { id domain } provider { id clientId }'),
    ...asked('admin', 'invitations', page, 'nodes { id email }'),
    ...asked('editor', 'members', page, 'nodes { id name }'),
    ...asked('editor', 'projects', page, 'nodes { id name }'),
    ...asked('editor', 'workspaces', '', 'id name'),
    ...about('node', '$id: ID!', 'id: $id', 'id', ofProject),
    ...about('nodes', '$ids: [ID!]!', 'ids: $ids', 'id', ({ project }) => ({ ids: [project.id] })),
    ...about('project', '$id: ID!', 'id: $id', 'id name', ofProject),
    ...about('projectStats', '$id: ID!', 'projectId: $id', 'taskCount', ofProject),
    ...about('task', '$id: ID!', 'id: $id', 'id title', ({ task }) => ({ id: task.id })),
    ...about('tasks', '$id: ID!', 'projectId: $id, first: 3', 'nodes { id title }', ofProject),
  };
}

/** `ownerId`, `solverId`, `managerId`, and the two ids of the audit log, each operator, bare and inside each combination. */
export function filterCases(): Record<string, Case> {
  const forms: [path: string, at: string, wrap: (filter: object) => object][] = [
    ['', '', (filter) => filter],
    ['and.', 'and.0.', (filter) => ({ and: [filter] })],
    ['or.', 'or.0.', (filter) => ({ or: [filter] })],
    // Twice, because what is not somebody else's is everything.
    ['not.', 'not.not.', (filter) => ({ not: { not: filter } })],
  ];
  const people: [field: string, id: (side: Side) => string][] = [
    ['ownerId', (side) => side.people.admin.member.id],
    ['solverId', (side) => side.people.solver.member.id],
  ];
  const manager = (side: Side) => side.people.admin.member.id;
  const operators: [path: string, at: string, make: (id: string) => object][] = [
    ['eq', 'eq', (id) => ({ eq: id })],
    ['in', 'in.0', (id) => ({ in: [id] })],
  ];
  const cases: Record<string, Case> = {};
  for (const [form, formAt, wrap] of forms) {
    for (const [field, id] of people) {
      for (const [operator, operatorAt, make] of operators) {
        cases[`Query.tasks.filter.${form}${field}.${operator}`] = {
          as: 'editor',
          document: TASKS,
          at: `filter.${formAt}${field}.${operatorAt}`,
          variables: (side) => ({ projectId: side.project.id, filter: wrap({ [field]: make(id(side)) }) }),
          hidden: { 'who has a private task alone': (side) => side.people.colleague.member.id },
          answer: 'EMPTY',
        };
      }
    }
    for (const [operator, operatorAt, make] of operators) {
      cases[`Query.projects.filter.${form}managerId.${operator}`] = {
        as: 'editor',
        document: PROJECTS,
        at: `filter.${formAt}managerId.${operatorAt}`,
        variables: (side) => ({ filter: wrap({ managerId: make(manager(side)) }) }),
        hidden: 'who manages nothing that is seen is like who manages nothing',
        answer: 'EMPTY',
      };
      for (const field of form === '' ? ['actorId', 'objectId'] : []) {
        cases[`Query.auditLog.filter.${form}${field}.${operator}`] = {
          as: 'admin',
          document: AUDIT,
          at: `filter.${formAt}${field}.${operatorAt}`,
          variables: (side) => ({ filter: wrap({ [field]: make(manager(side)) }) }),
          hidden: 'administrators see the whole log',
          answer: 'EMPTY',
        };
      }
    }
  }
  return cases;
}
