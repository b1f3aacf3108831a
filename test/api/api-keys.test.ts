import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rotateApiKey } from '../../src/domain/api-keys.js';
import { readAudit } from '../../src/domain/audit.js';
import { updateTask } from '../../src/domain/tasks.js';
import { ApiKey, ApiKeySecret } from '../../src/entities/api-key.js';
import { forkFor } from '../../src/entities/orm.js';
import { type Project, Workspace } from '../../src/entities/project.js';
import { findRows, type Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import { Scope } from '../../src/entities/vocabulary.js';
import { ask, type Caller, codeOf, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

const ALL = Object.values(Scope);
const DAY_MS = 86_400_000;
const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
  secret apiKey { id name scopes allowedAddresses expiresAt revokedAt createdBy { id } secrets { prefix expiresAt } }
  userErrors { field code } } }`;
const TASKS = 'query ($id: ID!) { tasks(projectId: $id, first: 10) { nodes { id title } } }';

let cluster: Cluster;
let world: World;
let admin: Caller;
let project: Project;
let task: Row<Task>;
beforeAll(async () => {
  cluster = await startCluster({ TRUSTED_PROXIES: '127.0.0.1' });
  world = await World.found(cluster.parts, cluster.issuer);
  admin = world.admin.caller;
  project = await world.project();
  task = await world.task(project);
}, 60_000);
afterAll(() => cluster?.stop());

const soon = (ms = 3_600_000) => new Date(Date.now() + ms).toJSON();
const reasonsOf = async (caller: Caller, document: string, variables: object = {}) => {
  const { errors } = await ask(cluster.last, caller, document, variables);
  return errors.map(({ extensions }) => extensions.reason);
};
const mutation = async (caller: Caller, name: string, input: object, selection = '') => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { field code } } }`;
  return (await get(cluster.first, caller, document, { input }))[name];
};

