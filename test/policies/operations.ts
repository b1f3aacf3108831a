/** What an operation is asked about. */
export interface Ids {
  task: string;
  project: string;
  workspace: string;
  member: string;
  follow: string;
  apiKey: string;
  follower: string;
  session: string;
  /** To somebody else. */
  invitation: string;
  /** Of nobody yet. */
  address: string;
  key: string;
  /** Claimed, and with its record; and what is not claimed yet. */
  domain: string;
  newDomain: string;
  provider: string;
  /** The issuer, or the provider's certificate, that a company may have for its own. */
  issuer: string;
  certificate: string;
}

/** How each is asked. What an operation uses up is new in every try. */
export const DOCUMENTS: Record<string, (ids: Ids) => string> = {
  'Query.viewer': () => '{ viewer { user { id } } }',
  'Query.rateLimit': () => '{ rateLimit { remaining } }',
  'Query.companies': () => '{ companies { role } }',
  'Query.sessions': () => '{ sessions { id } }',
  'Query.members': () => '{ members(first: 5) { nodes { id } } }',
  'Query.workspaces': () => '{ workspaces { id } }',
  'Query.projects': () => '{ projects(first: 5) { nodes { id } } }',
  'Query.project': ({ project }) => `{ project(id: "${project}") { id } }`,
  'Query.tasks': ({ project }) => `{ tasks(projectId: "${project}", first: 5) { nodes { id } } }`,
  'Query.projectStats': ({ project }) => `{ projectStats(projectId: "${project}") { taskCount } }`,
  'Query.task': ({ task }) => `{ task(id: "${task}") { id } }`,
  'Query.node': ({ task }) => `{ node(id: "${task}") { id } }`,
  // What is absent is null in its place.
  'Query.nodes': ({ task }) => `{ nodes(ids: ["${task}"]) { id } }`,
  'Query.follows': () => '{ follows(first: 5) { nodes { id } } }',
  'Query.apiKeys': () => '{ apiKeys(first: 5) { nodes { id name secrets { prefix } } } }',
  'Query.auditLog': () => '{ auditLog(first: 5) { nodes { action } } }',
  'Query.singleSignOn': () => '{ singleSignOn { callbackUrl } }',
  'Query.invitations': () => '{ invitations(first: 5) { nodes { id } } }',
  'Query.myInvitations': () => '{ myInvitations { id } }',
  'Query.followed': () => '{ followed { task { title } } }',
  // A session of somebody else's, who stays signed in.
  'Mutation.endSession': ({ session }) => mutation('endSession', `sessionId: "${session}"`),
  'Mutation.endSessions': () => mutation('endSessions', ''),
  'Mutation.createTask': ({ project, member }) =>
    mutation('createTask', `projectId: "${project}", title: "T", privacy: PUBLIC, ownerId: "${member}"`),
  'Mutation.updateTask': ({ task }) => mutation('updateTask', `taskId: "${task}", title: "T"`),
  'Mutation.updateTasks': ({ task }) => mutation('updateTasks', `tasks: [{ taskId: "${task}", title: "T" }]`),
  'Mutation.assignTask': ({ task, member }) => mutation('assignTask', `taskId: "${task}", solverId: "${member}"`),
  'Mutation.moveTask': ({ task }) => mutation('moveTask', `taskId: "${task}", status: IN_PROGRESS`),
  'Mutation.addComment': ({ task }) => mutation('addComment', `taskId: "${task}", body: "C"`),
  'Mutation.setProjectPermission': ({ project, member }) =>
    mutation('setProjectPermission', `projectId: "${project}", memberId: "${member}", level: VIEW`),
  'Mutation.createProject': ({ workspace, key, member }) =>
    mutation('createProject', `workspaceId: "${workspace}", key: "${key}", name: "P", managerId: "${member}"`),
  'Mutation.inviteMembers': ({ address }) => mutation('inviteMembers', `emails: ["${address}"]`),
  'Mutation.resendInvitation': ({ invitation }) => mutation('resendInvitation', `invitationId: "${invitation}"`),
  'Mutation.revokeInvitation': ({ invitation }) => mutation('revokeInvitation', `invitationId: "${invitation}"`),
  'Mutation.acceptInvitation': ({ invitation }) => mutation('acceptInvitation', `invitationId: "${invitation}"`),
  'Mutation.declineInvitation': ({ invitation }) => mutation('declineInvitation', `invitationId: "${invitation}"`),
  'Mutation.updateMember': ({ member }) => mutation('updateMember', `memberId: "${member}", role: SUPERVISOR`),
  'Mutation.reactivateMember': ({ member }) => mutation('reactivateMember', `memberId: "${member}"`),
  'Mutation.deactivateMember': ({ member }) => mutation('deactivateMember', `memberId: "${member}"`),
  'Query.entryPoints': () => '{ entryPoints(kind: MEMBER, first: 5) { nodes { id name openedBy { id } lastUsedAt } } }',
  'Query.entryPointCounts': () => '{ entryPointCounts { kind count } }',
  'Mutation.endEntryPoint': ({ follow }) => mutation('endEntryPoint', `id: "${follow}"`),
  'Mutation.grantSupport': () => mutation('grantSupport', 'hours: 1'),
  'Mutation.createApiKey': () =>
    mutation('createApiKey', `name: "K", scopes: [TASKS_READ], expiresAt: "${new Date(Date.now() + 60_000).toJSON()}"`),
  'Mutation.rotateApiKey': ({ apiKey }) => mutation('rotateApiKey', `keyId: "${apiKey}"`),
  'Mutation.revokeApiKey': ({ apiKey }) => mutation('revokeApiKey', `keyId: "${apiKey}"`),
  'Mutation.grantFollow': ({ task }) => mutation('grantFollow', `taskId: "${task}"`),
  'Mutation.revokeFollow': ({ follow }) => mutation('revokeFollow', `followId: "${follow}"`),
  'Mutation.endFollows': ({ task }) => mutation('endFollows', `taskId: "${task}"`),
  'Mutation.inviteFollower': ({ follow, address }) =>
    mutation('inviteFollower', `followId: "${follow}", email: "${address}"`),
  'Mutation.endFollower': ({ follower }) => mutation('endFollower', `followerId: "${follower}"`),
  'Mutation.addFollowerComment': () => mutation('addFollowerComment', 'body: "C", name: "N"'),
  'Mutation.claimDomain': ({ newDomain }) => mutation('claimDomain', `domain: "${newDomain}"`),
  'Mutation.verifyDomain': ({ domain }) => mutation('verifyDomain', `domainId: "${domain}"`),
  'Mutation.releaseDomain': ({ domain }) => mutation('releaseDomain', `domainId: "${domain}"`),
  'Mutation.saveSsoProvider': ({ issuer }) => mutation('saveSsoProvider', `issuer: "${issuer}", clientId: "C"`),
  'Mutation.saveSamlProvider': ({ certificate }) =>
    mutation(
      'saveSamlProvider',
      `issuer: "I", signInUrl: "https://i.example", certificates: ${JSON.stringify(certificate)}`,
    ),
  'Mutation.removeSsoProvider': ({ provider }) => mutation('removeSsoProvider', `providerId: "${provider}"`),
  'Mutation.setSsoEnforced': () => mutation('setSsoEnforced', 'isEnforced: false'),
  'Mutation.foundCompany': () => mutation('foundCompany', 'name: "C"'),
  'Mutation.savePersonalView': () => mutation('savePersonalView', 'name: "V", filter: {}'),
  'Mutation.updatePreferences': () => mutation('updatePreferences', 'locale: "cs"'),
  'Subscription.taskChanged': ({ project }) => `subscription { taskChanged(projectId: "${project}") { kind } }`,
  'Subscription.projectStatsChanged': ({ project }) =>
    `subscription { projectStatsChanged(projectId: "${project}") { kind } }`,
  'Subscription.followedChanged': () => 'subscription { followedChanged { kind } }',
};

function mutation(name: string, input: string): string {
  return `mutation { ${name}(input: { ${input} }) { userErrors { code message } } }`;
}
