import type { Side, Who } from './sides.js';

/** A question, who asks it, and what has to stand at the relation's place in the answer. */
interface Question {
  as: Who;
  variables?: (side: Side) => object;
}

/** A field that leads from one object to another. */
export interface Relation {
  document: string;
  /** Where in the answer the related object stands. */
  at: string;
  /** Somebody who sees both, and the id that the related object then has. */
  seen: Question & { id: (side: Side) => string };
  /** Somebody who sees the first object, but not the related one: the answer has null there. Or why there is nobody. */
  unseen: Question | string;
}

/** A field that answers many objects. */
export interface List {
  document: string;
  at: string;
  /** Somebody with rights, and an id that is among what they get. */
  seen: Question & { has: (side: Side) => string };
  /** Somebody without: all ids that they get, or the reason of their refusal, and what stands nowhere in their answer. */
  unseen: Question & ({ ids: (side: Side) => string[]; never?: (side: Side) => string } | { refusal: string });
}

const task = (selection: string) => `query ($id: ID!) { task(id: $id) { id ${selection} } }`;
const onTask = (side: Side) => ({ id: side.task.id });
const onAwaitingEditor = (side: Side) => ({ id: side.awaitsEditor.id });
const memberOf = (who: 'admin' | 'editor' | 'manager' | 'solver') => (side: Side) => side.people[who].member.id;

const namedInTask = 'whoever sees a task sees the people named in it';
const ownOnly = 'it leads to what belongs to the same user';

