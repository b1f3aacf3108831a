import { type Case, paged, refused, streamed } from './case.js';
import {
  END_FOLLOWER,
  END_FOLLOWS,
  FOLLOWED_CHANGED,
  FOLLOWERS_BY,
  FOLLOWS,
  GRANT_FOLLOW,
  INVITE_FOLLOWER,
  REVOKE_FOLLOW,
} from './documents.js';
import { hiddenFromAdmins } from './hidden.js';
import type { Side } from './sides.js';

// Every place of the follows, by which somebody without an account is shown one object.

const onFreshTask = async (side: Side) => ({ input: { taskId: (await side.freshTask()).id } });

export const followCases: Record<string, Case | Case[]> = {
  'Mutation.grantFollow.input.taskId': refused({
    as: 'admin',
    document: GRANT_FOLLOW,
    at: 'input.taskId',
    variables: onFreshTask,
    hidden: hiddenFromAdmins,
  }),
  'Mutation.grantFollow.input.projectId': refused({
    as: 'admin',
    document: GRANT_FOLLOW,
    at: 'input.projectId',
    variables: (side) => ({ input: { projectId: side.project.id } }),
    hidden: 'administrators see every project',
  }),
  'Mutation.revokeFollow.input.followId': refused({
    as: 'admin',
    document: REVOKE_FOLLOW,
    at: 'input.followId',
    variables: async (side) => ({ input: { followId: (await side.freshFollow()).id } }),
    hidden: 'administrators see every follow',
  }),
  'Mutation.endFollows.input.taskId': refused({
    as: 'admin',
    document: END_FOLLOWS,
    at: 'input.taskId',
    variables: onFreshTask,
    hidden: hiddenFromAdmins,
  }),
  'Mutation.endFollows.input.projectId': refused({
    as: 'admin',
    document: END_FOLLOWS,
    at: 'input.projectId',
    variables: (side) => ({ input: { projectId: side.hiddenProject.id } }),
    hidden: 'administrators see every project',
  }),
  'Mutation.inviteFollower.input.followId': refused({
    as: 'admin',
    document: INVITE_FOLLOWER,
    at: 'input.followId',
    variables: async (side) => ({ input: { followId: (await side.freshFollow()).id, email: 'invited@example.com' } }),
    hidden: 'administrators see every follow',
  }),
  'Mutation.endFollower.input.followerId': refused({
    as: 'admin',
    document: END_FOLLOWER,
    at: 'input.followerId',
    variables: async (side) => ({ input: { followerId: await side.freshFollower() } }),
    hidden: 'administrators see every follower',
  }),
  ...paged('Query.follows', 'admin', FOLLOWS),
  ...paged('Follow.followers', 'admin', FOLLOWERS_BY, (side) => ({ id: side.follow.id })),
  'Subscription.followedChanged.after': streamed('follower', FOLLOWED_CHANGED),
};
