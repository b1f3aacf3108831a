import { sealCursor } from '../../src/pubsub/cursor.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { get } from '../harness/client.js';
import type { Node } from '../harness/cluster.js';
import type { Side, Who } from './sides.js';

/** One way to fill one place that takes an id. */
export interface Case {
  as: Who;
  document: string;
  /** Rightful ids throughout; made anew for every try, so that no try spoils the next one. */
  variables: (side: Side, node: Node) => Promise<object> | object;
  /** Where in the variables the id stands. */
  at: string;
  /** Ids of the same kind, in the viewer's own company, that the viewer has no right to; or why there are none. */
  hidden: Record<string, (side: Side) => string> | string;
  /** How an id that is none for this viewer is answered: by an error, by a user error with this code, by an empty page, by null in its place. */
  answer: 'NOT_FOUND' | 'NOT_A_MEMBER' | 'EMPTY' | 'NULL';
}

const TASK = `id key title description project { name } author { name email } owner { name email } solver { name email }
  awaitedMember { name } awaitedProject { name } awaitedTask { title } comments(first: 10) { nodes { body author { name } } }`;
const PAGE = 'edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

const ANY_NODE = `{ __typename id
  ... on Comment { body author { name } task { ${TASK} } }
  ... on Company { name }
  ... on Follow { label grantedBy { name } followedTask: task { ${TASK} } }
  ... on Member { name email }
  ... on PersonalView { name filter }
  ... on Project { name description manager { name } workspace { name } }
  ... on Task { ${TASK} }
  ... on User { name email }
  ... on Workspace { name } }`;
export const NODE = `query ($id: ID!) { node(id: $id) ${ANY_NODE} }`;
export const NODES = `query ($ids: [ID!]!) { nodes(ids: $ids) ${ANY_NODE} }`;

const mutation = (name: string, selection: string) =>
  `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selection} userErrors { field code message } } }`;

const CREATE_PROJECT = mutation('createProject', 'project { id name description workspace { name } }');
const SET_PERMISSION = mutation('setProjectPermission', 'project { id name description manager { name } }');
const CREATE_TASK = mutation('createTask', `task { ${TASK} }`);
const UPDATE_TASK = mutation('updateTask', `task { ${TASK} }`);
const UPDATE_TASKS = mutation('updateTasks', `tasks { ${TASK} }`);
const ASSIGN_TASK = mutation('assignTask', `task { ${TASK} }`);
const MOVE_TASK = mutation('moveTask', `task { ${TASK} }`);
const ADD_COMMENT = mutation('addComment', `comment { id body author { name } task { ${TASK} } }`);
const GRANT_FOLLOW = mutation('grantFollow', `url secret follow { id label task { ${TASK} } }`);
const REVOKE_FOLLOW = mutation('revokeFollow', `follow { id label task { ${TASK} } }`);
const DEACTIVATE_MEMBER = mutation('deactivateMember', 'member { id name email }');
const SAVE_VIEW = mutation('savePersonalView', 'view { id name filter }');
const UPDATE_PREFERENCES = mutation('updatePreferences', 'preferences { defaultView { id name filter } }');

const PROJECT =
  'query ($id: ID!) { project(id: $id) { id name description manager { name email } workspace { name } } }';
const TASK_QUERY = `query ($id: ID!) { task(id: $id) { ${TASK} } }`;
/** A list's pages from both ends. */
type Paged = (end: 'after' | 'before') => string;
const sizeOf = { after: 'first', before: 'last' };
const pagedBy =
  (variables: string, around: (args: string) => string): Paged =>
  (end) =>
    `query (${variables}$${end}: String) { ${around(`${sizeOf[end]}: 1, ${end}: $${end}`)} }`;

