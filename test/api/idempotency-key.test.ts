import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPreferences } from '../../src/domain/personal.js';
import { updateTask } from '../../src/domain/tasks.js';
import { Comment } from '../../src/entities/comment.js';
import { IdempotencyRecord, UserIdempotencyRecord } from '../../src/entities/idempotency-record.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { findRow, findRows, listRows, type Row } from '../../src/entities/rows.js';
import { Task } from '../../src/entities/task.js';
import { openCursor } from '../../src/pubsub/cursor.js';
import { type Answer, ask, type Caller, post } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

const COMMENT = `mutation ($input: AddCommentInput!) {
  addComment(input: $input) { comment { id body number } userErrors { code } cursor } }`;
const UPDATE = `mutation ($input: UpdateTaskInput!) {
  updateTask(input: $input) { task { id title version } userErrors { code message field } cursor } }`;
const PREFER =
  'mutation ($locale: String!) { updatePreferences(input: { locale: $locale }) { preferences { locale } } }';

let cluster: Cluster;
let world: World;
let admin: Person;
let project: Project;
let task: Row<Task>;
beforeAll(async () => {
  cluster = await startCluster({ PUBLIC_URL: 'http://localhost' });
  world = await World.found(cluster.parts, cluster.issuer);
  admin = world.admin;
  project = await world.project('EVERYONE');
  task = await world.task(project);
}, 60_000);
afterAll(() => cluster?.stop());

let keys = 0;
const newKey = () => {
  keys += 1;
  return `key-${keys}`;
};
const withKey = ({ caller }: { caller: Caller }, idempotencyKey = newKey()): Caller => ({ ...caller, idempotencyKey });
const source = () => ({ orm: cluster.parts.orm, companyId: world.companyId });
const commentsOf = async ({ id }: Pick<Task, 'id'>) =>
  (await findRows(source(), Comment, { task: id })).map(({ body }) => body);
const comment = (body: string, { id: taskId } = task) => ({ input: { taskId, body } });
const reasonOf = ({ errors: [error] }: Answer) => error && [error.extensions.code, error.extensions.reason];

/** The first field of an answer, with the position that its cursor means. */
function told({ data, errors }: Answer) {
  expect(errors).toEqual([]);
  const { cursor, ...payload } = Object.values(data)[0] as { cursor: string };
  return { ...payload, seq: openCursor(cluster.parts.keyring, world.companyId, cursor) };
}

