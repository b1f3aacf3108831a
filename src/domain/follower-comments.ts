import { findOpenFollow, findOpenFollower } from '../auth/follow-viewer.js';
import { hasPublicFace, taskFacts } from '../auth/task-policy.js';
import type { FollowerViewer } from '../auth/viewer.js';
import { Comment } from '../entities/comment.js';
import { Follower } from '../entities/follower.js';
import type { EntityManager } from '../entities/orm.js';
import { Project } from '../entities/project.js';
import { findRow, type Row, referenceTo, selectRows } from '../entities/rows.js';
import { tableOf } from '../entities/table.js';
import { Task } from '../entities/task.js';
import { accessEnded, notFound, UserError } from '../errors.js';
import { lengthOf } from '../schema/texts.js';
import { writeComment } from './comments.js';
import { type Done, type Parts, transact } from './unit-of-work.js';

/** Of a name that somebody gives themself. */
export const FOLLOWER_NAME_LENGTH = 80;

/** So many comments a follower writes in so long, and all followers of a task together. */
const OF_ONE = { most: 5, ms: 60_000 };
const OF_ALL = { most: 100, ms: 3_600_000 };

/** What does not show, or turns what stands beside it round: by it a name could look like somebody else's. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
/** The same in a text of several lines, where joiners are parts of emoji and of words. */
const UNSEEN_IN_TEXT = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

export interface FollowerWords {
  body: string;
  name: string;
}

/**
 * Adds a follower's public comment to the task that they follow, under the name that they give. Whether they still may is
 * looked at inside the transaction: who ends their follow waits for it, or is seen by it.
 */
export function addFollowerComment(parts: Parts, viewer: FollowerViewer, words: FollowerWords): Promise<Done<Comment>> {
  const { companyId, followerId } = viewer;
  const actor = { companyId, userId: null, actorId: followerId, entryPoint: 'FOLLOWER' } as const;
  return transact(parts, actor, async (work) => {
    const { em } = work;
    const follower = await getWriting(em, viewer);
    const task = await findRow(em, Task, viewer.objectId, { lock: 'FOR UPDATE' });
    const project = task && (await findRow(em, Project, task.project.id));
    if (!task || !project || !hasPublicFace(taskFacts(task, project))) throw notFound('task');
    const [name, body] = [expectFollowerName(words.name), expectBody(words.body)];
    await expectPace(em, follower, task);
    const by = { follower: referenceTo(em, Follower, follower), followerName: name };
    return writeComment(work, { task, project }, { ...by, body, privacy: 'PUBLIC' });
  });
}

/** Throws UNAUTHENTICATED for who stands no longer, a UserError for who was never let in to write. */
async function getWriting(em: EntityManager, { followId, followerId }: FollowerViewer): Promise<Row<Follower>> {
  const closed = () => new UserError('COMMENTS_NOT_OPEN', 'Here you may read, but not write.');
  if (followerId === null) throw closed();
  const follow = await findOpenFollow(em, { id: followId }, 'LOCK IN SHARE MODE');
  const follower = await findOpenFollower(em, followerId, 'LOCK IN SHARE MODE');
  if (!follow || !follower) throw accessEnded();
  if (!follow.canComment) throw closed();
  return follower;
}

/** The name on one line, as it shows. */
function expectFollowerName(given: string): string {
  const name = given.normalize('NFC').replace(UNSEEN, ' ').replace(/\s+/gu, ' ').trim();
  if (name === '') throw new UserError('REQUIRED', 'A comment needs the name of who wrote it.', 'name');
  if (lengthOf(name) <= FOLLOWER_NAME_LENGTH) return name;
  throw new UserError('TOO_LONG', `A name has at most ${FOLLOWER_NAME_LENGTH} characters.`, 'name');
}

function expectBody(given: string): string {
  const body = given.replace(/\r\n?/g, '\n').replace(UNSEEN_IN_TEXT, '').trim();
  if (body === '') throw new UserError('REQUIRED', 'A comment needs a text.', 'body');
  return body;
}

/** The task's row is held, so nobody writes beside this. */
async function expectPace(em: EntityManager, { id }: Row<Follower>, task: Row<Task>): Promise<void> {
  const since = (ms: number) =>
    tableOf(em, Comment)
      .column('createdAt')
      .write(new Date(Date.now() - ms));
  const read = (text: string, parameters: unknown[]) => selectRows(em, Comment, text, parameters, { columns: ['id'] });
  const own = await read('follower_id = ? and created_at > ? limit ?', [id, since(OF_ONE.ms), OF_ONE.most]);
  // Numbers are given in order: those of an hour are among the last ones, and found by the index of these.
  const recent = 'task_id = ? and number > ? and follower_id is not null and created_at > ? limit ?';
  const beyond = task.lastCommentNumber - 10 * OF_ALL.most;
  const all = await read(recent, [task.id, beyond, since(OF_ALL.ms), OF_ALL.most]);
  if (own.length < OF_ONE.most && all.length < OF_ALL.most) return;
  throw new UserError('TOO_MANY_COMMENTS', 'That is many comments at once: wait a moment.');
}
