import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verifyAudit } from '../../src/domain/verify-audit.js';
import { newId } from '../../src/schema/ids.js';
import { ask, type Caller, get, listen } from '../harness/client.js';
import { type Cluster, type Node, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

const ENTRY =
  'number action result reason entryPoint actorId actor { name } objectId address userAgent details occurredAt';
const LOG = `query ($filter: AuditFilter) { auditLog(first: 100, filter: $filter) { nodes { ${ENTRY} } } }`;

let cluster: Cluster;
let world: World;
let admin: Person;
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer);
  admin = world.admin;
}, 60_000);
afterAll(() => cluster?.stop());

/** Newest first; each company's own. */
const wholeLogOf = async (caller: Caller, filter: object = {}) =>
  (await get(cluster.last, caller, LOG, { filter })).auditLog.nodes;
/** The same without who came in, which is told a moment after it. */
const logOf = async (caller: Caller, filter: object = {}) =>
  (await wholeLogOf(caller, filter)).filter(({ action }: { action: string }) => !action.endsWith('.entered'));
/** A refusal is written when its answer is on its way already. */
const refusalsOf = async (person: Person, count: number) => {
  const filter = { actorId: { eq: person.member.id }, result: { eq: 'REFUSED' } };
  await until(async () => (await logOf(admin.caller, filter)).length >= count, 'refusals in the log');
  return logOf(admin.caller, filter);
};
const INVITE = `mutation ($emails: [String!]!, $kind: MembershipKind, $role: Role) {
  inviteMembers(input: { emails: $emails, kind: $kind, role: $role }) { invitations { id } userErrors { code } } }`;

it('tells who has let whom in, what became of it, and from where it was done', async () => {
  const { inviteMembers } = await get(cluster.first, admin.caller, INVITE, { emails: ['first@example.com'] });
  const [{ id: invitationId }] = inviteMembers.invitations;
  const first = { authorization: `Bearer ${await cluster.issuer.token('first@example.com')}` };
  const accept = `mutation { acceptInvitation(input: { invitationId: "${invitationId}" }) { membership { memberId } } }`;
  const { memberId } = (await get(cluster.first, first, accept)).acceptInvitation.membership;
  await get(
    cluster.first,
    admin.caller,
    `mutation { deactivateMember(input: { memberId: "${memberId}" }) { cursor } }`,
  );
  const [invited] = (await logOf(admin.caller, { objectId: { eq: invitationId } })).slice(-1);
  const [deactivated, added] = await logOf(admin.caller, { objectId: { eq: memberId } });
  const common = {
    result: 'DONE',
    reason: null,
    entryPoint: 'MEMBER',
    actorId: admin.member.id,
    actor: { name: expect.stringContaining('Admin') },
    objectId: memberId,
    address: '127.0.0.1',
    userAgent: 'node',
  };
  expect(added).toMatchObject({
    ...common,
    entryPoint: 'USER',
    actorId: memberId,
    actor: { name: 'first' },
    action: 'member.added',
    details: { changes: { role: [null, 'MEMBER'], kind: [null, 'INTERNAL'] } },
  });
  expect(invited).toMatchObject({
    ...common,
    objectId: invitationId,
    action: 'invitation.created',
    details: { role: 'MEMBER', kind: 'INTERNAL' },
  });
  expect(deactivated).toMatchObject({ ...common, action: 'member.deactivated' });
  expect(deactivated.number).toBeGreaterThan(added.number);
});

it('tells of grants, and not of the daily work', async () => {
  const project = await world.project();
  const person = await world.member();
  const before = await logOf(admin.caller);
  await world.grant(project, person, 'EDIT');
  const task = await world.task(project);
  await get(
    cluster.first,
    admin.caller,
    `mutation { moveTask(input: { taskId: "${task.id}", status: CLOSED }) { cursor } }`,
  );
  const follow = await world.follow(task);
  const fresh = (await logOf(admin.caller)).slice(0, -before.length);
  expect(fresh.map(({ action, objectId }: { action: string; objectId: string }) => [action, objectId])).toEqual([
    ['follow.granted', follow.id],
    ['permission.changed', project.id],
  ]);
  expect(fresh[1].details).toMatchObject({ memberId: person.member.id, level: 'EDIT' });
});

