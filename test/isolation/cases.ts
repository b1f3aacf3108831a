import { type Case, notMember, paged, refused, streamed } from './case.js';
import {
  ACCEPT_INVITATION,
  API_KEYS,
  AUDIT_BY,
  COMMENTS,
  CREATE_PROJECT,
  DEACTIVATE_MEMBER,
  DECLINE_INVITATION,
  END_ENTRY_POINT,
  END_SESSION,
  ENTRY_POINTS,
  HISTORY,
  INVITATIONS,
  MEMBERS,
  PROJECT,
  PROJECTS_BY,
  REACTIVATE_MEMBER,
  RELEASE_DOMAIN,
  REMOVE_PROVIDER,
  RESEND_INVITATION,
  REVOKE_INVITATION,
  REVOKE_KEY,
  ROTATE_KEY,
  SAVE_VIEW,
  SET_PERMISSION,
  TASK_CHANGED,
  TASK_QUERY,
  TASKS,
  TASKS_BY,
  UPDATE_MEMBER,
  UPDATE_PREFERENCES,
  VERIFY_DOMAIN,
} from './documents.js';
import { followCases } from './follow-cases.js';
import {
  hiddenFromAdmins,
  hiddenFromExternals,
  hiddenProjects,
  hiddenTasks,
  wholeDirectory,
  wholeSignIn,
} from './hidden.js';
import { filterCases, minCursorCases } from './list-cases.js';
import { amongMany, nodeCases } from './node-cases.js';
import type { Side } from './sides.js';
import { taskCases } from './task-cases.js';

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
      as: 'program',
      document: TASK_QUERY,
      at: 'id',
      variables: (side) => ({ id: side.hiddenTask.id }),
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
  ...paged('Query.auditLog', 'admin', AUDIT_BY),
  ...paged('Query.apiKeys', 'admin', API_KEYS),
  ...paged('Query.entryPoints', 'admin', ENTRY_POINTS, () => ({ kind: 'MEMBER' })),
  ...paged('Query.invitations', 'admin', INVITATIONS),
  ...paged('Task.comments', 'editor', COMMENTS, (side) => ({ id: side.task.id })),
  ...paged('Task.history', 'editor', HISTORY, (side) => ({ id: side.task.id })),
  ...followCases,
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
  'Mutation.updateMember.input.memberId': refused({
    as: 'admin',
    document: UPDATE_MEMBER,
    at: 'input.memberId',
    variables: async (side) => ({ input: { memberId: (await side.freshMember()).member.id, role: 'SUPERVISOR' } }),
    hidden: wholeDirectory,
  }),
  'Mutation.reactivateMember.input.memberId': refused({
    as: 'admin',
    document: REACTIVATE_MEMBER,
    at: 'input.memberId',
    variables: async (side) => ({ input: { memberId: (await side.freshMember()).member.id } }),
    hidden: wholeDirectory,
  }),
  'Mutation.deactivateMember.input.memberId': refused({
    as: 'admin',
    document: DEACTIVATE_MEMBER,
    at: 'input.memberId',
    variables: async (side) => ({ input: { memberId: (await side.freshMember()).member.id } }),
    hidden: wholeDirectory,
  }),

  'Mutation.verifyDomain.input.domainId': refused({
    as: 'admin',
    document: VERIFY_DOMAIN,
    at: 'input.domainId',
    variables: async (side) => ({ input: { domainId: (await side.freshDomain()).id } }),
    hidden: wholeSignIn,
  }),
  'Mutation.releaseDomain.input.domainId': refused({
    as: 'admin',
    document: RELEASE_DOMAIN,
    at: 'input.domainId',
    variables: async (side) => ({ input: { domainId: (await side.freshDomain()).id } }),
    hidden: wholeSignIn,
  }),
  'Mutation.removeSsoProvider.input.providerId': refused({
    as: 'admin',
    document: REMOVE_PROVIDER,
    at: 'input.providerId',
    variables: async (side) => ({ input: { providerId: (await side.freshProvider()).id } }),
    hidden: wholeSignIn,
  }),

  ...taskCases,

  'Mutation.endEntryPoint.input.id': [
    refused({
      as: 'admin',
      document: END_ENTRY_POINT,
      at: 'input.id',
      variables: async (side) => ({ input: { id: (await side.freshKey()).id } }),
      hidden: 'administrators see every way in',
    }),
    refused({
      as: 'admin',
      document: END_ENTRY_POINT,
      at: 'input.id',
      variables: async (side) => ({ input: { id: (await side.freshMember()).member.id } }),
      hidden: { 'what is no way in': (side) => side.project.id },
    }),
    refused({
      as: 'admin',
      document: END_ENTRY_POINT,
      at: 'input.id',
      variables: async (side) => ({ input: { id: (await side.freshSupport()).id } }),
      hidden: 'administrators see every way in',
    }),
  ],
  'Mutation.rotateApiKey.input.keyId': refused({
    as: 'admin',
    document: ROTATE_KEY,
    at: 'input.keyId',
    variables: async (side) => ({ input: { keyId: (await side.freshKey()).id } }),
    hidden: 'administrators see every key',
  }),
  'Mutation.revokeApiKey.input.keyId': refused({
    as: 'admin',
    document: REVOKE_KEY,
    at: 'input.keyId',
    variables: async (side) => ({ input: { keyId: (await side.freshKey()).id } }),
    hidden: 'administrators see every key',
  }),

  'Mutation.resendInvitation.input.invitationId': refused({
    as: 'admin',
    document: RESEND_INVITATION,
    at: 'input.invitationId',
    variables: async (side) => ({ input: { invitationId: await side.freshInvitation() } }),
    hidden: 'administrators see every invitation',
  }),
  'Mutation.revokeInvitation.input.invitationId': refused({
    as: 'admin',
    document: REVOKE_INVITATION,
    at: 'input.invitationId',
    variables: async (side) => ({ input: { invitationId: await side.freshInvitation() } }),
    hidden: 'administrators see every invitation',
  }),
  'Mutation.acceptInvitation.input.invitationId': refused({
    as: 'outsider',
    document: ACCEPT_INVITATION,
    at: 'input.invitationId',
    variables: async (side) => ({ input: { invitationId: await side.freshOffer() } }),
    hidden: { 'an invitation to another address': (side) => side.colleaguesOffer },
  }),
  'Mutation.declineInvitation.input.invitationId': refused({
    as: 'outsider',
    document: DECLINE_INVITATION,
    at: 'input.invitationId',
    variables: async (side) => ({ input: { invitationId: await side.freshOffer() } }),
    hidden: { 'an invitation to another address': (side) => side.colleaguesOffer },
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

  'Mutation.endSession.input.sessionId': refused({
    as: 'editor',
    document: END_SESSION,
    at: 'input.sessionId',
    variables: async (side) => ({ input: { sessionId: await side.freshSession() } }),
    hidden: { "another user's session": (side) => side.colleaguesSession },
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
};