describe('a key that came with a request', () => {
  const REUSED = ['BAD_USER_INPUT', 'IDEMPOTENCY_KEY_REUSED'];

  it('is refused with another one, whatever differs, and still stands for the first', async () => {
    const caller = withKey(admin);
    const first = told(await ask(cluster.first, caller, COMMENT, comment('only this')));
    const others = [
      [COMMENT, comment('or that')],
      [COMMENT.replace('body number', 'body'), comment('only this')],
      [COMMENT.replace('addComment(', 'other: addComment('), comment('only this')],
      [UPDATE, { input: { taskId: task.id, title: 'Something else' } }],
    ] as const;
    for (const [document, variables] of others)
      expect(reasonOf(await ask(cluster.last, caller, document, variables))).toEqual(REUSED);
    expect(told(await ask(cluster.last, caller, COMMENT, comment('only this')))).toEqual(first);
    expect((await commentsOf(task)).filter((body) => body.startsWith('o'))).toEqual(['only this']);
  });

  it('is good for the same variables in another order, and for the document by its hash', async () => {
    const caller = withKey(admin);
    const { taskId, body } = comment('in any order').input;
    const first = told(await ask(cluster.first, caller, COMMENT, { input: { taskId, body } }));
    expect(told(await ask(cluster.last, caller, COMMENT, { input: { body, taskId } }))).toEqual(first);
    const persistedQuery = { version: 1, sha256Hash: createHash('sha256').update(COMMENT).digest('hex') };
    const send = async (query: object) => {
      const body = { ...query, variables: comment('in any order'), extensions: { persistedQuery } };
      return post(cluster.first, caller, body);
    };
    expect(told(await send({ query: COMMENT }))).toEqual(first);
    expect(told(await send({}))).toEqual(first);
  });

  it("is another one of somebody else's, and of the same person's in another company", async () => {
    const [one, person] = [withKey(admin), await world.member()];
    await world.grant(project, person, 'EDIT');
    const other = withKey(person, one.idempotencyKey);
    const send = async (caller: Caller) => told(await ask(cluster.first, caller, COMMENT, comment('of each')));
    expect(await send(one)).not.toEqual(await send(other));

    const elsewhere = await World.found(cluster.parts, cluster.issuer);
    const { member } = await elsewhere.member({ email: admin.email, role: 'ADMIN' });
    const there = withKey(await elsewhere.personOf(member, admin.email), one.idempotencyKey);
    const theirs = await elsewhere.task(await elsewhere.project('EVERYONE'));
    const { errors } = await ask(cluster.first, there, COMMENT, comment('elsewhere', theirs));
    expect(errors).toEqual([]);
  });

  it("is the person's own for what is their own, whatever company they are in", async () => {
    const person = await world.member();
    const inside = withKey(person);
    const { companyId: _inNone, ...outside } = inside;
    const prefer = (caller: Caller, locale: string) => ask(cluster.last, caller, PREFER, { locale });
    expect((await prefer(inside, 'cs')).errors).toEqual([]);
    expect((await prefer({ ...person.caller }, 'de')).errors).toEqual([]);
    expect((await prefer(outside, 'cs')).data.updatePreferences.preferences).toEqual({ locale: 'cs' });
    expect((await findPreferences(cluster.parts.orm, person.viewer.userId)).locale).toBe('de');
    expect(reasonOf(await prefer(outside, 'fr'))).toEqual(REUSED);
    const other = withKey(await world.member(), inside.idempotencyKey);
    expect((await prefer(other, 'fr')).data.updatePreferences.preferences).toEqual({ locale: 'fr' });
  });

  it('is forgotten after a day', async () => {
    const [caller, own] = [withKey(admin), withKey(admin)];
    const prefer = (locale: string) => ask(cluster.first, own, PREFER, { locale });
    await ask(cluster.first, caller, COMMENT, comment('day by day'));
    await prefer('cs');
    const em = forkFor(cluster.parts.orm, admin.viewer);
    const age = async (hours: number) => {
      const createdAt = new Date(Date.now() - hours * 3_600_000);
      await em.nativeUpdate(IdempotencyRecord, {}, { createdAt });
      await em.nativeUpdate(UserIdempotencyRecord, {}, { createdAt });
    };
    await age(23.9);
    expect(reasonOf(await ask(cluster.first, caller, COMMENT, comment('another day')))).toEqual(REUSED);
    expect(reasonOf(await prefer('fr'))).toEqual(REUSED);
    await age(24.1);
    await ask(cluster.first, caller, COMMENT, comment('another day'));
    expect(await commentsOf(task)).toEqual(expect.arrayContaining(['day by day', 'another day']));
    expect((await prefer('fr')).errors).toEqual([]);
    expect(reasonOf(await ask(cluster.first, caller, COMMENT, comment('day by day')))).toEqual(REUSED);
  });
});

