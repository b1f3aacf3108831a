import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addComment } from '../../src/domain/comments.js';
import { moveTask, updateTask } from '../../src/domain/tasks.js';
import { type Caller, listen } from '../harness/client.js';
import type { Cluster } from '../harness/cluster.js';
import { callOn, expectNoLeak, openSides, valueAt } from './calls.js';
import { type List, listCases, type Relation, relationCases } from './relations.js';
import { markOf, type Side } from './sides.js';

// Where what somebody sees leads on to: objects, lists and streams.

let cluster: Cluster;
let ours: Side;
let theirs: Side;
beforeAll(async () => {
  ({ cluster, ours, theirs } = await openSides());
}, 60_000);
afterAll(() => cluster?.stop());

const call = (caller: Caller, document: string, variables: object) => callOn(cluster.last, caller, document, variables);

const relationEntries = Object.entries(relationCases).filter(
  (entry): entry is [string, Relation] => typeof entry[1] === 'object',
);

describe.each(relationEntries)('%s', (_path, { document, at, seen, unseen }) => {
  it(`leads ${seen.as}, who sees both, to the object`, async () => {
    const reply = await call(ours.callers[seen.as], document, seen.variables?.(ours) ?? {});
    expect(reply.codes).toEqual([]);
    expect(valueAt(reply.data, `${at}.id`)).toBe(seen.id(ours));
    expectNoLeak(seen.as, reply);
  });

  if (typeof unseen === 'object') {
    it(`is null for ${unseen.as}, who does not see the object`, async () => {
      const reply = await call(ours.callers[unseen.as], document, unseen.variables?.(ours) ?? {});
      expectNoLeak(unseen.as, reply);
      expect({ codes: reply.codes, value: valueAt(reply.data, at) }).toEqual({ codes: [], value: null });
    });
  }
});

/** Every value under the key `id`, anywhere below. */
const idsIn = (value: unknown): string[] =>
  Object.entries((value ?? {}) as object).flatMap(([key, inner]) =>
    typeof inner === 'object' ? idsIn(inner) : key === 'id' ? [inner as string] : [],
  );

describe.each(Object.entries(listCases) as [string, List][])('%s', (_path, { document, at, seen, unseen }) => {
  it(`shows ${seen.as} what is theirs to see, and nothing else`, async () => {
    const reply = await call(ours.callers[seen.as], document, seen.variables?.(ours) ?? {});
    expect(reply.codes).toEqual([]);
    expect(JSON.stringify(valueAt(reply.data, at))).toContain(seen.has(ours));
    expectNoLeak(seen.as, reply);
  });

  it(`gives ${unseen.as} no hint of what they may not see`, async () => {
    const reply = await call(ours.callers[unseen.as], document, unseen.variables?.(ours) ?? {});
    expectNoLeak(unseen.as, reply);
    if ('refusal' in unseen) {
      expect(reply.text).toContain(`"code":"FORBIDDEN","reason":"${unseen.refusal}"`);
      expect(idsIn(valueAt(reply.data, at))).toEqual([]);
      return;
    }
    expect(reply.codes).toEqual([]);
    const list = valueAt(reply.data, at) as { pageInfo?: object };
    expect([...new Set(idsIn(list))]).toEqual(unseen.ids(ours));
    if (unseen.never) expect(JSON.stringify(list)).not.toContain(unseen.never(ours));
    if (!list.pageInfo) return;
    const cursor = unseen.ids(ours).length > 0 ? expect.any(String) : null;
    expect(list.pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: cursor,
      endCursor: cursor,
    });
  });
});

describe('a stream', () => {
  const CHANGES =
    'subscription ($id: ID!) { taskChanged(projectId: $id) { kind taskId task { id title description comments(first: 10) { nodes { body } } } } }';
  const FOLLOWED =
    'subscription { followedChanged { kind task { id title comments(first: 10) { nodes { body } } } project { name progressPercent } } }';

  it('tells of a task that becomes private only that it left, and of what happens to it then nothing', async () => {
    const task = await ours.freshTask();
    const editor = listen(cluster.last, ours.callers.editor, CHANGES, { id: ours.project.id });
    await editor.until(({ kind }) => kind === 'READY');
    const admin = ours.people.admin.viewer;
    await updateTask(ours.parts, admin, task.id, { description: 'seen by all' });
    const isChange = ({ kind, taskId }: { kind: string; taskId: string }) => kind === 'CHANGED' && taskId === task.id;
    expect(await editor.until(isChange)).toMatchObject({ task: { id: task.id } });

    await updateTask(ours.parts, admin, task.id, { privacy: 'PRIVATE', title: markOf('ours', 'private') });
    const left = await editor.until(({ taskId }) => taskId === task.id);
    expect(left).toEqual({ kind: 'LEFT', taskId: task.id, task: null });

    await addComment(ours.parts, admin, task.id, markOf('ours', 'private'), 'PUBLIC');
    const other = await ours.freshTask();
    await editor.until(({ taskId }) => taskId === other.id);
    await editor.stop();
    expect(editor.seen.slice(editor.seen.indexOf(left) + 1).map(({ taskId }) => taskId)).toEqual([other.id]);
    expect(JSON.stringify(editor.seen)).not.toContain(markOf('ours', 'private'));
  });

  it("tells nobody of another company's or another project's changes, and a follower of no other object's", async () => {
    const editor = listen(cluster.last, ours.callers.editor, CHANGES, { id: ours.project.id });
    const follower = listen(cluster.last, ours.callers.follower, FOLLOWED);
    const onProject = listen(cluster.last, ours.callers.projectFollower, FOLLOWED);
    for (const stream of [editor, follower, onProject]) await stream.until(({ kind }) => kind === 'READY');

    await updateTask(theirs.parts, theirs.people.admin.viewer, theirs.task.id, { description: 'theirs' });
    await updateTask(ours.parts, ours.people.admin.viewer, ours.hiddenTask.id, { description: 'hidden' });
    await updateTask(ours.parts, ours.people.colleague.viewer, ours.privateTask.id, { description: 'private' });
    await addComment(ours.parts, ours.people.admin.viewer, ours.task.id, markOf('ours', 'inside'), 'INTERNAL');
    await moveTask(ours.parts, ours.people.colleague.viewer, ours.privateTask.id, 'IN_PROGRESS', {});
    await updateTask(ours.parts, ours.people.admin.viewer, ours.task.id, { progressPercent: 10 });
    await follower.until(({ kind }) => kind === 'CHANGED');
    await editor.until(({ task }) => task?.comments.nodes.length > 1);
    await updateTask(ours.parts, ours.people.colleague.viewer, (await ours.freshTask()).id, { privacy: 'PRIVATE' });
    await onProject.until(({ kind }) => kind === 'CHANGED');
    await Promise.all([editor.stop(), follower.stop(), onProject.stop()]);

    const idsTold = (stream: typeof editor) => stream.seen.flatMap(({ task }) => task?.id ?? []);
    expect(new Set(idsTold(follower))).toEqual(new Set([ours.task.id]));
    expect(idsTold(onProject)).toEqual([]);
    expect(JSON.stringify(onProject.seen)).not.toMatch(markOf('ours', 'private'));
    expect(follower.seen.map(({ kind }) => kind)).toEqual(['READY', 'CHANGED']);
    expect(JSON.stringify(follower.seen)).not.toContain(markOf('ours', 'inside'));
  });
});