it.each<[string, () => Promise<Caller>]>([
  ['a member', async () => admin.caller],
  ['a program', async () => (await world.key(['PROJECTS_WRITE'])).caller],
])('tells of a project that %s creates, to whom it gives rights by itself', async (_who, callerOf) => {
  const managerId = (await world.member()).member.id;
  const key = `K${newId('project').slice(-8).toUpperCase()}`;
  const input = { workspaceId: world.workspace.id, key, name: 'Secret name', managerId, visibility: 'INTERNAL' };
  const document = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } userErrors { code } } }`;
  const { createProject } = await get(cluster.first, await callerOf(), document, { input });
  const { id } = createProject.project;
  expect(await logOf(admin.caller, { objectId: { eq: id } })).toMatchObject([
    { action: 'project.created', result: 'DONE', details: { managerId, visibility: 'INTERNAL' } },
  ]);
});

it('begins with the operator, who is no member, and has no name or address of a person in it', async () => {
  const other = await World.found(cluster.parts, cluster.issuer);
  const person = await other.member();
  const log = await logOf(other.admin.caller);
  expect(log.at(-1)).toMatchObject({
    number: 1,
    action: 'company.founded',
    entryPoint: 'OPERATOR',
    actor: null,
    address: null,
  });
  const text = JSON.stringify(log.map(({ actor: _actor, ...stored }: { actor: object }) => stored));
  for (const told of [person.email, other.admin.email, 'Admin of']) expect(text).not.toContain(told);
});

it('keeps nothing of a command that was refused by its rules, and says once what was done once', async () => {
  const before = (await logOf(admin.caller)).length;
  const refused = { emails: ['never@example.com'], kind: 'EXTERNAL', role: 'ADMIN' };
  const answer = await get(cluster.first, admin.caller, INVITE, refused);
  expect(answer.inviteMembers.userErrors).toEqual([{ code: 'EXTERNAL_ROLE' }]);
  const caller = { ...admin.caller, idempotencyKey: 'audit-once' };
  for (const node of [cluster.first, cluster.last, cluster.first])
    await get(node, caller, INVITE, { emails: ['once@example.com'] });
  expect((await logOf(admin.caller)).length).toBe(before + 1);
});

it('is numbered without gaps when many act at once, on all nodes', async () => {
  const send = (node: Node, i: number) => get(node, admin.caller, INVITE, { emails: [`many-${i}@example.com`] });
  await Promise.all(Array.from({ length: 24 }, (_, i) => send(cluster.nodes[i % cluster.nodes.length] as Node, i)));
  const numbers = (await wholeLogOf(admin.caller)).map(({ number }: { number: number }) => number);
  expect(numbers).toEqual(numbers.map((_: number, i: number) => numbers[0] - i));
});

describe('who comes in', () => {
  const entered = async (objectId: string, count: number) => {
    const filter = { action: { in: ['member.entered', 'follow.entered'] }, objectId: { eq: objectId } };
    await until(async () => (await wholeLogOf(admin.caller, filter)).length >= count, 'who came in');
    return wholeLogOf(admin.caller, filter);
  };

  it('is told once for each token, whichever node is asked and however often', async () => {
    const person = await world.member();
    for (let i = 0; i < 3; i += 1)
      for (const node of cluster.nodes) await get(node, person.caller, '{ viewer { user { id } } }');
    await listen(cluster.last, person.caller, '{ viewer { user { id } } }').until(() => true);
    const [first] = await entered(person.member.id, 1);
    expect(first).toMatchObject({
      action: 'member.entered',
      entryPoint: 'MEMBER',
      actorId: person.member.id,
      address: '127.0.0.1',
      details: { by: 'TOKEN' },
    });
    const token = await cluster.issuer.token(person.email, { exp: Math.floor(Date.now() / 1_000) + 1_800 });
    await get(cluster.last, { ...person.caller, authorization: `Bearer ${token}` }, '{ viewer { user { id } } }');
    expect(await entered(person.member.id, 2)).toHaveLength(2);
  });

  it('is told of a follower, once a day', async () => {
    const follow = await world.follow(await world.task(await world.project()));
    for (const node of [...cluster.nodes, ...cluster.nodes]) await get(node, follow.caller, '{ followed { id } }');
    const told = await entered(follow.id, 1);
    expect(told).toMatchObject([{ action: 'follow.entered', entryPoint: 'FOLLOWER', actorId: follow.id, actor: null }]);
  });
});

describe('who is turned away', () => {
  it('is told of to the company at whose door it was, and by no name', async () => {
    const other = await World.found(cluster.parts, cluster.issuer);
    const stranger = { ...other.admin.caller, companyId: world.companyId };
    expect((await ask(cluster.first, stranger, '{ workspaces { id } }')).status).toBe(404);
    const secret = `${world.companyId.slice('company_'.length)}.${'x'.repeat(43)}`;
    expect((await ask(cluster.first, { authorization: `Follow ${secret}` }, '{ followed { id } }')).status).toBe(401);
    const filter = { action: { eq: 'access' }, result: { eq: 'REFUSED' } };
    await until(async () => (await wholeLogOf(admin.caller, filter)).length >= 2, 'both');
    const told = await wholeLogOf(admin.caller, filter);
    expect(
      told.map(({ entryPoint, reason, actorId }: Record<string, string>) => [entryPoint, reason, actorId]).sort(),
    ).toEqual([
      ['FOLLOWER', 'FOLLOW_INVALID', null],
      ['USER', 'NOT_VISIBLE_OR_ABSENT', null],
    ]);
  });

  it('is told of by name where they were let in once: whose part has ended, with a token that is good', async () => {
    const person = await world.member();
    const { memberId } = person.viewer;
    await get(
      cluster.first,
      admin.caller,
      `mutation { deactivateMember(input: { memberId: "${memberId}" }) { cursor } }`,
    );
    await until(
      async () => (await ask(cluster.first, person.caller, '{ workspaces { id } }')).status === 404,
      'the end',
    );
    expect((await refusalsOf(person, 1))[0]).toMatchObject({
      action: 'access',
      reason: 'NOT_VISIBLE_OR_ABSENT',
      entryPoint: 'USER',
      actorId: memberId,
    });
  });

  it('leaves no trace where there is no such company', async () => {
    const companyId = 'company_01h455vb4pex5vsknk084sn02q';
    expect((await ask(cluster.first, { ...admin.caller, companyId }, '{ workspaces { id } }')).status).toBe(404);
    // What was added later is written later.
    const stranger = await World.found(cluster.parts, cluster.issuer);
    await get(cluster.first, stranger.admin.caller, '{ workspaces { id } }');
    await until(async () => (await wholeLogOf(stranger.admin.caller)).length > 2, 'the other company');
    expect(await verifyAudit(cluster.parts, companyId)).toMatchObject({ isSound: true, number: 0 });
  });
});

describe('a refusal', () => {
  it('is told with its reason, by whatever way it was asked for', async () => {
    const person = await world.member();
    await ask(cluster.first, person.caller, INVITE, { emails: ['refused@example.com'] });
    await listen(cluster.last, person.caller, '{ apiKeys(first: 1) { nodes { id } } }').failed;
    const refusals = await refusalsOf(person, 2);
    expect(refusals.map(({ action }: { action: string }) => action).sort()).toEqual(['apiKeys', 'inviteMembers']);
    for (const refusal of refusals)
      expect(refusal).toMatchObject({ reason: 'ROLE_REQUIRED', entryPoint: 'MEMBER', address: '127.0.0.1' });
  });

  it('of a follower is told as the follow', async () => {
    const follow = await world.follow(await world.task(await world.project()));
    await ask(cluster.first, follow.caller, '{ apiKeys(first: 1) { nodes { id } } }');
    const filter = { actorId: { eq: follow.id } };
    await until(async () => (await logOf(admin.caller, filter)).length > 0, 'the refusal');
    expect((await logOf(admin.caller, filter))[0]).toMatchObject({
      action: 'apiKeys',
      reason: 'ENTRY_NOT_ALLOWED',
      entryPoint: 'FOLLOWER',
      actor: null,
    });
  });

  it('cannot be repeated to fill the log', async () => {
    const person = await world.member();
    for (let i = 0; i < 30; i += 1) await ask(cluster.first, person.caller, '{ apiKeys(first: 1) { nodes { id } } }');
    await refusalsOf(person, 1);
    // Another one of another kind is written after all those before it.
    await ask(cluster.first, person.caller, INVITE, { emails: ['refused@example.com'] });
    expect(await refusalsOf(person, 2)).toHaveLength(2);
  });
});

describe('to whom it is open', () => {
  it('is not open to others than administrators, and each company has its own', async () => {
    const supervisor = await world.member({ role: 'SUPERVISOR' });
    expect(await ask(cluster.first, supervisor.caller, LOG)).toMatchObject({
      errors: [{ extensions: { reason: 'ROLE_REQUIRED' } }],
    });
    const other = await World.found(cluster.parts, cluster.issuer);
    const actors = (await logOf(other.admin.caller)).map(({ actorId }: { actorId: string }) => actorId);
    expect(actors).not.toContain(admin.member.id);
  });

  it.each([
    ['an action', { action: { eq: 'follow.granted' } }],
    ['a result', { result: { eq: 'REFUSED' } }],
    ['a time that has not come', { occurredAt: { gte: '2100-01-01T00:00:00.000Z' } }],
    ['one of two actions', { action: { in: ['follow.granted', 'member.added'] } }],
    ['several at once', { action: { eq: 'member.added' }, result: { ne: 'REFUSED' } }],
  ])('is searched by %s', async (_what, filter) => {
    const all: Entry[] = await logOf(admin.caller);
    const wanted = all.filter((entry) => isWanted(filter, entry)).map(({ number }) => number);
    // A refusal of before may be written in between.
    const found: Entry[] = await logOf(admin.caller, filter);
    const last = all[0]?.number ?? 0;
    expect(found.map(({ number }) => number).filter((number) => number <= last)).toEqual(wanted);
  });
});

interface Entry {
  number: number;
  action: string;
  result: string;
  occurredAt: string;
}
interface Filter {
  action?: { eq?: string; in?: string[] };
  result?: { eq?: string; ne?: string };
  occurredAt?: { gte: string };
}

function isWanted({ action, result, occurredAt }: Filter, entry: Entry): boolean {
  if (action && !(action.in ?? [action.eq]).includes(entry.action)) return false;
  if (result && (result.eq ?? entry.result) !== entry.result) return false;
  if (result && result.ne === entry.result) return false;
  return !occurredAt || entry.occurredAt >= occurredAt.gte;
}

describe('the export', () => {
  const exported = (caller: Caller, search = '') =>
    fetch(`${cluster.first.url}/export/audit.ndjson${search}`, {
      headers: { authorization: caller.authorization ?? '', 'x-company-id': caller.companyId ?? '' },
    });

  it('has every entry, and whoever has it can check the chain without us', async () => {
    const response = await exported(admin.caller);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/x-ndjson; charset=utf-8',
    ]);
    const entries = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const sha256 = (parts: unknown[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    let hash = '';
    for (const [i, e] of entries.entries()) {
      const { companyId, number, id, occurredAt, action, result, reason, entryPoint, actorId, objectId } = e;
      expect(number).toBe(i + 1);
      expect(e.originDigest).toBe(sha256([e.originSalt, e.address, e.userAgent]));
      const covered = [companyId, number, id, occurredAt, action, result, reason, entryPoint, actorId, objectId];
      hash = sha256([hash, ...covered, e.details, e.originDigest]);
      expect(e.hash).toBe(hash);
    }
    // Somewhere near the end: who came in and what was refused before may be written after it.
    const itself = { action: 'audit.exported', actorId: admin.member.id, address: '127.0.0.1' };
    expect(entries).toContainEqual(expect.objectContaining(itself));
    const rest = await (await exported(admin.caller, `?after=${entries.length}`)).text();
    const later = rest
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(later.map(({ number }) => number)).toEqual(later.map((_entry, i) => entries.length + 1 + i));
    expect(later).toContainEqual(expect.objectContaining(itself));
  });

  it.each([
    ['nobody', () => ({}), '', 401],
    ['a member', async () => (await world.member({ role: 'SUPERVISOR' })).caller, '', 403],
    ['a follower', async () => (await world.follow(await world.task(await world.project()))).caller, '', 403],
    ["another company's administrator", otherAdmin, '', 404],
    ['an administrator who asks for no number', () => admin.caller, '?after=x', 400],
  ] as const)('is refused to %s', async (_who, callerOf, search, status) => {
    const response = await exported(await callerOf(), search);
    expect([response.status, (await response.text()).includes('company.founded')]).toEqual([status, false]);
  });

  async function otherAdmin(): Promise<Caller> {
    const other = await World.found(cluster.parts, cluster.issuer);
    return { ...other.admin.caller, companyId: world.companyId };
  }

  it('tells an administrator who has tried', async () => {
    const person = await world.member();
    await exported(person.caller);
    expect((await refusalsOf(person, 1))[0]).toMatchObject({ action: 'audit.exported', reason: 'ROLE_REQUIRED' });
  });
});