const TASKS_BY = pagedBy('$projectId: ID!, $filter: TaskFilter, ', (page) => {
  return `tasks(projectId: $projectId, filter: $filter, ${page}) { nodes { ${TASK} } ${PAGE} }`;
});
const TASKS = TASKS_BY('after').replace('first: 1', 'first: 3');
const MEMBERS = pagedBy('', (page) => `members(${page}) { nodes { id name email } ${PAGE} }`);
const PROJECTS_BY = pagedBy('$filter: ProjectFilter, ', (page) => {
  return `projects(filter: $filter, ${page}) { nodes { id name manager { name } } ${PAGE} }`;
});
const PROJECTS = PROJECTS_BY('after').replace('first: 1', 'first: 3');
const FOLLOWS = pagedBy('', (page) => `follows(${page}) { nodes { id label } ${PAGE} }`);
const COMMENTS = pagedBy('$id: ID!, ', (page) => `task(id: $id) { comments(${page}) { nodes { body } ${PAGE} } }`);
const HISTORY = pagedBy('$id: ID!, ', (page) => `task(id: $id) { history(${page}) { nodes { type } ${PAGE} } }`);
const TASK_CHANGED = `subscription ($projectId: ID!, $after: String) {
  taskChanged(projectId: $projectId, after: $after) { kind cursor taskId task { ${TASK} } } }`;
const FOLLOWED_CHANGED =
  'subscription ($after: String) { followedChanged(after: $after) { kind cursor taskId task { id title } } }';

/** Tasks of the own company, and of another one that the editor is in, which the editor does not see. */
const hiddenTasks: Case['hidden'] = {
  'a task in a project without a right': (side) => side.hiddenTask.id,
  "a colleague's private task": (side) => side.privateTask.id,
  'a task of another company of the same person': (side) => side.elsewhereTask.id,
};
const hiddenFromExternals: Case['hidden'] = {
  'a task in a project without a right': (side) => side.hiddenTask.id,
  'an internal task': (side) => side.internalTask.id,
};
const hiddenFromAdmins: Case['hidden'] = { "somebody's private task": (side) => side.privateTask.id };
const hiddenProjects: Case['hidden'] = { 'a project without a right': (side) => side.hiddenProject.id };
const hiddenMembers: Case['hidden'] = {
  'a member with whom the external shares nothing': (side) => side.people.insider.member.id,
};
const wholeDirectory = 'every internal member finds the whole directory';
const positions = 'a cursor is a position: the lists filter what stands beyond it';

const refused = (parts: Omit<Case, 'answer'>): Case => ({ ...parts, answer: 'NOT_FOUND' });
const notMember = (parts: Omit<Case, 'answer'>): Case => ({ ...parts, answer: 'NOT_A_MEMBER' });

/** The same document asked once more gives the cursor of its page's end, or of its beginning. */
function paged(field: string, as: Who, document: Paged, variables: (side: Side) => object = () => ({})) {
  const cases = (['after', 'before'] as const).map((end) => {
    const asked = document(end);
    const name = end === 'after' ? 'endCursor' : 'startCursor';
    const one = refused({
      as,
      document: asked,
      at: end,
      hidden: positions,
      variables: async (side, node) => {
        const given = variables(side);
        const answer = JSON.stringify(await get(node, side.callers[as], asked, given));
        return { ...given, [end]: new RegExp(`"${name}":"([^"]+)"`).exec(answer)?.[1] };
      },
    });
    return [`${field}.${end}`, one] as const;
  });
  return Object.fromEntries(cases);
}

/** A position of the company's log, where a document takes one. */
const positioned = (as: Who, document: string, at: string, variables: (side: Side) => object = () => ({})): Case =>
  refused({
    as,
    document,
    at,
    hidden: positions,
    variables: async (side) => {
      const { parts, companyId } = side;
      const seq = (await readHeads(parts.orm, [companyId])).get(companyId) ?? 0;
      return { ...variables(side), [at]: sealCursor(parts.keyring, companyId, seq) };
    },
  });

const streamed = (as: Who, document: string, variables?: (side: Side) => object): Case =>
  positioned(as, document, 'after', variables);

