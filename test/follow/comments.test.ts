import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addComment } from '../../src/domain/comments.js';
import { addFollowerComment } from '../../src/domain/follower-comments.js';
import { endFollower } from '../../src/domain/follows.js';
import { moveTask, updateTask } from '../../src/domain/tasks.js';
import { Comment } from '../../src/entities/comment.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { ask, type Caller, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { World } from '../harness/world.js';
import { BEHIND_PROXY } from './knocking.js';

const ADD = `mutation ($input: AddFollowerCommentInput!) {
  addFollowerComment(input: $input) { comment { id body followerName } userErrors { field code } } }`;
const TALK = 'comments(last: 10) { nodes { body followerName followerId author { id } privacy } }';

let cluster: Cluster;
let world: World;
let project: Project;
beforeAll(async () => {
  cluster = await startCluster(BEHIND_PROXY);
  world = await World.found(cluster.parts, cluster.issuer);
  project = await world.project('EVERYONE');
}, 60_000);
afterAll(() => cluster?.stop());

const add = (caller: Caller, input: object) => ask(cluster.first, caller, ADD, { input });
const say = (caller: Caller, body: string, name = 'Jana') => add(caller, { body, name });
const codesOf = async (answer: ReturnType<typeof say>) =>
  (await answer).data.addFollowerComment.userErrors.map(({ code }: { code: string }) => code);

async function someone() {
  const task = await world.task(project);
  return { task, ...(await world.follower(task, { canComment: true })) };
}

describe('a comment of a follower', () => {
  it('comes to members and followers live, as by the name that they gave, and is nobody’s of the directory', async () => {
    const { task, id, caller, follow } = await someone();
    const member = listen(
      cluster.last,
      world.admin.caller,
      `subscription ($id: ID!) { taskChanged(projectId: $id) { kind taskId task { ${TALK} } } }`,
      { id: project.id },
    );
    const face = 'comments(last: 10) { nodes { body followerName } }';
    const follower = listen(cluster.last, follow.caller, `subscription { followedChanged { kind task { ${face} } } }`);
    for (const stream of [member, follower]) await stream.until(({ kind }) => kind === 'READY');
    const answer = await say(caller, 'Is it *ready*?\r\n<b>Thanks</b>');
    expect(answer).toMatchObject({ errors: [], data: { addFollowerComment: { userErrors: [] } } });
    const words = { body: 'Is it *ready*?\n<b>Thanks</b>', followerName: 'Jana' };
    const toMember = await member.until(({ taskId }) => taskId === task.id);
    expect(toMember.task.comments.nodes).toEqual([{ ...words, followerId: id, author: null, privacy: 'PUBLIC' }]);
    const toFollower = await follower.until(({ kind }) => kind === 'CHANGED');
    expect(toFollower.task.comments.nodes).toEqual([words]);
    await Promise.all([member.stop(), follower.stop()]);
  });

  it('has its follower in the history, as no member, and shows who it was to administrators only', async () => {
    const { task, caller } = await someone();
    await say(caller, 'A word');
    const history = 'history(first: 1) { nodes { type entryPoint actor { id } } }';
    const document = `query ($id: ID!) { task(id: $id) { ${TALK} ${history} } }`;
    const read = async (who: Caller) => (await get(cluster.last, who, document, { id: task.id })).task;
    const seen = await read(world.admin.caller);
    expect(seen.history.nodes).toEqual([{ type: 'task.commented', entryPoint: 'FOLLOWER', actor: null }]);
    expect(seen.comments.nodes[0].followerId).toMatch(/^follower_/);
    expect((await read((await world.member()).caller)).comments.nodes[0]).toMatchObject({ followerId: null });
  });

  it('does not answer for the owner', async () => {
    const { task, caller } = await someone();
    await moveTask(cluster.parts, world.admin.viewer, task.id, 'AWAITING_OWNER', {});
    await say(caller, 'I am not the owner');
    const { status } = (await get(cluster.last, world.admin.caller, `{ task(id: "${task.id}") { status } }`)).task;
    expect(status).toBe('AWAITING_OWNER');
  });

  it.each<[string, string, string]>([
    ['without what turns it round', 'Ja\u202ena\u2066', 'Ja na'],
    ['on one line', 'Ja\nna\t\u0007 Nová', 'Ja na Nová'],
    ['composed', 'Nova\u0301', 'Nová'],
    ['without what does not show', '\u200bJana\ufeff', 'Jana'],
  ])('shows its name %s', async (_how, name, shown) => {
    const { caller } = await someone();
    expect((await say(caller, 'A word', name)).data.addFollowerComment.comment.followerName).toBe(shown);
  });

  it('keeps the joiners of its text, and nothing else that does not show', async () => {
    const { caller } = await someone();
    const { comment } = (await say(caller, ' \u202e👩\u200d🚀\u0000'.replace('\u0000', '\u0008'))).data
      .addFollowerComment;
    expect(comment.body).toBe('👩\u200d🚀');
  });
});

