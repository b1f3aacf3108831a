import type { TaskFacts } from '../auth/task-policy.js';
import type { Level, Privacy } from '../entities/vocabulary.js';

/** What happened to a task. The facts before and after tell, for each viewer, whether it came, changed or left. */
export interface TaskEventData {
  /** None of a new task; SAME where the change left the facts alone. */
  before: TaskFacts | 'SAME' | null;
  after: TaskFacts;
  /** Whether an anonymous follower sees a difference. */
  publicFace: boolean;
  /** Of the comment, when one was added: who may not read it is not told of it. */
  comment?: { id: string; privacy: Privacy };
}

/** The facts before the change; null of a new task. */
export const factsBefore = ({ before, after }: TaskEventData): TaskFacts | null => (before === 'SAME' ? after : before);

/** It names the membership alone: an erasure ends what leads from that to the person, and leaves the log as it is. */
export interface MemberEventData {
  /** Which of the words for them are others. */
  profile?: string[];
}

export interface PermissionEventData {
  memberId: string;
  level: Level | null;
}

/** The kinds of events, by the object that they are about. */
export const isTaskEvent = (type: string): boolean => type.startsWith('task.');
export const isFollowEvent = (type: string): boolean => type.startsWith('follow.');
export const isSupportEvent = (type: string): boolean => type.startsWith('support.');
export const isKeyEvent = (type: string): boolean => type.startsWith('apikey.');
export const isFollowerEvent = (type: string): boolean => type.startsWith('follower.');
export const isMemberEvent = (type: string): boolean => type.startsWith('member.');
export const isPermissionEvent = (type: string): boolean => type.startsWith('permission.');

/** Of by which sign-in the company's people come in: it may concern every one of them. */
export const isSsoEvent = (type: string): boolean => type.startsWith('sso.');

/** The name under which the changes of an object are heard. */
export const routeTo = (kind: 'project' | 'task', id: string): string => `${kind}:${id}`;