/** Every query of a company takes the position that it is to show. */
function minCursorCases(): Record<string, Case> {
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
    ...asked('admin', 'follows', page, 'nodes { id label }'),
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

const node = (as: Who, id: (side: Side) => string, hidden: Case['hidden']): Case =>
  refused({ as, document: NODE, at: 'id', hidden, variables: (side) => ({ id: id(side) }) });

/** How each kind of object is asked for by `node`. */
export const nodeCases: Record<string, Case[]> = {
  Comment: [
    node('editor', (side) => side.comment.id, {
      'a comment in a project without a right': (side) => side.hiddenComment.id,
      "a comment under a colleague's private task": (side) => side.privateComment.id,
    }),
    node('external', (side) => side.comment.id, { 'an internal comment': (side) => side.internalComment.id }),
  ],
  Company: [
    node('editor', (side) => side.companyId, { 'another company of the same person': (side) => side.elsewhereId }),
  ],
  Follow: [node('admin', (side) => side.follow.id, 'administrators see every follow')],
  Member: [
    node('editor', (side) => side.people.manager.member.id, wholeDirectory),
    node('external', (side) => side.people.manager.member.id, hiddenMembers),
  ],
  PersonalView: [node('editor', (side) => side.view.id, { "another user's view": (side) => side.colleaguesView.id })],
  Project: [
    node('editor', (side) => side.project.id, hiddenProjects),
    node('external', (side) => side.project.id, hiddenProjects),
  ],
  Task: [
    node('editor', (side) => side.task.id, hiddenTasks),
    node('external', (side) => side.task.id, hiddenFromExternals),
    node('admin', (side) => side.task.id, hiddenFromAdmins),
  ],
  User: [
    node('editor', (side) => side.people.editor.viewer.userId, {
      "another user's id": (side) => side.people.colleague.viewer.userId,
    }),
  ],
  Workspace: [node('editor', (side) => side.workspaceId, 'internal members see every workspace')],
};

/** The same asked for by `nodes`, behind the company, which every member sees. */
const amongMany = (one: Case): Case => ({
  ...one,
  document: NODES,
  at: 'ids.1',
  answer: 'NULL',
  variables: async (side, node) => {
    const { id } = (await one.variables(side, node)) as { id: string };
    return { ids: [side.companyId, id] };
  },
});

/** `ownerId`, `solverId` and `managerId`, each operator, bare and inside each combination. */
function filterCases(): Record<string, Case> {
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
    }
  }
  return cases;
}

const onFreshTask = async (side: Side, more: object) => ({ input: { taskId: (await side.freshTask()).id, ...more } });
const manage = (side: Side) => ({ projectId: side.project.id, memberId: side.people.solver.member.id, level: null });
let keys = 0;
const newKey = (): string => {
  keys += 1;
  return `NEW${keys}`;
};