describe('sixteen at once, on all processes', () => {
  const nodeOf = (i: number) => cluster.nodes[i % cluster.nodes.length] as Cluster['first'];
  const sixteen = (send: (i: number) => Promise<Answer>) => Promise.all(Array.from({ length: 16 }, (_, i) => send(i)));

  it('with one key are done once, and get one answer', async () => {
    const caller = withKey(admin);
    const own = await world.task(project);
    const answers = await sixteen((i) => ask(nodeOf(i), caller, COMMENT, comment('once', own)));
    expect(new Set(answers.map((answer) => JSON.stringify(told(answer)))).size).toBe(1);
    expect(await commentsOf(own)).toEqual(['once']);
  });

  it('with one key and several requests: one of these is done, the others are refused', async () => {
    const caller = withKey(admin);
    const own = await world.task(project);
    const answers = await sixteen((i) => {
      const document = i % 2 === 0 ? COMMENT : COMMENT.replace('addComment(', 'other: addComment(');
      return ask(nodeOf(i), caller, document, comment(`of ${i % 4}`, own));
    });
    const bodies = new Set(
      answers
        .flatMap(({ data }) => (data ? Object.values(data) : []))
        .map((one) => JSON.stringify((one as { comment: object }).comment)),
    );
    expect(bodies.size).toBe(1);
    expect(answers.filter(({ errors }) => errors.length > 0).map(reasonOf)).toEqual(
      Array(12).fill(['BAD_USER_INPUT', 'IDEMPOTENCY_KEY_REUSED']),
    );
    expect(await commentsOf(own)).toHaveLength(1);
  });

  it('that are all refused, or all fail, say so', async () => {
    const refused = withKey(admin);
    const conflict = { input: { taskId: task.id, title: 'Late', version: 1_000 } };
    for (const answer of await sixteen((i) => ask(nodeOf(i), refused, UPDATE, conflict)))
      expect(answer.data.updateTask.userErrors).toMatchObject([{ code: 'VERSION_CONFLICT' }]);
    const failing = withKey(await world.member());
    const hidden = await world.task(await world.project());
    for (const answer of await sixteen((i) => ask(nodeOf(i), failing, COMMENT, comment('unseen', hidden))))
      expect(reasonOf(answer)).toEqual(['NOT_FOUND', 'NOT_VISIBLE_OR_ABSENT']);
  });
});

describe('what is answered again', () => {
  it('is each field of a document for itself', async () => {
    const own = await world.task(project);
    const document = `mutation ($input: AddCommentInput!) {
      a: addComment(input: $input) { comment { id } } b: addComment(input: $input) { comment { id } }
      updatePreferences(input: { locale: "it" }) { preferences { locale } } }`;
    const caller = withKey(admin);
    const first = await ask(cluster.first, caller, document, comment('twice', own));
    expect(first.data.a).not.toEqual(first.data.b);
    expect(await ask(cluster.last, caller, document, comment('twice', own))).toEqual(first);
    expect(await commentsOf(own)).toEqual(['twice', 'twice']);
  });

  it('is a refusal too, also when there is no reason for it any more', async () => {
    const own = await world.task(project);
    const caller = withKey(admin);
    const edit = { input: { taskId: own.id, title: 'Mine', version: 2 } };
    const first = await ask(cluster.first, caller, UPDATE, edit);
    expect(first.data.updateTask).toEqual({
      task: null,
      userErrors: [{ code: 'VERSION_CONFLICT', message: expect.stringContaining('at version 1'), field: 'version' }],
      cursor: null,
    });
    await updateTask(cluster.parts, admin.viewer, own.id, { title: "Somebody else's" });
    expect(await ask(cluster.last, caller, UPDATE, edit)).toEqual(first);
    expect((await ask(cluster.last, withKey(admin), UPDATE, edit)).data.updateTask.task.title).toBe('Mine');

    const own2 = withKey(admin);
    const refused = await ask(cluster.first, own2, PREFER, { locale: '?' });
    expect(refused.data.updatePreferences.preferences).toBeNull();
    expect(await ask(cluster.last, own2, PREFER, { locale: '?' })).toEqual(refused);
  });

  it('is not an error: that is tried again', async () => {
    const person = await world.member();
    const hidden = await world.project();
    const own = await world.task(hidden);
    const caller = withKey(person);
    const send = () => ask(cluster.last, caller, COMMENT, comment('at last', own));
    expect(reasonOf(await send())).toEqual(['NOT_FOUND', 'NOT_VISIBLE_OR_ABSENT']);
    await world.grant(hidden, person, 'EDIT');
    const first = told(await send());
    expect(told(await send())).toEqual(first);
    expect(await commentsOf(own)).toEqual(['at last']);
  });

  it('is nothing of what the viewer does not see any more', async () => {
    const person = await world.member();
    const closed = await world.project();
    await world.grant(closed, person, 'EDIT');
    const own = await world.task(closed);
    const caller = withKey(person);
    const document = `mutation ($input: UpdateTaskInput!) { updateTask(input: $input) {
      task { title comments(first: 10) { nodes { body } } } userErrors { code } cursor } }`;
    const send = async () => told(await ask(cluster.last, caller, document, { input: { taskId: own.id, title: 'T' } }));
    const first = await send();
    expect(first).toMatchObject({ task: { title: 'T', comments: { nodes: [] } } });
    await ask(cluster.first, admin.caller, COMMENT, comment('not for everybody', own));
    await world.grant(closed, person, null);
    expect(await send()).toEqual({ ...first, task: null });
    await world.grant(closed, person, 'VIEW');
    expect(await send()).toMatchObject({ task: { title: 'T', comments: { nodes: [{ body: 'not for everybody' }] } } });
  });

  it("is a follow link's secret, to whom it was shown before, and it is nowhere to be read", async () => {
    const document = 'mutation ($input: GrantFollowInput!) { grantFollow(input: $input) { secret url follow { id } } }';
    const caller = withKey(admin);
    const other = withKey(await world.member({ role: 'ADMIN' }), caller.idempotencyKey);
    const send = (who: Caller) => ask(cluster.last, who, document, { input: { taskId: task.id, label: 'A label' } });
    const first = await send(caller);
    const { secret, url } = first.data.grantFollow;
    expect(url).toContain(secret);
    expect(await send(caller)).toEqual(first);
    expect((await send(other)).data.grantFollow.secret).not.toBe(secret);

    const records = await listRows(source(), IdempotencyRecord, true);
    const written = JSON.stringify(records) + records.map(({ outcome }) => Buffer.from(outcome ?? '', 'base64url'));
    expect(records.length).toBeGreaterThan(1);
    for (const plain of [secret, secret.split('.')[1], caller.idempotencyKey, 'A label', 'follow_', task.id])
      expect(written).not.toContain(plain);
  });
});