describe('a key', () => {
  it('is made by an administrator, shows its secret once, and opens what its scopes say, on every node', async () => {
    const input = { name: 'Reporting', scopes: ['TASKS_READ'], expiresAt: soon(), allowedAddresses: ['127.0.0.0/8'] };
    const { createApiKey } = await get(cluster.first, admin, CREATE, { input });
    expect(createApiKey).toMatchObject({
      userErrors: [],
      apiKey: {
        name: 'Reporting',
        scopes: ['TASKS_READ'],
        allowedAddresses: ['127.0.0.0/8'],
        revokedAt: null,
        createdBy: { id: world.admin.member.id },
        secrets: [{ prefix: createApiKey.secret.slice(0, -39), expiresAt: null }],
      },
    });
    const caller = { authorization: `Bearer ${createApiKey.secret}` };
    for (const node of cluster.nodes) {
      const { tasks } = await get(node, caller, TASKS, { id: project.id });
      expect(tasks.nodes.map(({ id }: { id: string }) => id)).toContain(task.id);
    }
    const [stored] = await findRows({ orm: cluster.parts.orm, companyId: world.companyId }, ApiKeySecret, {
      key: createApiKey.apiKey.id,
    });
    expect(JSON.stringify(stored)).not.toContain(createApiKey.secret.slice(-39));
  });

  it.each([
    ['no scope', { scopes: [] }, 'SCOPES', 'scopes'],
    ['a past end', { expiresAt: soon(-1_000) }, 'EXPIRY_PAST', 'expiresAt'],
    ['an end in more than a year', { expiresAt: soon(367 * DAY_MS) }, 'EXPIRY_TOO_FAR', 'expiresAt'],
    ['an address that is none', { allowedAddresses: ['10.0.0.0/33'] }, 'ADDRESS_RANGE', 'allowedAddresses'],
    ['everybody for a range', { allowedAddresses: ['0.0.0.0/0'] }, 'ADDRESS_RANGE', 'allowedAddresses'],
    ['no name', { name: ' ' }, 'REQUIRED', 'name'],
  ])('is not made with %s', async (_what, wrong, code, field) => {
    const input = { name: 'K', scopes: ['TASKS_READ'], expiresAt: soon(), ...wrong };
    const { createApiKey } = await get(cluster.first, admin, CREATE, { input });
    expect(createApiKey).toEqual({ secret: null, apiKey: null, userErrors: [{ code, field }] });
  });

  it('is refused in one way, whatever is wrong with it, and its company is told what it was', async () => {
    const good = await world.key(['TASKS_READ']);
    const elsewhere = await world.key(['TASKS_READ'], { allowedAddresses: ['192.0.2.7', '2001:db8::/32'] });
    const tampered = `${good.secret.slice(0, -1)}${good.secret.endsWith('A') ? 'B' : 'A'}`;
    const answers = await Promise.all(
      [tampered, elsewhere.secret, 'aliteo_key_x', `aliteo_key_${'0'.repeat(26)}_${'a'.repeat(43)}`].map((secret) =>
        ask(cluster.first, { authorization: `Bearer ${secret}` }, '{ rateLimit { limit } }'),
      ),
    );
    for (const { status, errors } of answers)
      expect([status, errors]).toEqual([401, [{ ...answers[0]?.errors[0], extensions: errors[0]?.extensions }]]);
    expect(new Set(answers.map(({ errors }) => errors[0]?.extensions.reason))).toEqual(new Set(['KEY_INVALID']));
    const log = async () => {
      const filter = { action: { eq: 'access' }, result: { eq: 'REFUSED' } };
      const document = `query ($filter: AuditFilter) { auditLog(first: 50, filter: $filter) {
        nodes { reason entryPoint actorId integration { id } } } }`;
      return (await get(cluster.first, admin, document, { filter })).auditLog.nodes;
    };
    await until(async () => (await log()).length >= 2, 'both refusals');
    expect(await log()).toContainEqual({
      reason: 'KEY_ADDRESS',
      entryPoint: 'INTEGRATION',
      actorId: elsewhere.id,
      integration: { id: elsewhere.id },
    });
    expect(await log()).toContainEqual(expect.objectContaining({ reason: 'KEY_INVALID', actorId: null }));
  });

  it('is good from the addresses that it names, as a trusted proxy tells them', async () => {
    const { secret } = await world.key(['TASKS_READ'], { allowedAddresses: ['192.0.2.7', '2001:db8:7::/48'] });
    const from = async (address: string) => {
      const headers = {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'x-forwarded-for': address,
      };
      const body = JSON.stringify({ query: '{ rateLimit { limit } }' });
      return (await fetch(cluster.first.graphqlUrl, { method: 'POST', headers, body })).status;
    };
    expect([await from('192.0.2.7'), await from('2001:db8:7::1'), await from('::ffff:192.0.2.7')]).toEqual([
      200, 200, 200,
    ]);
    expect([await from('192.0.2.8'), await from('2001:db8:8::1')]).toEqual([401, 401]);
  });

  it('opens its own company and no other, whatever the request names', async () => {
    const { id, caller } = await world.key(ALL);
    const other = await World.found(cluster.parts, cluster.issuer);
    const theirs = await other.task(await other.project());
    expect(codeOf(await ask(cluster.first, { ...caller, companyId: other.companyId }, '{ rateLimit { limit } }'))).toBe(
      'NOT_FOUND',
    );
    expect(codeOf(await ask(cluster.first, caller, `{ task(id: "${theirs.id}") { id } }`))).toBe('NOT_FOUND');
    // Its own company reads of it, and the other has nothing to do with it.
    const refused = async ({ companyId }: World) =>
      (await readAudit(cluster.parts.orm, companyId, 0, 1_000)).filter(
        ({ result, actorId }) => result === 'REFUSED' && actorId === id,
      );
    await until(async () => (await refused(world)).length > 0, 'the refusal');
    const reason = 'NOT_VISIBLE_OR_ABSENT';
    expect(await refused(world)).toMatchObject([{ action: 'access', entryPoint: 'INTEGRATION', reason }]);
    expect(await refused(other)).toEqual([]);
  });
});

