import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addComment } from '../../src/domain/comments.js';
import type { Once } from '../../src/domain/once.js';
import { updatePreferences } from '../../src/domain/personal.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Comment } from '../../src/entities/comment.js';
import { IdempotencyRecord, UserIdempotencyRecord } from '../../src/entities/idempotency-record.js';
import { type EntityManager, forkFor } from '../../src/entities/orm.js';
import { findRows, type Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { closeParts, openParts } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { World } from '../harness/world.js';

let database: TestDatabase;
let parts: Parts;
let world: World;
let task: Row<Task>;
let rows: EntityManager;
beforeAll(async () => {
  database = await createDatabase();
  parts = await openParts(database);
  world = await World.found(parts, null);
  task = await world.task(await world.project());
  rows = forkFor(parts.orm, world.admin.viewer);
}, 60_000);
afterAll(async () => {
  await closeParts(parts);
  await database?.drop();
});

/** The fingerprints of who sends a command and its key, of the field in the document, and of the request. */
const once = (key: string, field: string, body: string): Once => {
  const hash = (text: string) => parts.keyring.fingerprint('test', text);
  return { keyHash: hash(`key ${key}`), fieldHash: hash(`field ${field}`), bodyHash: hash(`body ${body}`) };
};
const MOVED = 'The outcome of a command is not as it was kept.';

describe('what has come of a command', () => {
  const comment = (by: Once, body: string) =>
    addComment({ ...parts, once: by }, world.admin.viewer, task.id, body).then(({ result }) => result.body);
  const outcomeOf = async ({ keyHash, fieldHash }: Once) =>
    (await findRows(rows, IdempotencyRecord, { keyHash, fieldHash }))[0]?.outcome;

  it.each([
    ['of somebody else, or of another key', once1('a'), { ...once1('a'), key: 'another key' }],
    ['of another field', once1('b'), { ...once1('b'), field: 'another field' }],
  ])('is not given out from the record %s', async (_which, mine, theirs) => {
    const [own, other] = [mine, theirs].map(({ key, field, body }) => once(key, field, body)) as [Once, Once];
    expect(await comment(own, 'My own')).toBe('My own');
    expect(await comment(other, 'Theirs')).toBe('Theirs');
    const { keyHash, fieldHash } = other;
    await rows.nativeUpdate(IdempotencyRecord, { keyHash, fieldHash }, { outcome: await outcomeOf(own) });
    await expect(comment({ ...other }, 'Theirs')).rejects.toThrow(MOVED);
    expect(await comment({ ...own }, 'My own')).toBe('My own');
  });

  it('is not given out to another request, though the record says that it is the one', async () => {
    const own = once('c', 'field', 'body');
    expect(await comment(own, 'My own')).toBe('My own');
    const { bodyHash } = once('c', 'field', 'another body');
    await rows.nativeUpdate(IdempotencyRecord, { keyHash: own.keyHash }, { bodyHash });
    await expect(comment({ ...own, bodyHash }, 'Another one')).rejects.toThrow(MOVED);
  });

  it('is not given out from the record of another user', async () => {
    const [own, other] = [once('d', 'field', 'body'), once('e', 'field', 'body')];
    const person = await world.member();
    const prefer = (by: Once, { userId }: { userId: string }, locale: string) =>
      updatePreferences({ ...parts, once: by }, userId, { locale }).then((preferences) => preferences.locale);
    expect(await prefer(own, world.admin.viewer, 'de')).toBe('de');
    expect(await prefer(other, person.viewer, 'cs')).toBe('cs');
    const [mine] = await findRows(rows, UserIdempotencyRecord, { userId: world.admin.viewer.userId });
    const theirs = forkFor(parts.orm, person.viewer);
    await theirs.nativeUpdate(UserIdempotencyRecord, { keyHash: other.keyHash }, { outcome: mine?.outcome });
    await expect(prefer({ ...other }, person.viewer, 'cs')).rejects.toThrow(MOVED);
  });

  it('is done by nobody who is refused so', async () => {
    const bodies = (await findRows(rows, Comment, { task: task.id })).map(({ body }) => body);
    expect(bodies.sort()).toEqual(['My own', 'My own', 'My own', 'Theirs', 'Theirs']);
  });
});

function once1(key: string) {
  return { key, field: 'field', body: 'body' };
}