/** Every place that takes an id. A place of the schema that is missing here fails the suite, and so does a case too many. */
export const cases: Record<string, Case | Case[]> = {
  'Query.node.id': Object.values(nodeCases).flat(),
  'Query.nodes.ids': Object.values(nodeCases).flat().map(amongMany),
  'Query.project.id': [
    refused({
      as: 'editor',
      document: PROJECT,
      at: 'id',
      variables: (side) => ({ id: side.project.id }),
      hidden: hiddenProjects,
    }),
    refused({
      as: 'external',
      document: PROJECT,
      at: 'id',
      variables: (side) => ({ id: side.project.id }),
      hidden: hiddenProjects,
    }),
  ],
  'Query.task.id': [
    refused({
      as: 'editor',
      document: TASK_QUERY,
      at: 'id',
      variables: (side) => ({ id: side.task.id }),
      hidden: hiddenTasks,
    }),
    refused({
      as: 'external',
      document: TASK_QUERY,
      at: 'id',
      variables: (side) => ({ id: side.task.id }),
      hidden: hiddenFromExternals,
    }),
    refused({
      as: 'admin',
      document: TASK_QUERY,
      at: 'id',
      variables: (side) => ({ id: side.task.id }),
      hidden: hiddenFromAdmins,
    }),
    refused({
      as: 'solver',
      document: TASK_QUERY,
      at: 'id',
      variables: (side) => ({ id: side.task.id }),
      hidden: { 'another task of the same project': (side) => side.confidedTask.id },
    }),
  ],
  'Query.tasks.projectId': refused({
    as: 'editor',
    document: TASKS,
    at: 'projectId',
    variables: (side) => ({ projectId: side.project.id }),
    hidden: hiddenProjects,
  }),
  'Query.projectStats.projectId': refused({
    as: 'external',
    document: 'query ($id: ID!) { projectStats(projectId: $id) { taskCount byStatus { status count } } }',
    at: 'id',
    variables: (side) => ({ id: side.project.id }),
    hidden: hiddenProjects,
  }),
  ...paged('Query.tasks', 'editor', TASKS_BY, (side) => ({ projectId: side.project.id })),
  ...paged('Query.projects', 'editor', PROJECTS_BY),
  ...paged('Query.members', 'editor', MEMBERS),
  ...paged('Query.follows', 'admin', FOLLOWS),
  ...paged('Task.comments', 'editor', COMMENTS, (side) => ({ id: side.task.id })),
  ...paged('Task.history', 'editor', HISTORY, (side) => ({ id: side.task.id })),
  ...filterCases(),
  ...minCursorCases(),

  'Mutation.createProject.input.workspaceId': refused({
    as: 'admin',
    document: CREATE_PROJECT,
    at: 'input.workspaceId',
    variables: (side) => ({ input: { workspaceId: side.workspaceId, key: newKey(), name: 'New' } }),
    hidden: 'administrators see every workspace',
  }),
  'Mutation.createProject.input.managerId': notMember({
    as: 'admin',
    document: CREATE_PROJECT,
    at: 'input.managerId',
    variables: (side) => ({
      input: {
        workspaceId: side.workspaceId,
        key: newKey(),
        name: 'New',
        managerId: side.people.manager.member.id,
      },
    }),
    hidden: wholeDirectory,
  }),
  'Mutation.setProjectPermission.input.projectId': refused({
    as: 'manager',
    document: SET_PERMISSION,
    at: 'input.projectId',
    variables: (side) => ({ input: manage(side) }),
    hidden: hiddenProjects,
  }),
  'Mutation.setProjectPermission.input.memberId': notMember({
    as: 'manager',
    document: SET_PERMISSION,
    at: 'input.memberId',
    variables: (side) => ({ input: manage(side) }),
    hidden: wholeDirectory,
  }),
  'Mutation.deactivateMember.input.memberId': refused({
    as: 'admin',
    document: DEACTIVATE_MEMBER,
    at: 'input.memberId',
    variables: async (side) => ({ input: { memberId: (await side.freshMember()).member.id } }),
    hidden: wholeDirectory,
  }),

  'Mutation.createTask.input.projectId': refused({
    as: 'editor',
    document: CREATE_TASK,
    at: 'input.projectId',
    variables: (side) => ({ input: { projectId: side.project.id, title: 'New' } }),
    hidden: hiddenProjects,
  }),
  'Mutation.updateTask.input.taskId': refused({
    as: 'editor',
    document: UPDATE_TASK,
    at: 'input.taskId',
    variables: (side) => onFreshTask(side, { title: 'Changed' }),
    hidden: hiddenTasks,
  }),
  'Mutation.updateTasks.input.tasks.taskId': refused({
    as: 'editor',
    document: UPDATE_TASKS,
    // The last of two: what comes before it in the list is not changed either.
    at: 'input.tasks.1.taskId',
    variables: async (side) => {
      const ids = [(await side.freshTask()).id, (await side.freshTask()).id];
      return { input: { tasks: ids.map((taskId) => ({ taskId, title: 'Changed' })) } };
    },
    hidden: hiddenTasks,
  }),
  'Mutation.assignTask.input.taskId': refused({
    as: 'editor',
    document: ASSIGN_TASK,
    at: 'input.taskId',
    variables: (side) => onFreshTask(side, { solverId: side.people.editor.member.id }),
    hidden: hiddenTasks,
  }),
  'Mutation.assignTask.input.solverId': [
    notMember({
      as: 'editor',
      document: ASSIGN_TASK,
      at: 'input.solverId',
      variables: (side) => onFreshTask(side, { solverId: side.people.colleague.member.id }),
      hidden: wholeDirectory,
    }),
    notMember({
      as: 'external',
      document: ASSIGN_TASK,
      at: 'input.solverId',
      variables: (side) => onFreshTask(side, { solverId: side.people.colleague.member.id }),
      hidden: hiddenMembers,
    }),
  ],
  'Mutation.moveTask.input.taskId': refused({
    as: 'editor',
    document: MOVE_TASK,
    at: 'input.taskId',
    variables: (side) => onFreshTask(side, { status: 'IN_PROGRESS' }),
    hidden: hiddenTasks,
  }),
  'Mutation.moveTask.input.awaitedMemberId': [
    notMember({
      as: 'editor',
      document: MOVE_TASK,
      at: 'input.awaitedMemberId',
      variables: (side) =>
        onFreshTask(side, { status: 'AWAITING_MEMBER', awaitedMemberId: side.people.colleague.member.id }),
      hidden: wholeDirectory,
    }),
    notMember({
      as: 'external',
      document: MOVE_TASK,
      at: 'input.awaitedMemberId',
      variables: (side) =>
        onFreshTask(side, { status: 'AWAITING_MEMBER', awaitedMemberId: side.people.colleague.member.id }),
      hidden: hiddenMembers,
    }),
  ],
  'Mutation.moveTask.input.awaitedProjectId': refused({
    as: 'editor',
    document: MOVE_TASK,
    at: 'input.awaitedProjectId',
    variables: (side) => onFreshTask(side, { status: 'AWAITING_PROJECT', awaitedProjectId: side.internalProject.id }),
    hidden: hiddenProjects,
  }),
  'Mutation.moveTask.input.awaitedTaskId': refused({
    as: 'editor',
    document: MOVE_TASK,
    at: 'input.awaitedTaskId',
    variables: (side) => onFreshTask(side, { status: 'AWAITING_TASK', awaitedTaskId: side.task.id }),
    hidden: hiddenTasks,
  }),
  'Mutation.addComment.input.taskId': refused({
    as: 'editor',
    document: ADD_COMMENT,
    at: 'input.taskId',
    variables: (side) => onFreshTask(side, { body: 'A word' }),
    hidden: hiddenTasks,
  }),

  'Mutation.grantFollow.input.taskId': refused({
    as: 'admin',
    document: GRANT_FOLLOW,
    at: 'input.taskId',
    variables: (side) => onFreshTask(side, {}),
    hidden: hiddenFromAdmins,
  }),
  'Mutation.revokeFollow.input.followId': refused({
    as: 'admin',
    document: REVOKE_FOLLOW,
    at: 'input.followId',
    variables: async (side) => ({ input: { followId: (await side.freshFollow()).id } }),
    hidden: 'administrators see every follow',
  }),

  'Mutation.savePersonalView.input.viewId': refused({
    as: 'editor',
    document: SAVE_VIEW,
    at: 'input.viewId',
    variables: (side) => ({ input: { viewId: side.view.id, name: 'Saved anew', filter: {} } }),
    hidden: { "another user's view": (side) => side.colleaguesView.id },
  }),
  'Mutation.updatePreferences.input.defaultViewId': refused({
    as: 'editor',
    document: UPDATE_PREFERENCES,
    at: 'input.defaultViewId',
    variables: (side) => ({ input: { defaultViewId: side.view.id } }),
    hidden: { "another user's view": (side) => side.colleaguesView.id },
  }),

  'Subscription.taskChanged.projectId': [
    refused({
      as: 'editor',
      document: TASK_CHANGED,
      at: 'projectId',
      variables: (side) => ({ projectId: side.project.id }),
      hidden: hiddenProjects,
    }),
    refused({
      as: 'external',
      document: TASK_CHANGED,
      at: 'projectId',
      variables: (side) => ({ projectId: side.project.id }),
      hidden: hiddenProjects,
    }),
  ],
  'Subscription.taskChanged.after': streamed('editor', TASK_CHANGED, (side) => ({ projectId: side.project.id })),
  'Subscription.projectStatsChanged.projectId': refused({
    as: 'external',
    document: 'subscription ($id: ID!) { projectStatsChanged(projectId: $id) { kind stats { taskCount } } }',
    at: 'id',
    variables: (side) => ({ id: side.project.id }),
    hidden: hiddenProjects,
  }),
  'Subscription.followedChanged.after': streamed('follower', FOLLOWED_CHANGED),
};