describe('what a program does', () => {
  it('is its own: it stands as integration where a member would as author and actor', async () => {
    const { id, caller } = await world.key(ALL, { name: 'Builder' });
    const integration = { id, name: 'Builder' };
    const owner = world.admin.member.id;
    const created = await mutation(
      caller,
      'createTask',
      { projectId: project.id, title: 'By a program', ownerId: owner },
      'task { id privacy author { id } integration { id name } owner { id } }',
    );
    expect(created).toMatchObject({
      userErrors: [],
      task: { privacy: 'INTERNAL', author: null, integration, owner: { id: owner } },
    });
    const taskId = created.task.id;
    const commented = await mutation(
      caller,
      'addComment',
      { taskId, body: 'Done' },
      'comment { author { id } integration { id name } privacy }',
    );
    expect(commented).toMatchObject({ comment: { author: null, integration, privacy: 'INTERNAL' } });
    const { task: seen } = await get(
      cluster.last,
      admin,
      `query ($id: ID!) { task(id: $id) { history(first: 5) { nodes { type entryPoint actor { id } integration { id name } } } } }`,
      { id: taskId },
    );
    expect(seen.history.nodes).toEqual(
      ['task.commented', 'task.created'].map((type) => ({ type, entryPoint: 'INTEGRATION', actor: null, integration })),
    );
  });

  it('names who owns a task and who manages a project: it is nobody itself', async () => {
    const { caller } = await world.key(ALL);
    expect(await mutation(caller, 'createTask', { projectId: project.id, title: 'T' })).toEqual({
      userErrors: [{ code: 'REQUIRED', field: 'ownerId' }],
    });
    const input = { workspaceId: world.workspace.id, key: 'PROG', name: 'By a program' };
    expect(await mutation(caller, 'createProject', input)).toEqual({
      userErrors: [{ code: 'REQUIRED', field: 'managerId' }],
    });
    const managerId = world.admin.member.id;
    expect(
      await mutation(caller, 'createProject', { ...input, managerId }, 'project { manager { id } }'),
    ).toMatchObject({
      project: { manager: { id: managerId } },
    });
  });

  it('is never private, nor does a program see what is', async () => {
    const { caller } = await world.key(ALL);
    const ownerId = world.admin.member.id;
    const hidden = await world.task(project, { privacy: 'PRIVATE' });
    expect(codeOf(await ask(cluster.first, caller, `{ task(id: "${hidden.id}") { id } }`))).toBe('NOT_FOUND');
    const { tasks } = await get(cluster.first, caller, TASKS, { id: project.id });
    expect(tasks.nodes.map(({ id }: { id: string }) => id)).not.toContain(hidden.id);
    const privacy = 'PRIVATE';
    expect(await mutation(caller, 'createTask', { projectId: project.id, title: 'T', privacy, ownerId })).toEqual({
      userErrors: [{ code: 'KEYS_NOT_PRIVATE', field: 'privacy' }],
    });
    const open = await world.task(project);
    expect(await mutation(caller, 'updateTask', { taskId: open.id, privacy })).toEqual({
      userErrors: [{ code: 'KEYS_NOT_PRIVATE', field: 'privacy' }],
    });
  });

  it('leaves to the owner what the workspace leaves to the owner', async () => {
    const { caller } = await world.key(ALL);
    const em = forkFor(cluster.parts.orm, { companyId: world.companyId });
    const open = await world.task(project);
    await em.nativeUpdate(Workspace, { id: world.workspace.id }, { closingPolicy: 'ON_REQUEST' });
    try {
      expect(await mutation(caller, 'moveTask', { taskId: open.id, status: 'CLOSED' })).toEqual({
        userErrors: [{ code: 'CLOSING_ON_REQUEST', field: 'status' }],
      });
    } finally {
      await em.nativeUpdate(Workspace, { id: world.workspace.id }, { closingPolicy: 'ANY_INTERNAL' });
    }
    expect(await mutation(caller, 'moveTask', { taskId: open.id, status: 'CLOSED' })).toEqual({ userErrors: [] });
  });

  it("is done once under an Idempotency-Key, which is the key's own", async () => {
    const [one, two] = [await world.key(ALL), await world.key(ALL)];
    const input = { projectId: project.id, title: 'Once', ownerId: world.admin.member.id };
    const idempotencyKey = 'of-a-program';
    const create = (caller: Caller) => mutation({ ...caller, idempotencyKey }, 'createTask', input, 'task { id }');
    const first = await create(one.caller);
    expect(await create(one.caller)).toEqual(first);
    expect((await create(two.caller)).task.id).not.toBe(first.task.id);
  });
});