describe('a key', () => {
  const KEY = ['BAD_USER_INPUT', 'IDEMPOTENCY_KEY'];
  const send = (key: { header?: string; extension?: unknown }, body: string) => {
    const idempotencyKey = key.header === undefined ? {} : { idempotencyKey: key.header };
    const extensions = key.extension === undefined ? {} : { extensions: { idempotencyKey: key.extension } };
    return post(
      cluster.first,
      { ...admin.caller, ...idempotencyKey },
      { query: COMMENT, variables: comment(body), ...extensions },
    );
  };

  it.each([
    ['nothing', { header: '' }],
    ['more than 255 characters', { header: 'k'.repeat(256) }],
    ['a space', { header: 'a key' }],
    ['a letter that is not ASCII', { header: 'klí' }],
    ['nothing, in the extensions', { extension: '' }],
    ['a letter that is not ASCII, in the extensions', { extension: 'klíč' }],
    ['a number', { extension: 7 }],
    ['a list', { extension: ['a'] }],
    ['one in the header and another one in the extensions', { header: 'a', extension: 'b' }],
  ])('is not %s', async (_what, key) => {
    const answer = await send(key, 'unheard');
    expect([answer.status, reasonOf(answer)]).toEqual([400, KEY]);
    expect(await commentsOf(task)).not.toContain('unheard');
  });

  it('is 255 characters, in the header, in the extensions or in both', async () => {
    const key = `"${'!~'.repeat(126)}"`.padEnd(255, 'k');
    const first = told(await send({ header: key }, 'at length'));
    expect(told(await send({ extension: key }, 'at length'))).toEqual(first);
    expect(told(await send({ header: key, extension: key }, 'at length'))).toEqual(first);
    expect(told(await send({ header: key, extension: null }, 'at length'))).toEqual(first);
  });

  it('says nothing with a query', async () => {
    const answer = await ask(cluster.first, { ...admin.caller, idempotencyKey: 'a b' }, '{ viewer { user { id } } }');
    expect(answer.errors).toEqual([]);
  });

  it('is not asked for: without one nothing is kept, and all is done again', async () => {
    const own = await world.task(project);
    const count = async () => (await listRows(source(), IdempotencyRecord, true)).length;
    const before = await count();
    for (let i = 0; i < 2; i += 1) await ask(cluster.first, admin.caller, COMMENT, comment('again', own));
    expect(await commentsOf(own)).toEqual(['again', 'again']);
    expect(await count()).toBe(before);
    expect((await findRow(source(), Task, own.id))?.lastCommentNumber).toBe(2);
  });
});
