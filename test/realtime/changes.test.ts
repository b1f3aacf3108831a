import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { deactivateMember } from '../../src/domain/members.js';
import { Event } from '../../src/entities/event.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { type Caller, get, type Listener, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

const HEARTBEAT_MS = 400;
const CHANGES = `subscription ($project: ID!, $after: String) {
  taskChanged(projectId: $project, after: $after) { kind cursor taskId task { id title comments(first: 50) { nodes { body } } } } }`;
const FOLLOWED = `subscription ($after: String) {
  followedChanged(after: $after) { kind cursor task { id title comments(first: 50) { nodes { body } } } } }`;

let cluster: Cluster;
let world: World;
let project: Project;
let editor: Person;
let external: Person;
beforeAll(async () => {
  cluster = await startCluster({ HEARTBEAT_MS: String(HEARTBEAT_MS) });
  world = await World.found(cluster.parts, cluster.issuer);
  project = await world.project();
  editor = await world.member();
  external = await world.external();
  for (const person of [editor, external]) await world.grant(project, person, 'EDIT');
}, 30_000);
afterAll(() => cluster?.stop());

const createTask = async (fields: string, inProject = project): Promise<string> => {
  const input = `projectId: "${inProject.id}", ${fields}`;
  const document = `mutation { createTask(input: { ${input} }) { task { id } userErrors { message } } }`;
  return (await get(cluster.first, editor.caller, document)).createTask.task.id;
};
const updateTask = (id: string, fields: string) =>
  get(
    cluster.first,
    editor.caller,
    `mutation { updateTask(input: { taskId: "${id}", ${fields} }) { userErrors { message } } }`,
  );
const addComment = (id: string, body: string, privacy: 'PUBLIC' | 'INTERNAL') =>
  get(
    cluster.first,
    editor.caller,
    `mutation { addComment(input: { taskId: "${id}", body: "${body}", privacy: ${privacy} }) { userErrors { message } } }`,
  );

/** A stream of the project on the other process, once it stands. */
async function follow(who: Caller, variables: object = {}): Promise<Listener> {
  const stream = listen(cluster.last, who, CHANGES, { project: project.id, ...variables });
  await stream.until(({ kind }) => kind === 'READY');
  return stream;
}

/** What a stream has told about one task, without what it says about itself. */
const toldOf = (stream: Listener, taskId: string) =>
  stream.seen.filter((change) => change.taskId === taskId).map(({ kind, task }) => [kind, task?.title ?? null]);
/** The same of the one task that a follower is told of. */
const toldTo = (follower: Listener) =>
  follower.seen
    .filter(({ kind }) => kind !== 'READY' && kind !== 'HEARTBEAT')
    .map(({ kind, task }) => [kind, task?.title ?? null]);

describe('what a change refers to', () => {
  it('is as new as the change, though it is kept from one reading to the next', async () => {
    const solver = await world.member();
    await world.grant(project, solver, 'EDIT');
    const id = await createTask('title: "Refers", privacy: PUBLIC');
    const assignment = `mutation { assignTask(input: { taskId: "${id}", solverId: "${solver.member.id}" }) { userErrors { code } } }`;
    await get(cluster.first, editor.caller, assignment);
    const query = `subscription ($project: ID!) {
      taskChanged(projectId: $project) { kind task { title solver { deactivatedAt } } } }`;
    const stream = listen(cluster.last, editor.caller, query, { project: project.id });
    await stream.until(({ kind }) => kind === 'READY');
    const solverAt = async (title: string) => {
      await updateTask(id, `title: "${title}"`);
      return (await stream.until((change) => change.task?.title === title)).task?.solver;
    };
    expect(await solverAt('with a solver who is here')).toEqual({ deactivatedAt: null });
    await deactivateMember(cluster.parts, world.admin.viewer, solver.member.id);
    expect(await solverAt('with a solver who has gone')).toEqual({ deactivatedAt: expect.any(String) });
    await stream.stop();
  });
});