/** Every field from an object to another one with an id; or where else it is tried. */
export const relationCases: Record<string, Relation | string> = {
  'Task.project': {
    document: task('project { id name description }'),
    at: 'task.project',
    seen: { as: 'editor', variables: onTask, id: (side) => side.project.id },
    unseen: { as: 'solver', variables: onTask },
  },
  'Task.awaitedProject': {
    document: task('status awaitedProject { id name description }'),
    at: 'task.awaitedProject',
    seen: { as: 'admin', variables: (side) => ({ id: side.awaitsProject.id }), id: (side) => side.hiddenProject.id },
    unseen: { as: 'editor', variables: (side) => ({ id: side.awaitsProject.id }) },
  },
  'Task.awaitedTask': {
    document: task('status awaitedTask { id title description comments(first: 5) { nodes { body } } }'),
    at: 'task.awaitedTask',
    seen: { as: 'admin', variables: (side) => ({ id: side.awaitsTask.id }), id: (side) => side.hiddenTask.id },
    unseen: { as: 'editor', variables: (side) => ({ id: side.awaitsTask.id }) },
  },
  'Task.author': {
    document: task('author { id name }'),
    at: 'task.author',
    seen: { as: 'external', variables: onTask, id: memberOf('admin') },
    unseen: namedInTask,
  },
  'Task.integration': {
    document: task('integration { id name }'),
    at: 'task.integration',
    seen: { as: 'external', variables: (side) => ({ id: side.keysTask.id }), id: (side) => side.keyId },
    unseen: namedInTask,
  },
  'Task.owner': {
    document: task('owner { id name }'),
    at: 'task.owner',
    seen: { as: 'external', variables: onTask, id: memberOf('admin') },
    unseen: namedInTask,
  },
  'Task.solver': {
    document: task('solver { id name }'),
    at: 'task.solver',
    seen: { as: 'external', variables: onTask, id: memberOf('solver') },
    unseen: namedInTask,
  },
  'Task.awaitedMember': {
    document: task('awaitedMember { id name }'),
    at: 'task.awaitedMember',
    seen: { as: 'external', variables: onAwaitingEditor, id: memberOf('editor') },
    unseen: namedInTask,
  },
  'TaskChange.task': 'tried event by event, with the streams',
  'FollowedChange.task': 'tried event by event, with the streams',
  'Comment.task': {
    document: 'query ($id: ID!) { node(id: $id) { ... on Comment { task { id title } } } }',
    at: 'node.task',
    seen: { as: 'external', variables: (side) => ({ id: side.comment.id }), id: (side) => side.task.id },
    unseen: 'a comment is seen only under a task that is seen',
  },
  'Comment.author': {
    document: 'query ($id: ID!) { node(id: $id) { ... on Comment { author { id name } } } }',
    at: 'node.author',
    seen: { as: 'external', variables: (side) => ({ id: side.comment.id }), id: memberOf('editor') },
    unseen: 'whoever sees a comment sees who wrote it',
  },
  'Comment.integration': {
    document: 'query ($id: ID!) { node(id: $id) { ... on Comment { integration { id name } } } }',
    at: 'node.integration',
    seen: { as: 'external', variables: (side) => ({ id: side.keysComment.id }), id: (side) => side.keyId },
    unseen: 'whoever sees a comment sees who wrote it',
  },
  'ApiKey.createdBy': {
    document: 'query ($id: ID!) { node(id: $id) { ... on ApiKey { createdBy { id name } } } }',
    at: 'node.createdBy',
    seen: { as: 'admin', variables: (side) => ({ id: side.keyId }), id: memberOf('admin') },
    unseen: 'administrators see every key and the whole directory',
  },
  'SupportGrant.grantedBy': {
    document: 'query ($id: ID!) { node(id: $id) { ... on SupportGrant { grantedBy { id name } } } }',
    at: 'node.grantedBy',
    seen: { as: 'admin', variables: (side) => ({ id: side.supportId }), id: memberOf('admin') },
    unseen: 'administrators see every grant and the whole directory',
  },
  'EntryPoint.openedBy': {
    document: '{ entryPoints(kind: SUPPORT, first: 1) { nodes { openedBy { id name } } } }',
    at: 'entryPoints.nodes.0.openedBy',
    seen: { as: 'admin', id: memberOf('admin') },
    unseen: 'administrators see every way in and the whole directory',
  },
  'Follow.task': {
    document: 'query ($id: ID!) { node(id: $id) { ... on Follow { task { id title description } } } }',
    at: 'node.task',
    seen: { as: 'admin', variables: (side) => ({ id: side.follow.id }), id: (side) => side.task.id },
    unseen: { as: 'admin', variables: (side) => ({ id: side.withdrawnFollow.id }) },
  },
  'Follow.grantedBy': {
    document: 'query ($id: ID!) { node(id: $id) { ... on Follow { grantedBy { id name } } } }',
    at: 'node.grantedBy',
    seen: { as: 'admin', variables: (side) => ({ id: side.follow.id }), id: memberOf('admin') },
    unseen: 'administrators see every follow and the whole directory',
  },
  'Invitation.invitedBy': {
    document: 'query ($id: ID!) { node(id: $id) { ... on Invitation { invitedBy { id name } } } }',
    at: 'node.invitedBy',
    seen: { as: 'admin', variables: (side) => ({ id: side.invitation.id }), id: memberOf('admin') },
    unseen: 'administrators see every invitation and the whole directory',
  },
  'AuditEntry.actor': {
    document: '{ auditLog(first: 1, filter: { action: { eq: "follow.granted" } }) { nodes { actor { id name } } } }',
    at: 'auditLog.nodes.0.actor',
    seen: { as: 'admin', id: memberOf('admin') },
    unseen: 'administrators see the whole log and the whole directory',
  },
  'AuditEntry.integration': "what a program was refused is tried with the keys' own tests",
  'History.integration': {
    document: task('history(first: 1) { nodes { integration { id name } } }'),
    at: 'task.history.nodes.0.integration',
    seen: { as: 'editor', variables: (side) => ({ id: side.keysTask.id }), id: (side) => side.keyId },
    unseen: 'what programs are called everybody in the company may know',
  },
  'SingleSignOn.provider': {
    document: '{ singleSignOn { provider { id issuer clientId } } }',
    at: 'singleSignOn.provider',
    seen: { as: 'admin', id: (side) => side.ssoProvider.id },
    unseen: 'it is for administrators, who see all of it',
  },
  'History.actor': {
    document: task('history(first: 1) { nodes { actor { id name } } }'),
    at: 'task.history.nodes.0.actor',
    seen: { as: 'editor', variables: onAwaitingEditor, id: memberOf('admin') },
    unseen: 'the history is for internal members, who find the whole directory',
  },
  'Project.manager': {
    document: 'query ($id: ID!) { project(id: $id) { manager { id name } } }',
    at: 'project.manager',
    seen: { as: 'external', variables: (side) => ({ id: side.project.id }), id: memberOf('admin') },
    unseen: 'whoever sees a project shares it with its manager',
  },
  'Project.workspace': {
    document: 'query ($id: ID!) { project(id: $id) { workspace { id name } } }',
    at: 'project.workspace',
    seen: { as: 'editor', variables: (side) => ({ id: side.project.id }), id: (side) => side.workspaceId },
    // `workspaces` and `node` keep workspaces from externals; so must the way through a project.
    unseen: { as: 'external', variables: (side) => ({ id: side.project.id }) },
  },
  'Membership.company': {
    document: '{ companies { company { id name } } }',
    at: 'companies.0.company',
    seen: { as: 'external', id: (side) => side.companyId },
    unseen: ownOnly,
  },
  'ViewerProfile.user': {
    document: '{ viewer { user { id name email } } }',
    at: 'viewer.user',
    seen: { as: 'editor', id: (side) => side.people.editor.viewer.userId },
    unseen: ownOnly,
  },
  'ViewerProfile.member': {
    document: '{ viewer { member { id name email } } }',
    at: 'viewer.member',
    seen: { as: 'editor', id: memberOf('editor') },
    unseen: ownOnly,
  },
  'UserPreferences.defaultView': {
    document: '{ viewer { preferences { defaultView { id name filter } } } }',
    at: 'viewer.preferences.defaultView',
    seen: { as: 'editor', id: (side) => side.view.id },
    unseen: ownOnly,
  },
};

