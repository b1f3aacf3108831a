import { type Case, refused } from './case.js';
import { NODE, NODES } from './documents.js';
import {
  hiddenFromAdmins,
  hiddenFromExternals,
  hiddenMembers,
  hiddenProjects,
  hiddenTasks,
  wholeDirectory,
  wholeSignIn,
} from './hidden.js';
import type { Side, Who } from './sides.js';

const node = (as: Who, id: (side: Side) => string, hidden: Case['hidden']): Case =>
  refused({ as, document: NODE, at: 'id', hidden, variables: (side) => ({ id: id(side) }) });

/** How each kind of object is asked for by `node`. */
export const nodeCases: Record<string, Case[]> = {
  ApiKey: [node('admin', (side) => side.keyId, 'administrators see every key')],
  Comment: [
    node('program', (side) => side.internalComment.id, {
      'a comment under a private task': (side) => side.privateComment.id,
    }),
    node('editor', (side) => side.comment.id, {
      'a comment in a project without a right': (side) => side.hiddenComment.id,
      "a comment under a colleague's private task": (side) => side.privateComment.id,
    }),
    node('external', (side) => side.comment.id, { 'an internal comment': (side) => side.internalComment.id }),
  ],
  Company: [
    node('editor', (side) => side.companyId, { 'another company of the same person': (side) => side.elsewhereId }),
  ],
  Follower: [node('admin', (side) => side.followerId, 'administrators see every follower')],
  Follow: [node('admin', (side) => side.follow.id, 'administrators see every follow')],
  SsoDomain: [
    refused({
      as: 'admin',
      document: NODE,
      at: 'id',
      hidden: wholeSignIn,
      variables: async (side) => ({ id: (await side.freshDomain()).id }),
    }),
  ],
  SsoProvider: [
    refused({
      as: 'admin',
      document: NODE,
      at: 'id',
      hidden: wholeSignIn,
      variables: async (side) => ({ id: (await side.freshProvider()).id }),
    }),
  ],
  Invitation: [node('admin', (side) => side.invitation.id, 'administrators see every invitation')],
  Member: [
    node('editor', (side) => side.people.manager.member.id, wholeDirectory),
    node('external', (side) => side.people.manager.member.id, hiddenMembers),
  ],
  PersonalView: [node('editor', (side) => side.view.id, { "another user's view": (side) => side.colleaguesView.id })],
  Project: [
    node('editor', (side) => side.project.id, hiddenProjects),
    node('external', (side) => side.project.id, hiddenProjects),
  ],
  SupportGrant: [node('admin', (side) => side.supportId, 'administrators see every grant')],
  Task: [
    node('editor', (side) => side.task.id, hiddenTasks),
    node('external', (side) => side.task.id, hiddenFromExternals),
    node('admin', (side) => side.task.id, hiddenFromAdmins),
    node('program', (side) => side.hiddenTask.id, hiddenFromAdmins),
  ],
  User: [
    node('editor', (side) => side.people.editor.viewer.userId, {
      "another user's id": (side) => side.people.colleague.viewer.userId,
    }),
  ],
  Workspace: [node('editor', (side) => side.workspaceId, 'internal members see every workspace')],
};

/** The same asked for by `nodes`, behind the company, which every member sees. */
export const amongMany = (one: Case): Case => ({
  ...one,
  document: NODES,
  at: 'ids.1',
  answer: 'NULL',
  variables: async (side, node) => {
    const { id } = (await one.variables(side, node)) as { id: string };
    return { ids: [side.companyId, id] };
  },
});
