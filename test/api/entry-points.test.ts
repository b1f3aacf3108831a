import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityClass } from '@mikro-orm/core';
import { makeSupportToken } from '../../src/domain/support.js';
import { ApiKey } from '../../src/entities/api-key.js';
import { Follow } from '../../src/entities/follow.js';
import { Invitation } from '../../src/entities/invitation.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { SupportGrant } from '../../src/entities/support-grant.js';
import { newId } from '../../src/schema/ids.js';
import { ask, type Caller, codeOf, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

const LIST = `query ($kind: EntryPointKind!) { entryPoints(kind: $kind, first: 100) {
  nodes { id kind name openedAt openedBy { id } expiresAt lastUsedAt } } }`;
const END = `mutation ($id: ID!) { endEntryPoint(input: { id: $id }) { entryPoint { id kind } userErrors { code } } }`;

let cluster: Cluster;
let world: World;
let admin: Caller;
let project: Project;
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer);
  admin = world.admin.caller;
  project = await world.project('INTERNAL');
}, 60_000);
afterAll(() => cluster?.stop());

const listed = async (kind: string) => (await get(cluster.last, admin, LIST, { kind })).entryPoints.nodes;
const countOf = async (kind: string) =>
  (await get(cluster.last, admin, '{ entryPointCounts { kind count } }')).entryPointCounts.find(
    (counted: { kind: string }) => counted.kind === kind,
  ).count;

/** Each kind of way in, and somebody who comes by it. */
const WAYS: Record<string, () => Promise<{ id: string; caller: Caller; question: string; stream: string }>> = {
  MEMBER: async () => {
    const { member, caller } = await world.member();
    return { id: member.id, caller, ...ofMembers() };
  },
  API_KEY: async () => ({ ...(await world.key(['TASKS_READ'])), ...ofMembers() }),
  SUPPORT: async () => ({ ...(await world.support()), ...ofMembers() }),
  FOLLOW: async () => ({
    ...(await world.follow(await world.task(project))),
    question: '{ followed { id } }',
    stream: 'subscription { followedChanged { kind } }',
  }),
};
const ofMembers = () => ({
  question: `{ tasks(projectId: "${project.id}", first: 1) { nodes { id } } }`,
  stream: `subscription { taskChanged(projectId: "${project.id}") { kind } }`,
});

describe.each(Object.keys(WAYS))('a way in of the kind %s', (kind) => {
  const open = WAYS[kind] as (typeof WAYS)[string];

  it('is listed while it is open, with when it was used last', async () => {
    const before = await countOf(kind);
    const { id, caller, question } = await open();
    const find = async () => (await listed(kind)).find((one: { id: string }) => one.id === id);
    expect(await find()).toMatchObject({ id, kind, lastUsedAt: null });
    expect(await countOf(kind)).toBe(before + 1);
    const usedAt = Date.now();
    await get(cluster.first, caller, question);
    await until(async () => (await find()).lastUsedAt !== null, 'its last use');
    const { lastUsedAt } = await find();
    expect(Math.abs(Date.parse(lastUsedAt) - usedAt)).toBeLessThan(5_000);
  });

  it('is ended by its id: what is open closes, nothing comes in any more, and it is not listed', async () => {
    const { id, caller, question, stream } = await open();
    const listener = listen(cluster.last, caller, stream);
    await listener.until((change) => change.kind === 'READY');
    const { endEntryPoint } = await get(cluster.first, admin, END, { id });
    expect(endEntryPoint).toEqual({ entryPoint: { id, kind }, userErrors: [] });
    expect((await listener.closed).reason).toBe('ACCESS_ENDED');
    expect(['UNAUTHENTICATED', 'NOT_FOUND']).toContain(codeOf(await ask(cluster.first, caller, question)));
    expect((await listed(kind)).map((one: { id: string }) => one.id)).not.toContain(id);
  });
});

it('an invitation is listed while it is open, and taken back by its id', async () => {
  const email = `${newId('user').slice(-10)}@example.com`;
  const { id } = await world.invite(email);
  const find = async () => (await listed('INVITATION')).find((one: { id: string }) => one.id === id);
  const openedBy = { id: world.admin.member.id };
  expect(await find()).toMatchObject({ kind: 'INVITATION', name: email, openedBy, lastUsedAt: null });
  expect(await countOf('INVITATION')).toBe(1);
  const { endEntryPoint } = await get(cluster.first, admin, END, { id });
  expect(endEntryPoint).toEqual({ entryPoint: { id, kind: 'INVITATION' }, userErrors: [] });
  expect(await find()).toBeUndefined();
  const stranger = { authorization: `Bearer ${await cluster.issuer.token(email)}` };
  const accept = `mutation { acceptInvitation(input: { invitationId: "${id}" }) { userErrors { code } } }`;
  expect(codeOf(await ask(cluster.first, stranger, accept))).toBe('NOT_FOUND');
});

it.each<[string, EntityClass<Expiring>, () => Promise<{ id: string }>]>([
  ['API_KEY', ApiKey, () => world.key(['TASKS_READ'])],
  ['FOLLOW', Follow, async () => world.follow(await world.task(project))],
  ['SUPPORT', SupportGrant, () => world.support()],
  ['INVITATION', Invitation, () => world.invite(`${newId('user').slice(-10)}@example.com`)],
])('a way in of the kind %s is not listed any more when its time is over', async (kind, entity, open) => {
  const before = await countOf(kind);
  const { id } = await open();
  const ids = async () => (await listed(kind)).map((one: { id: string }) => one.id);
  expect([await countOf(kind), (await ids()).includes(id)]).toEqual([before + 1, true]);
  const em = forkFor(cluster.parts.orm, { companyId: world.companyId });
  await em.nativeUpdate(entity, { id }, { expiresAt: new Date(Date.now() - 1_000) });
  expect([await countOf(kind), (await ids()).includes(id)]).toEqual([before, false]);
});
interface Expiring {
  id: string;
  expiresAt?: Date | null;
}