describe('a stream of changes', () => {
  it('tells of a task from its making to its leaving, to each as far as they see it', async () => {
    const [inside, outside] = [await follow(editor.caller), await follow(external.caller)];
    const id = await createTask('title: "made", privacy: INTERNAL');
    await inside.until(({ kind }) => kind === 'CREATED');
    await updateTask(id, 'title: "changed"');
    await inside.until(({ kind }) => kind === 'CHANGED');
    await updateTask(id, 'title: "opened", privacy: PUBLIC');
    await Promise.all([
      inside.until(({ kind }) => kind === 'CHANGED'),
      outside.until(({ kind }) => kind === 'ENTERED'),
    ]);
    await updateTask(id, 'title: "closed", privacy: INTERNAL');
    await Promise.all([inside.until(({ kind }) => kind === 'CHANGED'), outside.until(({ kind }) => kind === 'LEFT')]);
    expect(toldOf(inside, id)).toEqual([
      ['CREATED', 'made'],
      ['CHANGED', 'changed'],
      ['CHANGED', 'opened'],
      ['CHANGED', 'closed'],
    ]);
    expect(toldOf(outside, id)).toEqual([
      ['ENTERED', 'opened'],
      ['LEFT', null],
    ]);
    for (const stream of [inside, outside]) expect(stream.seen[0]).toMatchObject({ kind: 'READY', task: null });
    await Promise.all([inside.stop(), outside.stop()]);
  });

  it("tells nobody of another project's tasks", async () => {
    const other = await world.project();
    await world.grant(other, editor, 'EDIT');
    const stream = await follow(editor.caller);
    const elsewhere = await createTask('title: "elsewhere"', other);
    const here = await createTask('title: "here"');
    await stream.until(({ taskId }) => taskId === here);
    expect(toldOf(stream, elsewhere)).toEqual([]);
    await stream.stop();
  });

  it('tells an internal comment neither to externals nor to followers, not even that there was one', async () => {
    const id = await createTask('title: "talk", privacy: PUBLIC');
    const { secret } = await world.follow({ id } as never);
    const follower = listen(cluster.last, { follow: secret }, FOLLOWED);
    await follower.until(({ kind }) => kind === 'READY');
    const [inside, outside] = [await follow(editor.caller), await follow(external.caller)];

    await addComment(id, 'among us', 'INTERNAL');
    await addComment(id, 'for all', 'PUBLIC');
    for (const stream of [inside, outside, follower]) {
      await stream.until((change) => JSON.stringify(change).includes('for all'));
    }
    expect(toldOf(inside, id)).toHaveLength(2);
    expect(toldOf(outside, id)).toHaveLength(1);
    expect(toldTo(follower)).toHaveLength(1);
    for (const stream of [outside, follower]) {
      expect(JSON.stringify(stream.seen)).not.toContain('among us');
    }
    await Promise.all([inside.stop(), outside.stop(), follower.stop()]);
  });

  it('tells a follower what changes the public face, and nothing else', async () => {
    const id = await createTask('title: "face", privacy: PUBLIC');
    const { secret } = await world.follow({ id } as never);
    const follower = listen(cluster.last, { follow: secret }, FOLLOWED);
    await follower.until(({ kind }) => kind === 'READY');
    await updateTask(id, 'description: "not for you"');
    await updateTask(id, 'title: "other face"');
    await updateTask(id, 'privacy: INTERNAL');
    await updateTask(id, 'title: "behind the curtain"');
    await updateTask(id, 'privacy: PUBLIC');
    await follower.until(({ kind }) => kind === 'ENTERED');
    expect(toldTo(follower)).toEqual([
      ['CHANGED', 'other face'],
      ['LEFT', null],
      ['ENTERED', 'behind the curtain'],
    ]);
    await follower.stop();
  });
});

