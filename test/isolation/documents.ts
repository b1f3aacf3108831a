// What the cases ask: each document shows as much of what it finds as it can.

export const TASK = `id key title description project { name } author { name email } owner { name email } solver { name email }
  awaitedMember { name } awaitedProject { name } awaitedTask { title } comments(first: 10) { nodes { body author { name } followerName } }`;
const PAGE = 'edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

const ANY_NODE = `{ __typename id
  ... on ApiKey { name secrets { prefix } createdBy { name } }
  ... on Comment { body writtenBy: author { name } task { ${TASK} } }
  ... on Company { name }
  ... on Follower { createdAt lastSeenAt endedAt followId address: email }
  ... on Invitation { email note invitedBy { name } }
  ... on Follow { label grantedBy { name } followedTask: task { ${TASK} } followedProject: project { key name } }
  ... on Member { name email }
  ... on PersonalView { name filter }
  ... on Project { name description manager { name } workspace { name } }
  ... on SsoDomain { domain challenge recordName }
  ... on SsoProvider { issuer clientId hasSecret }
  ... on SupportGrant { reason supportBy: grantedBy { name } }
  ... on Task { ${TASK} }
  ... on User { name email }
  ... on Workspace { name } }`;
export const NODE = `query ($id: ID!) { node(id: $id) ${ANY_NODE} }`;
export const NODES = `query ($ids: [ID!]!) { nodes(ids: $ids) ${ANY_NODE} }`;

const mutation = (name: string, selection: string) =>
  `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selection} userErrors { field code message } } }`;

export const CREATE_PROJECT = mutation('createProject', 'project { id name description workspace { name } }');
export const SET_PERMISSION = mutation('setProjectPermission', 'project { id name description manager { name } }');
export const CREATE_TASK = mutation('createTask', `task { ${TASK} }`);
export const UPDATE_TASK = mutation('updateTask', `task { ${TASK} }`);
export const UPDATE_TASKS = mutation('updateTasks', `tasks { ${TASK} }`);
export const ASSIGN_TASK = mutation('assignTask', `task { ${TASK} }`);
export const MOVE_TASK = mutation('moveTask', `task { ${TASK} }`);
export const ADD_COMMENT = mutation('addComment', `comment { id body author { name } task { ${TASK} } }`);
export const GRANT_FOLLOW = mutation('grantFollow', `url secret follow { id label task { ${TASK} } }`);
export const REVOKE_FOLLOW = mutation('revokeFollow', `follow { id label task { ${TASK} } }`);
export const ROTATE_KEY = mutation('rotateApiKey', 'secret apiKey { id name }');
export const REVOKE_KEY = mutation('revokeApiKey', 'apiKey { id name }');
export const END_ENTRY_POINT = mutation('endEntryPoint', 'entryPoint { id kind name }');
export const END_FOLLOWS = mutation('endFollows', `follows { id label task { ${TASK} } }`);
export const INVITE_FOLLOWER = mutation('inviteFollower', 'follower { id followId email }');
export const END_FOLLOWER = mutation('endFollower', 'follower { id followId }');
export const UPDATE_MEMBER = mutation('updateMember', 'member { id name email }');
export const REACTIVATE_MEMBER = mutation('reactivateMember', 'member { id name email }');
export const DEACTIVATE_MEMBER = mutation('deactivateMember', 'member { id name email }');
export const RESEND_INVITATION = mutation('resendInvitation', 'invitation { id email note invitedBy { name } }');
export const REVOKE_INVITATION = mutation('revokeInvitation', 'invitation { id email note invitedBy { name } }');
export const ACCEPT_INVITATION = mutation('acceptInvitation', 'membership { memberId company { id name } }');
export const DECLINE_INVITATION = mutation('declineInvitation', 'invitation { id company invitedBy note }');
export const SAVE_VIEW = mutation('savePersonalView', 'view { id name filter }');
export const UPDATE_PREFERENCES = mutation('updatePreferences', 'preferences { defaultView { id name filter } }');

export const VERIFY_DOMAIN = mutation('verifyDomain', 'domain { id domain challenge }');
export const RELEASE_DOMAIN = mutation('releaseDomain', 'domainId');
export const REMOVE_PROVIDER = mutation('removeSsoProvider', 'providerId');

export const END_SESSION = mutation('endSession', 'session { id device }');

export const PROJECT =
  'query ($id: ID!) { project(id: $id) { id name description manager { name email } workspace { name } } }';
export const TASK_QUERY = `query ($id: ID!) { task(id: $id) { ${TASK} } }`;
/** A list's pages from both ends. */
export type Paged = (end: 'after' | 'before') => string;
const sizeOf = { after: 'first', before: 'last' };
const pagedBy =
  (variables: string, around: (args: string) => string): Paged =>
  (end) =>
    `query (${variables}$${end}: String) { ${around(`${sizeOf[end]}: 1, ${end}: $${end}`)} }`;

export const TASKS_BY = pagedBy('$projectId: ID!, $filter: TaskFilter, ', (page) => {
  return `tasks(projectId: $projectId, filter: $filter, ${page}) { nodes { ${TASK} } ${PAGE} }`;
});
export const TASKS = TASKS_BY('after').replace('first: 1', 'first: 3');
export const MEMBERS = pagedBy('', (page) => `members(${page}) { nodes { id name email } ${PAGE} }`);
export const PROJECTS_BY = pagedBy('$filter: ProjectFilter, ', (page) => {
  return `projects(filter: $filter, ${page}) { nodes { id name manager { name } } ${PAGE} }`;
});
export const PROJECTS = PROJECTS_BY('after').replace('first: 1', 'first: 3');
export const API_KEYS = pagedBy('', (page) => `apiKeys(${page}) { nodes { id name } ${PAGE} }`);
export const ENTRY_POINTS = pagedBy('$kind: EntryPointKind!, ', (page) => {
  return `entryPoints(kind: $kind, ${page}) { nodes { id name openedBy { name } } ${PAGE} }`;
});
export const FOLLOWS = pagedBy('', (page) => `follows(${page}) { nodes { id label } ${PAGE} }`);
export const FOLLOWERS_BY = pagedBy(
  '$id: ID!, ',
  (page) => `node(id: $id) { ... on Follow { followers(${page}) { nodes { id followId } ${PAGE} } } }`,
);
export const INVITATIONS = pagedBy('', (page) => `invitations(${page}) { nodes { id email note } ${PAGE} }`);
export const AUDIT_BY = pagedBy('$filter: AuditFilter, ', (page) => {
  return `auditLog(filter: $filter, ${page}) { nodes { number action details actor { name } } ${PAGE} }`;
});
export const AUDIT = AUDIT_BY('after').replace('first: 1', 'first: 3');
export const COMMENTS = pagedBy(
  '$id: ID!, ',
  (page) => `task(id: $id) { comments(${page}) { nodes { body } ${PAGE} } }`,
);
export const HISTORY = pagedBy('$id: ID!, ', (page) => `task(id: $id) { history(${page}) { nodes { type } ${PAGE} } }`);
export const TASK_CHANGED = `subscription ($projectId: ID!, $after: String) {
  taskChanged(projectId: $projectId, after: $after) { kind cursor taskId task { ${TASK} } } }`;
export const FOLLOWED_CHANGED =
  'subscription ($after: String) { followedChanged(after: $after) { kind cursor task { id title } } }';