describe('scopes', () => {
  it.each([
    ['TASKS_READ', '{ members(first: 1) { nodes { id } } }', 'SCOPE_REQUIRED'],
    ['TASKS_READ', '{ projects(first: 1) { nodes { id } } }', 'SCOPE_REQUIRED'],
    ['PROJECTS_READ', 'tasks', 'SCOPE_REQUIRED'],
    ['TASKS_READ', 'author', 'SCOPE_REQUIRED'],
    ['TASKS_READ', 'project', 'SCOPE_REQUIRED'],
    ['TASKS_READ', 'comments', 'SCOPE_REQUIRED'],
    ['TASKS_READ', 'history', 'CLOSED_TO_KEYS'],
    ['TASKS_READ', '{ viewer { user { id } } }', 'ENTRY_NOT_ALLOWED'],
    ['TASKS_READ', '{ apiKeys(first: 1) { nodes { id } } }', 'ENTRY_NOT_ALLOWED'],
    ['TASKS_READ', '{ auditLog(first: 1) { nodes { id } } }', 'ENTRY_NOT_ALLOWED'],
  ] as const)('%s alone does not open %s', async (scope, asked, reason) => {
    const { caller } = await world.key([scope]);
    await get(cluster.first, admin, `mutation { addComment(input: { taskId: "${task.id}", body: "C" }) { cursor } }`);
    const fields: Record<string, string> = {
      tasks: `{ tasks(projectId: "${project.id}", first: 1) { nodes { id } } }`,
      author: `{ task(id: "${task.id}") { id author { name } } }`,
      project: `{ task(id: "${task.id}") { id project { name } } }`,
      comments: `{ task(id: "${task.id}") { comments(first: 1) { nodes { body } } } }`,
      history: `{ task(id: "${task.id}") { history(first: 1) { nodes { type } } } }`,
    };
    expect(await reasonsOf(caller, fields[asked] ?? asked)).toContain(reason);
  });

  it('tell of a comment only who may read it', async () => {
    const [reader, all] = [await world.key(['TASKS_READ']), await world.key(['TASKS_READ', 'COMMENTS_READ'])];
    const CHANGES = `subscription { taskChanged(projectId: "${project.id}") { kind taskId task { title } } }`;
    const streams = [reader, all].map(({ caller }) => listen(cluster.last, caller, CHANGES));
    for (const stream of streams) await stream.until(({ kind }) => kind === 'READY');
    await get(cluster.first, admin, `mutation { addComment(input: { taskId: "${task.id}", body: "C" }) { cursor } }`);
    await streams[1]?.until(({ kind }) => kind === 'CHANGED');
    await updateTask(cluster.parts, world.admin.viewer, task.id, { title: 'After the comment' });
    for (const stream of streams) await stream.until(({ task }) => task?.title === 'After the comment');
    const counted = streams.map(({ seen }) => seen.filter(({ kind }) => kind === 'CHANGED').length);
    expect(counted).toEqual([1, 2]);
    for (const stream of streams) await stream.stop();
  });
});