describe('coming back with a cursor', () => {
  it('continues without loss, double or swap, on any process, while others write', async () => {
    const made: string[] = [];
    let isWriting = true;
    const write = async () => {
      for (let i = 0; i < 40; i += 1) made.push(await createTask('title: "one of many"'));
    };
    const first = await follow(editor.caller);
    const writing = Promise.all([write(), write(), write()]).finally(() => {
      isWriting = false;
    });

    const told: string[] = [];
    let stream = first;
    let after: string | undefined;
    for (let round = 0; isWriting || told.length < 120; round += 1) {
      if (round > 0)
        stream = listen(round % 2 ? cluster.first : cluster.last, editor.caller, CHANGES, {
          project: project.id,
          after,
        });
      const enough = told.length + 15;
      while (told.length < Math.min(enough, 120)) {
        const change = await stream.until(({ kind }) => kind === 'CREATED');
        told.push(change.taskId);
        after = change.cursor;
      }
      expect(stream.seen.map(({ kind }) => kind)).not.toContain('RESYNC');
      await stream.stop();
    }
    await writing;
    const log = await forkFor(cluster.parts.orm, world).find(
      Event,
      { type: 'task.created' },
      { orderBy: { seq: 'asc' } },
    );
    expect(told).toEqual(log.map(({ objectId }) => objectId).filter((id) => made.includes(id)));
    expect(told).toHaveLength(120);
  }, 60_000);

  it('starts from READY at once when nothing was missed', async () => {
    const stream = await follow(editor.caller);
    const { cursor } = stream.seen[0];
    await stream.stop();
    const again = await follow(editor.caller, { after: cursor });
    const id = await createTask('title: "next"');
    await again.until(({ taskId }) => taskId === id);
    expect(again.seen.map(({ kind }) => kind).filter((kind) => kind !== 'HEARTBEAT')).toEqual(['READY', 'CREATED']);
    await again.stop();
  });

  it('says RESYNC, and goes on from now, when the log does not reach back so far', async () => {
    const before = await follow(editor.caller);
    const { cursor } = before.seen[0];
    await before.stop();
    const missed = await createTask('title: "missed"');
    await createTask('title: "kept"');
    await forkFor(cluster.parts.orm, world).nativeDelete(Event, { objectId: missed });
    const stream = await follow(editor.caller, { after: cursor });
    await stream.until(({ kind }) => kind === 'RESYNC');
    const id = await createTask('title: "new"');
    await stream.until(({ kind }) => kind === 'CREATED');
    expect(stream.seen.filter(({ kind }) => kind === 'CREATED').map(({ taskId }) => taskId)).toEqual([id]);
    await stream.stop();
  });

  it.each([
    ['a made-up cursor', () => 'bm90aGluZw', 'NOT_FOUND'],
    ['a changed cursor', (own: string) => `${own.slice(0, -4)}AAAA`, 'NOT_FOUND'],
    ['something too long to be one', () => 'A'.repeat(300), 'BAD_USER_INPUT'],
  ])('refuses %s', async (_what, spoil, code) => {
    const stream = await follow(editor.caller);
    const after = spoil(stream.seen[0].cursor);
    await stream.stop();
    const refused = listen(cluster.last, editor.caller, CHANGES, { project: project.id, after });
    expect((await refused.failed)[0]?.extensions?.code).toBe(code);
    await refused.stop();
  });
});

describe('what a stream tells without words', () => {
  it('is nothing: it beats alike while the company rests and while it works on what the viewer may not see', async () => {
    const hidden = await world.project();
    await world.grant(hidden, editor, 'EDIT');
    const beats: Record<string, number> = {};
    for (const mood of ['rests', 'works']) {
      const stream = await follow(external.caller);
      const from = Date.now();
      while (Date.now() - from < HEARTBEAT_MS * 4) {
        if (mood === 'works') await createTask('title: "unseen"', hidden);
        else await stream.until(({ kind }) => kind === 'HEARTBEAT');
      }
      beats[mood] = stream.seen.filter(({ kind }) => kind === 'HEARTBEAT').length;
      expect(stream.seen.filter(({ kind }) => kind !== 'HEARTBEAT' && kind !== 'READY')).toEqual([]);
      await stream.stop();
    }
    for (const mood of ['rests', 'works']) {
      expect(beats[mood]).toBeGreaterThanOrEqual(2);
      expect(beats[mood]).toBeLessThanOrEqual(5);
    }
  });

  it('is nothing: cursors have one length, and two of one stream differ, also while nothing happens', async () => {
    const streams = [await follow(editor.caller), await follow(external.caller)];
    await until(() => streams.every(({ seen }) => seen.length > 2), 'some heartbeats');
    const cursors = streams.map(({ seen }) => seen.map(({ cursor }) => cursor as string));
    expect(new Set(cursors.flat().map(({ length }) => length)).size).toBe(1);
    for (const own of cursors) expect(new Set(own).size).toBe(own.length);
    await Promise.all(streams.map((stream) => stream.stop()));
  });
});

describe('a socket', () => {
  it('carries several streams, of which one can end without the others', async () => {
    const client = createClient({
      url: cluster.last.wsUrl,
      webSocketImpl: WebSocket,
      connectionParams: { ...editor.caller },
      retryAttempts: 0,
      lazy: true,
    });
    const seen: Record<string, string[]> = { one: [], two: [] };
    const open = (name: string) =>
      client.subscribe<{ taskChanged: { kind: string; taskId: string } }>(
        { query: CHANGES, variables: { project: project.id } },
        {
          next: ({ data }) => void seen[name]?.push(data?.taskChanged.taskId ?? ''),
          error: () => {},
          complete: () => {},
        },
      );
    const [endOne, endTwo] = [open('one'), open('two')];
    await until(() => seen.one?.length === 1 && seen.two?.length === 1, 'both stand');
    const both = await createTask('title: "for both"');
    await until(() => Object.values(seen).every((ids) => ids.includes(both)), 'both have heard');
    endOne();
    const later = await createTask('title: "for one"');
    await until(() => seen.two?.includes(later) ?? false, 'the other one has heard');
    expect(seen.one).not.toContain(later);
    endTwo();
    await client.dispose();
  });
});