const PAGE = 'edges { node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

/** Every field that answers many. Pages are of one row, so that a second row would show in `hasNextPage`. */
export const listCases: Record<string, List> = {
  'Query.nodes': {
    document: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Task { title } ... on Project { name } } }',
    at: 'nodes',
    seen: {
      as: 'editor',
      variables: (side) => ({ ids: [side.hiddenTask.id, side.task.id, side.privateTask.id] }),
      has: (side) => side.task.id,
    },
    unseen: {
      as: 'external',
      variables: (side) => ({ ids: [side.internalTask.id, side.hiddenProject.id, side.workspaceId] }),
      ids: () => [],
    },
  },
  'Query.projects': {
    document: `{ projects(first: 1) { nodes { id name } ${PAGE} } }`,
    at: 'projects',
    seen: { as: 'editor', has: (side) => side.project.id },
    unseen: { as: 'outsider', ids: () => [] },
  },
  'Query.tasks': {
    document: `query ($id: ID!) { tasks(projectId: $id, first: 1) { nodes { id title } ${PAGE} } }`,
    at: 'tasks',
    seen: { as: 'editor', variables: (side) => ({ id: side.internalProject.id }), has: (side) => side.internalTask.id },
    unseen: { as: 'external', variables: (side) => ({ id: side.internalProject.id }), ids: () => [] },
  },
  'ProjectStats.byStatus': {
    document: 'query ($id: ID!) { projectStats(projectId: $id) { byStatus { status count } } }',
    at: 'projectStats.byStatus',
    seen: { as: 'editor', variables: (side) => ({ id: side.internalProject.id }), has: () => 'NEW' },
    unseen: { as: 'external', variables: (side) => ({ id: side.internalProject.id }), ids: () => [] },
  },
  'Query.members': {
    document: `{ members(first: 1) { nodes { id name email } ${PAGE} } }`,
    at: 'members',
    seen: { as: 'editor', has: memberOf('admin') },
    unseen: { as: 'loner', ids: (side) => [side.people.loner.member.id] },
  },
  'Query.auditLog': {
    document: `{ auditLog(first: 100) { nodes { action objectId } ${PAGE} } }`,
    at: 'auditLog',
    seen: { as: 'admin', has: (side) => side.follow.id },
    unseen: { as: 'manager', refusal: 'ROLE_REQUIRED' },
  },
  'Query.entryPoints': {
    document: `{ entryPoints(kind: FOLLOW, first: 100) { nodes { id name } ${PAGE} } }`,
    at: 'entryPoints',
    seen: { as: 'admin', has: (side) => side.follow.id },
    unseen: { as: 'manager', refusal: 'ROLE_REQUIRED' },
  },
  'Query.entryPointCounts': {
    document: '{ entryPointCounts { kind count } }',
    at: 'entryPointCounts',
    seen: { as: 'admin', has: () => 'API_KEY' },
    unseen: { as: 'manager', refusal: 'ROLE_REQUIRED' },
  },
  'Query.apiKeys': {
    document: `{ apiKeys(first: 100) { nodes { id name } ${PAGE} } }`,
    at: 'apiKeys',
    seen: { as: 'admin', has: (side) => side.keyId },
    unseen: { as: 'manager', refusal: 'ROLE_REQUIRED' },
  },
  'ApiKey.secrets': {
    document: '{ apiKeys(first: 100) { nodes { secrets { prefix expiresAt } } } }',
    at: 'apiKeys.nodes',
    seen: { as: 'admin', has: () => 'aliteo_key_' },
    unseen: { as: 'manager', refusal: 'ROLE_REQUIRED' },
  },
  'Query.follows': {
    document: `{ follows(first: 100) { nodes { id label } ${PAGE} } }`,
    at: 'follows',
    seen: { as: 'admin', has: (side) => side.follow.id },
    unseen: { as: 'manager', ids: () => [] },
  },
  'Follow.followers': {
    document: `query ($id: ID!) { node(id: $id) { ... on Follow { followers(first: 100) { nodes { id followId } ${PAGE} } } } }`,
    at: 'node.followers',
    seen: { as: 'admin', variables: (side) => ({ id: side.follow.id }), has: (side) => side.followerId },
    // To whom no follow is shown, no follower is; by another follow nobody has come in.
    unseen: { as: 'admin', variables: (side) => ({ id: side.hiddenFollow.id }), ids: () => [] },
  },
  'SingleSignOn.domains': {
    document: '{ singleSignOn { domains { id domain challenge } } }',
    at: 'singleSignOn.domains',
    seen: { as: 'admin', has: (side) => side.ssoDomain.id },
    unseen: { as: 'manager', refusal: 'ROLE_REQUIRED' },
  },
  'Query.invitations': {
    document: `{ invitations(first: 100) { nodes { id email } ${PAGE} } }`,
    at: 'invitations',
    seen: { as: 'admin', has: (side) => side.invitation.id },
    unseen: { as: 'manager', refusal: 'ROLE_REQUIRED' },
  },
  'Query.myInvitations': {
    document: '{ myInvitations { id company invitedBy note } }',
    at: 'myInvitations',
    seen: { as: 'solver', has: (side) => side.solversOffer },
    unseen: { as: 'manager', ids: () => [] },
  },
  'Query.workspaces': {
    document: '{ workspaces { id name } }',
    at: 'workspaces',
    seen: { as: 'editor', has: (side) => side.workspaceId },
    unseen: { as: 'external', ids: () => [] },
  },
  'Query.companies': {
    document: '{ companies { memberId company { id name } } }',
    at: 'companies',
    seen: { as: 'external', has: (side) => side.companyId },
    unseen: { as: 'loner', ids: (side) => [side.companyId] },
  },
  'Query.sessions': {
    document: '{ sessions { id device } }',
    at: 'sessions',
    seen: { as: 'editor', has: (side) => side.editorsSession },
    unseen: { as: 'admin', ids: () => [] },
  },
  'Task.comments': {
    document: task(`comments(first: 1) { nodes { id body } ${PAGE} }`),
    at: 'task.comments',
    seen: { as: 'editor', variables: (side) => ({ id: side.confidedTask.id }), has: (side) => side.internalComment.id },
    unseen: { as: 'external', variables: (side) => ({ id: side.confidedTask.id }), ids: () => [] },
  },
  'Task.history': {
    document: task(`history(first: 100) { nodes { id type } ${PAGE} }`),
    at: 'task.history',
    seen: { as: 'editor', variables: onTask, has: () => 'history_' },
    unseen: { as: 'external', variables: onTask, refusal: 'INTERNAL_ONLY' },
  },
  'History.changes': {
    document: task('history(first: 1) { nodes { changes { field before after } } }'),
    at: 'task.history.nodes.0.changes',
    seen: { as: 'admin', variables: (side) => ({ id: side.awaitsTask.id }), has: (side) => side.hiddenTask.id },
    // What a task waits for is null for who does not see it; its history must not tell it all the same.
    unseen: {
      as: 'editor',
      variables: (side) => ({ id: side.awaitsTask.id }),
      ids: () => [],
      never: (side) => side.hiddenTask.id,
    },
  },
  'ViewerProfile.views': {
    document: '{ viewer { views { id name filter } } }',
    at: 'viewer.views',
    seen: { as: 'editor', has: (side) => side.view.id },
    unseen: { as: 'manager', ids: () => [] },
  },
};
