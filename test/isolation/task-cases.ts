import { type Case, notMember, refused } from './case.js';
import { ADD_COMMENT, ASSIGN_TASK, CREATE_TASK, MOVE_TASK, UPDATE_TASK, UPDATE_TASKS } from './documents.js';
import { hiddenFromAdmins, hiddenMembers, hiddenProjects, hiddenTasks, wholeDirectory } from './hidden.js';
import type { Side } from './sides.js';

// Every place of the commands on tasks.

const onFreshTask = async (side: Side, more: object) => ({ input: { taskId: (await side.freshTask()).id, ...more } });

export const taskCases: Record<string, Case | Case[]> = {
  'Mutation.createTask.input.projectId': refused({
    as: 'editor',
    document: CREATE_TASK,
    at: 'input.projectId',
    variables: (side) => ({ input: { projectId: side.project.id, title: 'New' } }),
    hidden: hiddenProjects,
  }),
  'Mutation.createTask.input.ownerId': notMember({
    as: 'external',
    document: CREATE_TASK,
    at: 'input.ownerId',
    variables: (side) => ({
      input: { projectId: side.project.id, title: 'New', ownerId: side.people.colleague.member.id },
    }),
    hidden: hiddenMembers,
  }),
  'Mutation.updateTask.input.taskId': [
    refused({
      as: 'editor',
      document: UPDATE_TASK,
      at: 'input.taskId',
      variables: (side) => onFreshTask(side, { title: 'Changed' }),
      hidden: hiddenTasks,
    }),
    refused({
      as: 'program',
      document: UPDATE_TASK,
      at: 'input.taskId',
      variables: (side) => onFreshTask(side, { title: 'Changed' }),
      hidden: hiddenFromAdmins,
    }),
  ],
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
};