describe('the end of a key', () => {
  const WATCH = 'subscription ($id: ID!) { taskChanged(projectId: $id) { kind } }';
  const watching = async (caller: Caller) => {
    const stream = listen(cluster.last, caller, WATCH, { id: project.id });
    await stream.until(({ kind }) => kind === 'READY');
    return stream;
  };

  it('is at once when it is revoked: requests are refused, sockets close within a second, on other nodes', async () => {
    const { id, caller } = await world.key(ALL);
    const stream = await watching(caller);
    const startedAt = performance.now();
    expect(await mutation(admin, 'revokeApiKey', { keyId: id }, 'apiKey { revokedAt }')).toMatchObject({
      apiKey: { revokedAt: expect.any(String) },
    });
    expect(await stream.closed).toMatchObject({ code: 4403, reason: 'ACCESS_ENDED' });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(await reasonsOf(caller, '{ rateLimit { limit } }')).toEqual(['KEY_INVALID']);
  });

  it('is at once for the secret before, with the sockets that came by it, when it is rotated without an overlap', async () => {
    const { id, caller } = await world.key(ALL);
    const stream = await watching(caller);
    const { secret } = await mutation(admin, 'rotateApiKey', { keyId: id }, 'secret');
    expect(await stream.closed).toMatchObject({ reason: 'TOKEN_EXPIRED' });
    expect(await reasonsOf(caller, '{ rateLimit { limit } }')).toEqual(['KEY_INVALID']);
    expect(await reasonsOf({ authorization: `Bearer ${secret}` }, '{ rateLimit { limit } }')).toEqual([]);
  });

  it('comes on time for the secret before when it is rotated with one, and the new one goes on', async () => {
    const { id, caller } = await world.key(ALL);
    const stream = await watching(caller);
    const { secret } = await mutation(admin, 'rotateApiKey', { keyId: id, overlapSeconds: 2 }, 'secret');
    const later = await watching({ authorization: `Bearer ${secret}` });
    expect(await reasonsOf(caller, '{ rateLimit { limit } }')).toEqual([]);
    expect(await stream.closed).toMatchObject({ reason: 'TOKEN_EXPIRED' });
    expect(await reasonsOf(caller, '{ rateLimit { limit } }')).toEqual(['KEY_INVALID']);
    expect(await reasonsOf({ authorization: `Bearer ${secret}` }, '{ rateLimit { limit } }')).toEqual([]);
    await world.task(project);
    await later.until(({ kind }) => kind === 'CREATED');
    await later.stop();
  });

  it('is not put off by a rotation of what has been revoked, nor is the overlap longer than a week', async () => {
    const { id } = await world.key(ALL);
    const rotate = (overlapSeconds: number) => mutation(admin, 'rotateApiKey', { keyId: id, overlapSeconds });
    expect(await rotate(8 * 86_400)).toEqual({ userErrors: [{ code: 'OVERLAP', field: 'overlapSeconds' }] });
    await mutation(admin, 'revokeApiKey', { keyId: id });
    expect(await rotate(0)).toEqual({ userErrors: [{ code: 'KEY_ENDED', field: 'keyId' }] });
  });

  it('stays the end of the secret before where the time of the key was over, whatever overlap is asked for', async () => {
    const { id, caller } = await world.key(ALL);
    const em = forkFor(cluster.parts.orm, { companyId: world.companyId });
    await em.nativeUpdate(ApiKey, { id }, { expiresAt: new Date(Date.now() - 1_000) });
    const input = { keyId: id, overlapSeconds: 3_600, expiresAt: soon() };
    const { secret } = await mutation(admin, 'rotateApiKey', input, 'secret');
    const { status } = await ask(cluster.first, caller, '{ rateLimit { limit } }');
    expect([status, await reasonsOf(caller, '{ rateLimit { limit } }')]).toEqual([401, ['KEY_INVALID']]);
    expect(await reasonsOf({ authorization: `Bearer ${secret}` }, '{ rateLimit { limit } }')).toEqual([]);
  });

  it('never moves away for a secret that is ending already', async () => {
    const { id } = await world.key(ALL);
    const { parts } = cluster;
    await rotateApiKey(parts, world.admin.viewer, id, 0, null);
    await rotateApiKey(parts, world.admin.viewer, id, 86_400, null);
    const secrets = await findRows({ orm: parts.orm, companyId: world.companyId }, ApiKeySecret, { key: id });
    const ends = secrets.map(({ expiresAt }) => expiresAt && expiresAt.getTime() > Date.now());
    expect(ends.filter((isOpen) => isOpen === false)).toHaveLength(1);
  });
});

it("stands in the audit log without its name, which may be somebody's, and says that it has come in", async () => {
  const name = 'Integration of Jane Roe';
  const { id, caller } = await world.key(['TASKS_READ'], { name });
  await get(cluster.first, caller, TASKS, { id: project.id });
  const document = 'query ($filter: AuditFilter) { auditLog(first: 50, filter: $filter) { nodes { action details } } }';
  const log = async () =>
    (await get(cluster.first, admin, document, { filter: { objectId: { eq: id } } })).auditLog.nodes;
  await until(async () => (await log()).length === 2, 'the entry of the key');
  expect(await log()).toEqual([
    { action: 'apikey.entered', details: {} },
    { action: 'apikey.created', details: expect.objectContaining({ scopes: ['TASKS_READ'] }) },
  ]);
  expect(JSON.stringify(await log())).not.toContain('Jane');
});
