import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generate } from 'selfsigned';
import { activeMemberships } from '../../src/auth/authenticate.js';
import { deactivateMember } from '../../src/domain/members.js';
import { findPreferences, findViews, updatePreferences } from '../../src/domain/personal.js';
import { claimDomain, recordNameOf } from '../../src/domain/sso-domains.js';
import { saveProvider } from '../../src/domain/sso-providers.js';
import { assignTask, moveTask, updateTask } from '../../src/domain/tasks.js';
import { ApiKey } from '../../src/entities/api-key.js';
import { Follow } from '../../src/entities/follow.js';
import { Follower } from '../../src/entities/follower.js';
import { Invitation } from '../../src/entities/invitation.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import { SsoDomain, SsoProvider } from '../../src/entities/single-sign-on.js';
import type { Task } from '../../src/entities/task.js';
import { readHeads } from '../../src/pubsub/event-log.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { newId } from '../../src/schema/ids.js';
import { callerIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { type Answer, ask, type Caller, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let names: NameServer;
let world: World;
let admin: Person;
let project: Project;
let task: Row<Task>;
beforeAll(async () => {
  names = await startNameServer();
  cluster = await startCluster({ PUBLIC_URL, FOUNDING: 'on', DNS_SERVERS: names.address });
  world = await World.found(cluster.parts, cluster.issuer);
  admin = world.admin;
  project = await world.project('EVERYONE');
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await names?.stop();
});

/** One call of a mutation, and what somebody does before it is repeated, so that doing it twice would show. */
interface Call {
  select: string;
  input: object;
  meanwhile?: () => Promise<unknown>;
  /** The administrator, unless given. */
  caller?: Caller;
}

const unique = () => newId('task').slice(-9).toUpperCase();
const inAnHour = () => new Date(Date.now() + 3_600_000).toJSON();
const rows = () => forkFor(cluster.parts.orm, { companyId: world.companyId });
const TASK = 'task { id key title description status priority version createdAt updatedAt closedAt solver { id } }';

const calls: Record<string, () => Call | Promise<Call>> = {
  createTask: () => ({ select: TASK, input: { projectId: project.id, title: 'New', dueOn: '2026-12-31' } }),
  updateTask: () => ({
    select: TASK,
    input: { taskId: task.id, title: 'Mine', priority: 'HIGH' },
    meanwhile: () => updateTask(cluster.parts, admin.viewer, task.id, { title: "Somebody else's" }),
  }),
  updateTasks: async () => {
    const other = await world.task(project);
    return {
      select: 'tasks { id title version updatedAt }',
      input: { tasks: [other, task].map(({ id }) => ({ taskId: id, title: 'Mine' })) },
      meanwhile: () => updateTask(cluster.parts, admin.viewer, other.id, { title: "Somebody else's" }),
    };
  },
  assignTask: () => ({
    select: TASK,
    input: { taskId: task.id, solverId: admin.member.id },
    meanwhile: () => assignTask(cluster.parts, admin.viewer, task.id, null),
  }),
  moveTask: () => ({
    select: TASK,
    input: { taskId: task.id, status: 'CLOSED' },
    meanwhile: () => moveTask(cluster.parts, admin.viewer, task.id, 'IN_PROGRESS', {}),
  }),
  addComment: () => ({
    select: 'comment { id number body privacy createdAt author { id name } task { id } }',
    input: { taskId: task.id, body: 'Said once' },
  }),
  createProject: () => ({
    select: 'project { id key name status visibility manager { id } workspace { id } }',
    input: { workspaceId: world.workspace.id, key: `K${unique()}`, name: 'New' },
  }),
  setProjectPermission: async () => {
    const member = await world.member();
    return {
      select: 'project { id key manager { id } }',
      input: { projectId: project.id, memberId: member.member.id, level: 'EDIT' },
      meanwhile: () => world.grant(project, member, null),
    };
  },
  inviteMembers: async () => {
    const member = await world.member();
    return {
      select: 'invitations { id email kind role status note expiresAt createdAt } alreadyMembers { id email }',
      input: { emails: [`${unique()}@example.com`, member.email], note: 'Once' },
    };
  },
  resendInvitation: async () => {
    const { id } = await world.invite(`${unique()}@example.com`);
    return { select: 'invitation { id status expiresAt }', input: { invitationId: id } };
  },
  revokeInvitation: async () => {
    const { id } = await world.invite(`${unique()}@example.com`);
    return {
      select: 'invitation { id status }',
      input: { invitationId: id },
      meanwhile: () => rows().nativeUpdate(Invitation, { id }, { status: 'PENDING' }),
    };
  },
  acceptInvitation: async () => ({
    select: 'membership { memberId role kind company { id name } }',
    input: { invitationId: await offered() },
  }),
  declineInvitation: async () => ({
    select: 'invitation { id company invitedBy kind role note expiresAt }',
    input: { invitationId: await offered() },
  }),
  deactivateMember: async () => {
    const { id } = (await world.member()).member;
    return {
      select: 'member { id email deactivatedAt }',
      input: { memberId: id },
      meanwhile: () => rows().nativeUpdate(Member, { id }, { deactivatedAt: null }),
    };
  },
  updateMember: async () => {
    const { id } = (await world.member()).member;
    return {
      select: 'member { id role kind licensedAsInternal }',
      input: { memberId: id, kind: 'EXTERNAL', licensedAsInternal: true },
      meanwhile: () => rows().nativeUpdate(Member, { id }, { kind: 'INTERNAL', licensedAsInternal: false }),
    };
  },
  reactivateMember: async () => {
    const { id } = (await world.member()).member;
    await deactivateMember(cluster.parts, admin.viewer, id);
    return {
      select: 'member { id email deactivatedAt }',
      input: { memberId: id },
      meanwhile: () => rows().nativeUpdate(Member, { id }, { deactivatedAt: new Date() }),
    };
  },
  grantFollow: () => ({
    select: 'url secret follow { id label expiresAt createdAt grantedBy { id } task { id } }',
    input: { taskId: task.id, label: 'Once', expiresAt: '2100-01-01T00:00:00.000Z' },
  }),
  revokeFollow: async () => {
    const { id } = await world.follow(task);
    return {
      select: 'follow { id revokedAt grantedBy { id } }',
      input: { followId: id },
      meanwhile: () => rows().nativeUpdate(Follow, { id }, { revokedAt: null }),
    };
  },
  grantSupport: () => ({
    select: 'supportGrant { id reason expiresAt createdAt grantedBy { id } }',
    input: { hours: 2, reason: 'Once' },
  }),
  endEntryPoint: async () => {
    const { id } = await world.follow(task);
    return {
      select: 'entryPoint { id kind name openedAt openedBy { id } }',
      input: { id },
      meanwhile: () => rows().nativeUpdate(Follow, { id }, { revokedAt: null }),
    };
  },
  createApiKey: () => ({
    select: 'secret apiKey { id name scopes allowedAddresses expiresAt createdAt secrets { prefix } createdBy { id } }',
    input: { name: 'Once', scopes: ['TASKS_READ'], expiresAt: inAnHour(), allowedAddresses: ['10.0.0.0/8'] },
  }),
  rotateApiKey: async () => ({
    select: 'secret apiKey { id expiresAt secrets { prefix expiresAt } }',
    input: { keyId: (await world.key(['TASKS_READ'])).id, overlapSeconds: 60, expiresAt: inAnHour() },
  }),
  revokeApiKey: async () => {
    const { id } = await world.key(['TASKS_READ']);
    return {
      select: 'apiKey { id revokedAt }',
      input: { keyId: id },
      meanwhile: () => rows().nativeUpdate(ApiKey, { id }, { revokedAt: null }),
    };
  },
  endFollows: async () => {
    const { id } = await world.follow(task);
    return {
      select: 'follows { id revokedAt }',
      input: { taskId: task.id },
      meanwhile: () => rows().nativeUpdate(Follow, { id }, { revokedAt: null }),
    };
  },
  inviteFollower: async () => ({
    select: 'follower { id email invitedAt confirmedAt followId }',
    input: { followId: (await world.follow(task)).id, email: `${unique()}@example.com` },
  }),
  endFollower: async () => {
    const { id } = await world.follower(task);
    return {
      select: 'follower { id endedAt followId }',
      input: { followerId: id },
      meanwhile: () => rows().nativeUpdate(Follower, { id }, { endedAt: null }),
    };
  },
  addFollowerComment: async () => ({
    select: 'comment { id body followerName createdAt }',
    input: { body: 'Said once', name: 'A follower' },
    caller: (await world.follower(task, { canComment: true })).caller,
  }),
  claimDomain: () => ({ select: 'domain { id domain challenge createdAt }', input: { domain: `${unique()}.example` } }),
  verifyDomain: async () => {
    const id = await claimedDomain();
    return {
      select: 'domain { id domain verifiedAt failingSince }',
      input: { domainId: id },
      meanwhile: () => rows().nativeUpdate(SsoDomain, { id }, { verifiedAt: null, provenDomain: null }),
    };
  },
  releaseDomain: async () => ({ select: 'domainId', input: { domainId: await claimedDomain() } }),
  saveSsoProvider: () => ({
    select: 'provider { id issuer clientId hasSecret isEnforced createdAt }',
    input: { issuer: cluster.issuer.url, clientId: 'Once', clientSecret: 'a secret' },
  }),
  saveSamlProvider: async () => {
    const { cert: certificates } = await generate([{ name: 'commonName', value: 'I' }], { keySize: 2_048 });
    return {
      select: 'provider { id protocol issuer signInUrl certificates isEnforced createdAt }',
      input: { issuer: 'Once', signInUrl: 'https://i.example', certificates },
    };
  },
  setSsoEnforced: async () => {
    const id = await ownProvider();
    const enforce = () => rows().nativeUpdate(SsoProvider, { id }, { isEnforced: true });
    await enforce();
    return { select: 'provider { id isEnforced }', input: { isEnforced: false }, meanwhile: enforce };
  },
  removeSsoProvider: async () => ({ select: 'providerId', input: { providerId: await ownProvider() } }),
  foundCompany: () => ({ select: 'company { id name createdAt }', input: { name: 'Founded once' } }),
  endSession: async () => ({
    select: 'session { id device place startedAt lastSeenAt endsAt isCurrent }',
    input: { sessionId: await newSession() },
  }),
  endSessions: async () => {
    await newSession();
    return {
      select: 'sessions { id device place startedAt lastSeenAt endsAt isCurrent }',
      input: { includingThis: true },
      meanwhile: newSession,
    };
  },
  savePersonalView: () => ({
    select: 'view { id name filter createdAt }',
    input: { name: 'Once', filter: { a: [1.5, null, { b: true }], at: '2026-01-01T00:00:00.000Z' } },
  }),
  updatePreferences: () => ({
    select: 'preferences { locale timeZone defaultView { id } }',
    input: { locale: 'cs', timeZone: 'Europe/Prague' },
    meanwhile: () => updatePreferences(cluster.parts, admin.viewer.userId, { locale: 'de' }),
  }),
};

/** With its record. */
async function claimedDomain(): Promise<string> {
  const { result } = await claimDomain(cluster.parts, admin.viewer, `${unique()}.example`);
  names.texts.set(recordNameOf(result.domain), [result.challenge]);
  return result.id;
}

const ownProvider = async (): Promise<string> =>
  (await saveProvider(cluster.parts, admin.viewer, { issuer: cluster.issuer.url, clientId: 'Own' })).result.id;

/** Offers the administrator a membership of another company. */
async function offered(): Promise<string> {
  const other = await World.found(cluster.parts, cluster.issuer, 'Another company');
  return (await other.invite(admin.email)).id;
}

/** Signs the administrator in, in one browser more. */
async function newSession(): Promise<string> {
  const browser = await signIn(cluster.first, cluster.issuer, admin.email);
  const { sessions } = await get(cluster.first, callerIn(browser), '{ sessions { id isCurrent } }');
  return sessions.find(({ isCurrent }: { isCurrent: boolean }) => isCurrent).id;
}

/** Grows or changes with everything that is done: a command of the company's is an event, and of one's own there is little. */
async function traces(): Promise<unknown> {
  const { orm } = cluster.parts;
  const head = (await readHeads(orm, [world.companyId])).get(world.companyId);
  const views = await findViews(orm, admin.viewer.userId);
  const { locale } = await findPreferences(orm, admin.viewer.userId);
  const companies = await activeMemberships(orm, admin.viewer.userId);
  const { sessions } = await get(cluster.last, admin.caller, '{ sessions { id } }');
  const { myInvitations } = await get(cluster.last, admin.caller, '{ myInvitations { id } }');
  return { head, views: views.length, locale, companies: companies.length, sessions, myInvitations };
}

/** The payload but for the cursor, which is sealed anew for each answer. */
function payloadOf({ status, data, errors }: Answer): object {
  expect([status, errors]).toEqual([200, []]);
  const { cursor, ...payload } = data.once;
  return payload;
}

const schema = buildGuardedSchema();
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {}).map(({ name, args: [input], type }) => ({
  name,
  input: String(input?.type),
  cursor: 'cursor' in (schema.getType(String(type).replace('!', '')) as never as { getFields(): object }).getFields(),
}));

describe('a mutation that is sent twice with one key, to two processes, is done once', () => {
  it('and there is a call for every mutation', () => {
    expect(Object.keys(calls).sort()).toEqual(mutations.map(({ name }) => name).sort());
  });

  it.each(mutations)('$name', async ({ name, input: type, cursor }) => {
    task = await world.task(project);
    const { select, input, meanwhile, caller = admin.caller } = (await calls[name]?.()) ?? fail(name);
    const document = `mutation ($input: ${type}) {
      once: ${name}(input: $input) { ${select} userErrors { field code message } ${cursor ? 'cursor' : ''} } }`;
    const sendIt = (node: Cluster['first'], idempotencyKey: string) =>
      ask(node, { ...caller, idempotencyKey }, document, { input });
    const send = async (...where: Parameters<typeof sendIt>) => payloadOf(await sendIt(...where));

    const key = `first of ${name}`.replaceAll(' ', '-');
    const answer = await send(cluster.first, key);
    expect(answer).toMatchObject({ userErrors: [] });
    await meanwhile?.();
    const before = await traces();
    expect(await send(cluster.last, key)).toEqual(answer);
    expect(await traces()).toEqual(before);

    // Under another key it is done again, so the above has proved something.
    const again = await sendIt(cluster.last, `${key}-2`);
    const other = again.errors.length > 0 ? again.errors : payloadOf(again);
    expect([other, await traces()]).not.toEqual([answer, before]);
  });
});

function fail(name: string): never {
  throw new Error(`There is no call of ${name}.`);
}
