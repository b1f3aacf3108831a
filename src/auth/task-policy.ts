import type { Project } from '../entities/project.js';
import type { Row } from '../entities/rows.js';
import type { Task } from '../entities/task.js';
import type { Columns, Condition, Facts, Policy } from './rule.js';

export type TaskFact =
  | 'projectId'
  | 'projectManagerId'
  | 'projectVisibility'
  | 'privacy'
  | 'authorId'
  | 'ownerId'
  | 'solverId'
  | 'awaitedMemberId'
  | 'awaitedProjectId';

const notPrivate: Condition<TaskFact> = { isNot: 'privacy', value: 'PRIVATE' };
const inProject = (condition: Condition<TaskFact>): Condition<TaskFact> => ({ all: [notPrivate, condition] });

/** Who may do what with a task. A private one is open to its author and those named in it, and to nobody else. */
export const taskPolicy: Policy<TaskFact> = {
  rules: [
    { why: 'owner', where: { isViewer: 'ownerId' }, level: 'EDIT' },
    { why: 'solver', where: { isViewer: 'solverId' }, level: 'EDIT' },
    {
      why: 'author of a private task',
      where: { all: [{ isViewer: 'authorId' }, { is: 'privacy', oneOf: ['PRIVATE'] }] },
      level: 'EDIT',
    },
    { why: 'the person awaited', where: { isViewer: 'awaitedMemberId' }, level: 'COMMENT' },
    { why: 'administrator', who: (v) => v.isAdmin, where: notPrivate, level: 'MANAGE' },
    { why: 'supervisor of the company', who: (v) => v.isSupervisor, where: notPrivate, level: 'VIEW' },
    {
      why: "the project's manager",
      who: (v) => v.isInternal,
      where: inProject({ isViewer: 'projectManagerId' }),
      level: 'MANAGE',
    },
    { why: 'project MANAGE', where: inProject({ isGrantedProject: 'projectId', atLeast: 'MANAGE' }), level: 'MANAGE' },
    { why: 'project EDIT', where: inProject({ isGrantedProject: 'projectId', atLeast: 'EDIT' }), level: 'EDIT' },
    {
      why: 'project COMMENT',
      where: inProject({ isGrantedProject: 'projectId', atLeast: 'COMMENT' }),
      level: 'COMMENT',
    },
    { why: 'project VIEW', where: inProject({ isGrantedProject: 'projectId', atLeast: 'VIEW' }), level: 'VIEW' },
    {
      why: 'member of the awaited project',
      who: (v) => v.isInternal,
      where: inProject({ isGrantedProject: 'awaitedProjectId', atLeast: 'VIEW' }),
      level: 'COMMENT',
    },
    { why: "the operator's support, where it was let in", who: (v) => v.isSupport, where: notPrivate, level: 'VIEW' },
    { why: 'key that writes tasks', who: (v) => v.has('TASKS_WRITE'), where: notPrivate, level: 'EDIT' },
    { why: 'key that writes comments', who: (v) => v.has('COMMENTS_WRITE'), where: notPrivate, level: 'COMMENT' },
    { why: 'key that reads tasks', who: (v) => v.has('TASKS_READ'), where: notPrivate, level: 'VIEW' },
    {
      why: 'project open to internals',
      who: (v) => v.isInternal,
      where: inProject({ is: 'projectVisibility', oneOf: ['INTERNAL', 'EVERYONE'] }),
      level: 'VIEW',
    },
    {
      why: 'project open to externals',
      who: (v) => v.isExternal,
      where: inProject({ is: 'projectVisibility', oneOf: ['EXTERNAL', 'EVERYONE'] }),
      level: 'VIEW',
    },
  ],
  forExternals: { where: { is: 'privacy', oneOf: ['PUBLIC'] }, atMost: 'EDIT' },
};

/** Where the facts stand in a row; those of its project are known before. */
export const taskColumns = {
  privacy: 'privacy',
  authorId: 'author',
  ownerId: 'owner',
  solverId: 'solver',
  awaitedMemberId: 'awaitedMember',
  awaitedProjectId: 'awaitedProject',
} satisfies Columns<TaskFact>;

export type TaskFacts = Facts<TaskFact>;

/** What all tasks of a project have in common. */
export const factsOfProject = (project: Row<Project>) => ({
  projectId: project.id,
  projectManagerId: project.manager.id,
  projectVisibility: project.visibility,
});

/** The facts of a task whose project is given. */
export const taskFacts = (task: Row<Task>, project: Row<Project>): TaskFacts => ({
  ...factsOfProject(project),
  privacy: task.privacy,
  authorId: task.author?.id ?? null,
  ownerId: task.owner.id,
  solverId: task.solver?.id ?? null,
  awaitedMemberId: task.awaitedMember?.id ?? null,
  awaitedProjectId: task.awaitedProject?.id ?? null,
});

/** Whether an anonymous follow may show the task: its public face is public only while the task is. */
export const hasPublicFace = (facts: Pick<TaskFacts, 'privacy'>): boolean => facts.privacy === 'PUBLIC';