it('does not end the last administrator', async () => {
  const alone = await World.found(cluster.parts, cluster.issuer);
  const { endEntryPoint } = await get(cluster.first, alone.admin.caller, END, { id: alone.admin.member.id });
  expect(endEntryPoint).toEqual({ entryPoint: null, userErrors: [{ code: 'LAST_ADMINISTRATOR' }] });
});

describe('support', () => {
  it('is not let in before an administrator does, nor after the time that they gave', async () => {
    const other = await World.found(cluster.parts, cluster.issuer);
    expect(await makeSupportToken(cluster.parts, other.companyId)).toBeNull();
    const { id, caller } = await other.support();
    await get(cluster.first, caller, '{ projects(first: 1) { nodes { id } } }');
    const em = forkFor(cluster.parts.orm, { companyId: other.companyId });
    await em.nativeUpdate(SupportGrant, { id }, { expiresAt: new Date(Date.now() - 1) });
    expect(codeOf(await ask(cluster.first, caller, '{ projects(first: 1) { nodes { id } } }'))).toBe('UNAUTHENTICATED');
    expect(await makeSupportToken(cluster.parts, other.companyId)).toBeNull();
  });

  it.each([0, 73])('is not let in for %d hours', async (hours) => {
    const document = 'mutation ($hours: Int!) { grantSupport(input: { hours: $hours }) { userErrors { code field } } }';
    const { grantSupport } = await get(cluster.first, admin, document, { hours });
    expect(grantSupport.userErrors).toEqual([{ code: 'OUT_OF_RANGE', field: 'hours' }]);
  });

  it('reads what is not private, and changes nothing', async () => {
    const { caller } = await world.support();
    const quiet = await world.project();
    const [open, secret] = [
      await world.task(quiet, { privacy: 'INTERNAL' }),
      await world.task(quiet, { privacy: 'PRIVATE' }),
    ];
    const { task } = await get(
      cluster.first,
      caller,
      `{ task(id: "${open.id}") { title author { name } history(first: 1) { nodes { type } } viewerLevel } }`,
    );
    expect(task).toMatchObject({
      title: open.title,
      viewerLevel: 'VIEW',
      history: { nodes: [{ type: 'task.created' }] },
    });
    expect(codeOf(await ask(cluster.first, caller, `{ task(id: "${secret.id}") { id } }`))).toBe('NOT_FOUND');
    const move = `mutation { moveTask(input: { taskId: "${open.id}", status: CLOSED }) { cursor } }`;
    expect(codeOf(await ask(cluster.first, caller, move))).toBe('FORBIDDEN');
  });

  it('leaves its traces: that a token was made, and that it was used', async () => {
    const { id, caller } = await world.support();
    await get(cluster.first, caller, '{ projects(first: 1) { nodes { id } } }');
    const document = `query ($id: ID!) { auditLog(first: 10, filter: { objectId: { eq: $id } }) { nodes { action entryPoint } } }`;
    const log = async () => (await get(cluster.first, admin, document, { id })).auditLog.nodes;
    await until(async () => (await log()).length === 3, 'three entries');
    expect(await log()).toEqual([
      { action: 'support.entered', entryPoint: 'SUPPORT' },
      { action: 'support.token', entryPoint: 'OPERATOR' },
      { action: 'support.granted', entryPoint: 'MEMBER' },
    ]);
  });

  it('that comes when it is let in no more is told of, by what let it in', async () => {
    const { id, caller } = await world.support();
    await get(cluster.first, admin, END, { id });
    expect((await ask(cluster.first, caller, '{ projects(first: 1) { nodes { id } } }')).status).toBe(401);
    const document = `query ($id: ID!) { auditLog(first: 10, filter: { actorId: { eq: $id }, result: { eq: REFUSED } }) {
      nodes { action reason entryPoint } } }`;
    const log = async () => (await get(cluster.first, admin, document, { id })).auditLog.nodes;
    await until(async () => (await log()).length > 0, 'the refusal');
    expect(await log()).toEqual([{ action: 'access', reason: 'SUPPORT_ENDED', entryPoint: 'SUPPORT' }]);
  });

  it('opens no other company, and no token but what this server has made', async () => {
    const { caller } = await world.support();
    const other = await World.found(cluster.parts, cluster.issuer);
    expect(codeOf(await ask(cluster.first, { ...caller, companyId: other.companyId }, '{ rateLimit { limit } }'))).toBe(
      'NOT_FOUND',
    );
    const altered = `${caller.authorization?.slice(0, -2)}xx`;
    expect(codeOf(await ask(cluster.first, { authorization: altered }, '{ rateLimit { limit } }'))).toBe(
      'UNAUTHENTICATED',
    );
    const bare = 'Bearer aliteo_support_';
    expect(codeOf(await ask(cluster.first, { authorization: bare }, '{ rateLimit { limit } }'))).toBe(
      'UNAUTHENTICATED',
    );
  });
});
