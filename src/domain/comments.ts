import { hasPublicFace } from '../auth/task-policy.js';
import { type ActingViewer, actorIdOf } from '../auth/viewer.js';
import { Comment } from '../entities/comment.js';
import type { Follower } from '../entities/follower.js';
import type { EntityManager } from '../entities/orm.js';
import type { Project } from '../entities/project.js';
import { type Row, referenceTo } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import type { Privacy } from '../entities/vocabulary.js';
import { UserError } from '../errors.js';
import { getTask } from './access.js';
import { authorship, transactAs } from './actor.js';
import type { TaskEventData } from './events.js';
import { recordTaskChange, snapshot } from './task-change.js';
import { resume } from './tasks.js';
import type { Done, Parts, Work } from './unit-of-work.js';

/**
 * Adds a comment; needs COMMENT. Without a privacy it is internal, an external's public. The owner's comment ends
 * AWAITING_OWNER.
 */
export function addComment(
  parts: Parts,
  viewer: ActingViewer,
  taskId: string,
  body: string,
  privacy?: Privacy | null,
): Promise<Done<Comment>> {
  const read = (em: EntityManager) => getTask(em, viewer, taskId, 'COMMENT', { lock: 'FOR UPDATE' });
  return transactAs(parts, viewer, { read }, async (work, { object: task, project, grants }) => {
    const chosen = privacy ?? (grants.isExternal ? 'PUBLIC' : 'INTERNAL');
    if (chosen === 'PRIVATE') throw new UserError('PRIVACY', 'A comment is public or internal.', 'privacy');
    if (grants.isExternal && chosen !== 'PUBLIC') {
      throw new UserError('EXTERNALS_PUBLIC_ONLY', 'External members write public comments only.', 'privacy');
    }
    if (body.trim() === '') throw new UserError('REQUIRED', 'A comment needs a text.', 'body');
    const comment = writeComment(work, { task, project }, { ...authorship(work), body, privacy: chosen });
    if (task.status === 'AWAITING_OWNER' && task.owner.id === actorIdOf(viewer)) {
      const commented = snapshot(task, project);
      resume(task);
      recordTaskChange(work, 'task.resumed', task, project, commented);
    }
    return comment;
  });
}

/** What a comment says, and who wrote it: a member, a program, or a follower under a name of theirs. */
type Words = Pick<Comment, 'body' | 'privacy'> &
  (ReturnType<typeof authorship> | { follower: Follower; followerName: string });

/** Writes a comment under a task that is held, as its next one, and tells of it. */
export function writeComment(
  work: Pick<Work, 'em' | 'update' | 'record'>,
  { task, project }: { task: Row<Task>; project: Row<Project> },
  words: Words,
): Comment {
  const { row, facts } = snapshot(task, project);
  const { privacy } = words;
  task.lastCommentNumber += 1;
  // An external, who may not read the others, does not notice them either.
  if (privacy === 'PUBLIC') task.updatedAt = new Date();
  work.update(Task, row, task);
  const { companyId, lastCommentNumber: number } = task;
  const comment = work.em.create(Comment, { companyId, task: referenceTo(work.em, Task, task), number, ...words });
  const data: TaskEventData = {
    before: 'SAME',
    after: facts,
    publicFace: privacy === 'PUBLIC' && hasPublicFace(facts),
    comment: { id: comment.id, privacy },
  };
  work.record({ type: 'task.commented', objectId: task.id, data, changes: { comment: [null, comment.id] } });
  return comment;
}