describe('no comment is written', () => {
  it.each<[string, object, [string, string]]>([
    ['without a text', { body: ' \u200e\n', name: 'Jana' }, ['body', 'REQUIRED']],
    ['without a name', { body: 'A word', name: ' \u202e' }, ['name', 'REQUIRED']],
    ['by a name of 81 characters', { body: 'A word', name: 'a'.repeat(81) }, ['name', 'TOO_LONG']],
  ])('%s', async (_what, input, [field, code]) => {
    const { caller } = await someone();
    expect((await add(caller, input)).data.addFollowerComment).toEqual({
      comment: null,
      userErrors: [{ field, code }],
    });
  });

  it('where the link does not allow it, or was not exchanged at the door', async () => {
    const task = await world.task(project);
    const { caller } = await world.follower(task);
    const open = await world.follow(task, { canComment: true });
    for (const who of [caller, open.caller]) expect(await codesOf(say(who, 'A word'))).toEqual(['COMMENTS_NOT_OPEN']);
  });

  it('by who was put out, not even when they were let in a moment before', async () => {
    const { task, id, caller, follow } = await someone();
    await endFollower(cluster.parts, world.admin.viewer, id);
    expect((await say(caller, 'A word')).status).toBe(401);
    const { companyId } = world;
    const named = { kind: 'FOLLOWER', companyId, followId: follow.id, followerId: id, expiresAt: null } as const;
    const viewer = { ...named, objectKind: 'TASK', objectId: task.id } as const;
    const written = addFollowerComment(cluster.parts, viewer, { body: 'A word', name: 'Jana' });
    await expect(written).rejects.toMatchObject({ reason: 'ACCESS_ENDED' });
  });

  it('under a task that has ceased to be public', async () => {
    const { task, caller } = await someone();
    await updateTask(cluster.parts, world.admin.viewer, task.id, { privacy: 'INTERNAL' });
    expect((await say(caller, 'A word')).errors[0]?.extensions.code).toBe('NOT_FOUND');
  });

  it('more than five times a minute by one of them, however they are sent', async () => {
    const { task, caller, follow } = await someone();
    const all = await Promise.all(Array.from({ length: 8 }, (_, i) => codesOf(say(caller, `Word ${i}`))));
    expect(all.flat()).toEqual(Array(3).fill('TOO_MANY_COMMENTS'));
    const another = await world.enter(follow.secret);
    expect(await codesOf(say(another.caller, 'Of another one'))).toEqual([]);
    const { nodes } = (await get(cluster.last, world.admin.caller, `{ task(id: "${task.id}") { ${TALK} } }`)).task
      .comments;
    expect(nodes).toHaveLength(6);
  });

  it('more than a hundred times an hour by all who follow a task together', async () => {
    const { parts } = cluster;
    const { companyId } = world;
    const [{ task, id, follow }, other] = [await someone(), await someone()];
    /** Straight into the database, as many are written. */
    const write = (follower: Pick<typeof other, 'id' | 'task' | 'follow'>) => {
      const named = { kind: 'FOLLOWER', companyId, followId: follower.follow.id, followerId: follower.id } as const;
      const viewer = { ...named, objectKind: 'TASK', objectId: follower.task.id, expiresAt: null } as const;
      const written = addFollowerComment(parts, viewer, { body: 'A word', name: 'Jana' });
      return written.then(
        () => 'written',
        ({ code }) => code,
      );
    };
    for (let i = 0; i < 20; i += 1) {
      const one = { id: (await world.enter(follow.secret)).id, task, follow };
      for (let j = 0; j < 5; j += 1) expect(await write(one)).toBe('written');
    }
    const late = { id, task, follow };
    expect([await write(late), await write(other)]).toEqual(['TOO_MANY_COMMENTS', 'written']);
    await addComment(parts, world.admin.viewer, task.id, 'Of a member', 'PUBLIC');
    const ageFirst = (minutes: number) => {
      const createdAt = new Date(Date.now() - minutes * 60_000);
      return forkFor(parts.orm, world).nativeUpdate(Comment, { task: { id: task.id }, number: 1 }, { createdAt });
    };
    await ageFirst(59);
    expect(await write(late)).toBe('TOO_MANY_COMMENTS');
    await ageFirst(61);
    expect([await write(late), await write(late)]).toEqual(['written', 'TOO_MANY_COMMENTS']);
  });
});
