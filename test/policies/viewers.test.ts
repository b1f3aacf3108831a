import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GraphQLObjectType } from 'graphql';
import { generate } from 'selfsigned';
import { revokeApiKey } from '../../src/domain/api-keys.js';
import { revokeFollow } from '../../src/domain/follows.js';
import { deactivateMember } from '../../src/domain/members.js';
import { claimDomain, recordNameOf, releaseDomain } from '../../src/domain/sso-domains.js';
import { saveProvider } from '../../src/domain/sso-providers.js';
import { endSupport } from '../../src/domain/support.js';
import { ApiKey } from '../../src/entities/api-key.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { type Row, selectRows } from '../../src/entities/rows.js';
import { SsoDomain } from '../../src/entities/single-sign-on.js';
import type { Task } from '../../src/entities/task.js';
import { buildGuardedSchema } from '../../src/resolvers/build-schema.js';
import { SCOPES } from '../../src/schema/scopes.js';
import { BEHIND_PROXY, newAddress } from '../follow/knocking.js';
import { callerIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { ask, type Caller, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import { type Person, World } from '../harness/world.js';
import { DOCUMENTS, type Ids } from './operations.js';

/**
 * Who may do what: every root field, asked by everybody, with what each is told. The object asked for is one public task in a
 * project without visibility; in it a manager, an editor, a commenter, a reader, a reader who may share and an external editor have grants, the
 * administrator and the supervisor their role, the outsiders nothing. One API key may write everything, one read everything, and
 * one read about members alone; support was let in.
 *
 *   ok      the answer, without an error
 *   anon    UNAUTHENTICATED: no credential
 *   firm    FORBIDDEN, COMPANY_REQUIRED: no company was named
 *   entry   FORBIDDEN, ENTRY_NOT_ALLOWED: another way in is asked for
 *   role    FORBIDDEN, ROLE_REQUIRED
 *   level   FORBIDDEN, LEVEL_REQUIRED
 *   share   FORBIDDEN, SHARE_REQUIRED
 *   scope   FORBIDDEN, SCOPE_REQUIRED
 *   absent  NOT_FOUND
 *   closed  COMMENTS_NOT_OPEN: what the link shows is not open to be written on, or they did not come in by the door
 */
const TABLE = `
  operation                         nobody  user    admin   supervisor  manager  editor  commenter  reader  sharer  outsider  extEditor  extOutsider  foreigner  follower  linkFollower  projectFollower  writerKey  readerKey  staffKey  support
  Query.viewer                      anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Query.rateLimit                   anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         ok        ok            ok               ok         ok         ok        ok
  Query.companies                   anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Query.sessions                    anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Query.members                     anon    firm    ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            ok         ok         ok        ok
  Query.workspaces                  anon    firm    ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            ok         ok         scope     ok
  Query.projects                    anon    firm    ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            ok         ok         scope     ok
  Query.project                     anon    firm    ok      ok          ok       ok      ok         ok      ok      absent    ok         absent       absent     entry     entry         entry            ok         ok         scope     ok
  Query.tasks                       anon    firm    ok      ok          ok       ok      ok         ok      ok      absent    ok         absent       absent     entry     entry         entry            ok         ok         scope     ok
  Query.projectStats                anon    firm    ok      ok          ok       ok      ok         ok      ok      absent    ok         absent       absent     entry     entry         entry            ok         ok         scope     ok
  Query.task                        anon    firm    ok      ok          ok       ok      ok         ok      ok      absent    ok         absent       absent     entry     entry         entry            ok         ok         scope     ok
  Query.node                        anon    firm    ok      ok          ok       ok      ok         ok      ok      absent    ok         absent       absent     entry     entry         entry            ok         ok         absent    ok
  Query.nodes                       anon    firm    ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            ok         ok         ok        ok
  Query.follows                     anon    firm    ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Query.apiKeys                     anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Query.entryPoints                 anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Query.entryPointCounts            anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Query.auditLog                    anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Query.invitations                 anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Query.myInvitations               anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Query.singleSignOn                anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Query.followed                    anon    entry   entry   entry       entry    entry   entry      entry   entry   entry     entry      entry        entry      ok        ok            ok               entry      entry      entry     entry
  Mutation.createTask               anon    firm    ok      level       ok       ok      level      level   level   absent    ok         absent       absent     entry     entry         entry            ok         scope      scope     entry
  Mutation.updateTask               anon    firm    ok      level       ok       ok      level      level   level   absent    ok         absent       absent     entry     entry         entry            ok         scope      scope     entry
  Mutation.updateTasks              anon    firm    ok      level       ok       ok      level      level   level   absent    ok         absent       absent     entry     entry         entry            ok         scope      scope     entry
  Mutation.assignTask               anon    firm    ok      level       ok       ok      level      level   level   absent    ok         absent       absent     entry     entry         entry            ok         scope      scope     entry
  Mutation.moveTask                 anon    firm    ok      level       ok       ok      level      level   level   absent    ok         absent       absent     entry     entry         entry            ok         scope      scope     entry
  Mutation.addComment               anon    firm    ok      level       ok       ok      ok         level   level   absent    ok         absent       absent     entry     entry         entry            ok         scope      scope     entry
  Mutation.setProjectPermission     anon    firm    ok      level       ok       level   level      level   level   absent    level      absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.createProject            anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            ok         scope      scope     entry
  Mutation.inviteMembers            anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.resendInvitation         anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.revokeInvitation         anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.acceptInvitation         anon    absent  absent  absent      absent   absent  absent     absent  absent  absent    absent     absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.declineInvitation        anon    absent  absent  absent      absent   absent  absent     absent  absent  absent    absent     absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.updateMember             anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.reactivateMember         anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.deactivateMember         anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.createApiKey             anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.rotateApiKey             anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.revokeApiKey             anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.grantSupport             anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.endEntryPoint            anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.grantFollow              anon    firm    ok      share       share    share   share      share   ok      absent    share      absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.revokeFollow             anon    firm    ok      absent      absent   absent  absent     absent  absent  absent    absent     absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.claimDomain              anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.verifyDomain             anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.releaseDomain            anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.saveSsoProvider          anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.saveSamlProvider         anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.removeSsoProvider        anon    firm    ok      role        role     role    role       role    role    role      role       role         absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.setSsoEnforced           anon    firm    ok      role        role     role    role       role    role    role      role       role         ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.endFollows               anon    firm    ok      ok          ok       ok      ok         ok      ok      absent    ok         absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.inviteFollower           anon    firm    ok      absent      absent   absent  absent     absent  absent  absent    absent     absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.endFollower              anon    firm    ok      absent      absent   absent  absent     absent  absent  absent    absent     absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.addFollowerComment       anon    entry   entry   entry       entry    entry   entry      entry   entry   entry     entry      entry        entry      ok        closed        closed           entry      entry      entry     entry
  Mutation.foundCompany             anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.savePersonalView         anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.updatePreferences        anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Mutation.endSession               anon    absent  absent  absent      absent   absent  absent     absent  absent  absent    absent     absent       absent     entry     entry         entry            entry      entry      entry     entry
  Mutation.endSessions              anon    ok      ok      ok          ok       ok      ok         ok      ok      ok        ok         ok           ok         entry     entry         entry            entry      entry      entry     entry
  Subscription.taskChanged          anon    firm    ok      ok          ok       ok      ok         ok      ok      absent    ok         absent       absent     entry     entry         entry            ok         ok         scope     ok
  Subscription.projectStatsChanged  anon    firm    ok      ok          ok       ok      ok         ok      ok      absent    ok         absent       absent     entry     entry         entry            ok         ok         scope     ok
  Subscription.followedChanged      anon    entry   entry   entry       entry    entry   entry      entry   entry   entry     entry      entry        entry      ok        ok            ok               entry      entry      entry     entry
`;

const [header = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const viewers = header.slice(1);
const cells = rows.flatMap(([operation = '', ...outcomes]) =>
  viewers.map((who, i) => [operation, who, outcomes[i]] as const),
);

const schema = buildGuardedSchema();
const rootTypes = [
  schema.getQueryType(),
  schema.getMutationType(),
  schema.getSubscriptionType(),
] as GraphQLObjectType[];
const operations = rootTypes.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));

let cluster: Cluster;
let names: NameServer;
let certificate: string;
let world: World;
let project: Project;
let task: Row<Task>;
let session: string;
const callers: Record<string, Caller> = {};
/** Those who could do everything while their way in was open, and what each is told since. */
const ended: Record<string, { caller: Caller; outcome: string }> = {};

beforeAll(async () => {
  names = await startNameServer();
  certificate = (await generate([{ name: 'commonName', value: 'I' }], { keySize: 2_048 })).cert;
  cluster = await startCluster({ ...BEHIND_PROXY, PUBLIC_URL, FOUNDING: 'on', DNS_SERVERS: names.address });
  const { parts, issuer } = cluster;
  world = await World.found(parts, issuer);
  const elsewhere = await World.found(parts, issuer);
  for (const { admin } of [world, elsewhere]) await freshProvider(admin);
  project = await world.project();
  task = await world.task(project);

  const { admin } = world;
  const both = await world.member();
  await elsewhere.member({ email: both.email });
  const people = {
    admin,
    supervisor: await world.member({ role: 'SUPERVISOR' }),
    manager: await world.member(),
    editor: await world.member(),
    commenter: await world.member(),
    reader: await world.member(),
    sharer: await world.member(),
    outsider: await world.member(),
    extEditor: await world.external(),
    extOutsider: await world.external(),
    foreigner: elsewhere.admin,
  };
  await world.grant(project, people.manager, 'MANAGE');
  await world.grant(project, people.editor, 'EDIT');
  await world.grant(project, people.commenter, 'COMMENT');
  await world.grant(project, people.reader, 'VIEW');
  await world.grant(project, people.sharer, 'VIEW', { canShare: true });
  await world.grant(project, people.extEditor, 'EDIT');
  for (const [name, person] of Object.entries(people)) callers[name] = person.caller;
  callers.nobody = {};
  const browser = await signIn(cluster.first, issuer, (await world.member()).email);
  session = (await get(cluster.first, callerIn(browser), '{ sessions { id } }')).sessions[0].id;
  callers.user = { authorization: both.caller.authorization as string };
  callers.support = (await world.support()).caller;
  const writing = SCOPES.filter((scope) => scope.endsWith('_WRITE'));
  callers.writerKey = (await world.key([...writing, 'MEMBERS_READ'])).caller;
  callers.readerKey = (await world.key(SCOPES.filter((scope) => scope.endsWith('_READ')))).caller;
  callers.staffKey = (await world.key(['MEMBERS_READ'])).caller;
  callers.follower = (await world.follower(task, { canComment: true })).caller;
  callers.linkFollower = (await world.follow(task, { canComment: true })).caller;
  callers.projectFollower = (await world.follower(project)).caller;

  const deactivated = await world.member({ role: 'ADMIN' });
  await deactivateMember(parts, admin.viewer, deactivated.member.id);
  const revoked = await world.follow(task);
  await revokeFollow(parts, admin.viewer, revoked.id);
  const expired = await issuer.token(admin.email, { exp: Math.floor(Date.now() / 1000) - 600 });
  ended.deactivated = { caller: deactivated.caller, outcome: 'absent' };
  ended.expired = { caller: { ...admin.caller, authorization: `Bearer ${expired}` }, outcome: 'TOKEN_EXPIRED' };
  const revokedKey = await world.key(SCOPES);
  await revokeApiKey(parts, admin.viewer, revokedKey.id);
  const expiredKey = await world.key(SCOPES);
  await forkFor(parts.orm, world).nativeUpdate(ApiKey, { id: expiredKey.id }, { expiresAt: new Date(0) });
  const elsewhereKey = await world.key(SCOPES, { allowedAddresses: ['192.0.2.0/24'] });
  ended.revokedKey = { caller: revokedKey.caller, outcome: 'KEY_INVALID' };
  ended.expiredKey = { caller: expiredKey.caller, outcome: 'KEY_INVALID' };
  ended.elsewhereKey = { caller: elsewhereKey.caller, outcome: 'KEY_INVALID' };
  const endedSupport = await world.support();
  await endSupport(parts, admin.viewer, endedSupport.id);
  ended.endedSupport = { caller: endedSupport.caller, outcome: 'SUPPORT_ENDED' };
  ended.revoked = { caller: revoked.caller, outcome: 'FOLLOW_INVALID' };
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await names?.stop();
});

let made = 0;
async function freshIds(operation: string): Promise<Ids> {
  made += 1;
  const isUsedUp = operation.startsWith('Mutation.');
  const fresh = isUsedUp ? await world.task(project) : task;
  return {
    task: fresh.id,
    project: project.id,
    workspace: world.workspace.id,
    member: isUsedUp ? (await freshMember()).member.id : world.admin.member.id,
    follow: isUsedUp ? (await world.follow(fresh)).id : '',
    apiKey: /(rotate|revoke)ApiKey/.test(operation) ? await freshKey() : '',
    follower: operation === 'Mutation.endFollower' ? (await world.follower(fresh)).id : '',
    session,
    // A company sends so many letters a day.
    invitation: /Invitation$/.test(operation) ? (await world.invite(`invited-${made}@example.com`)).id : '',
    address: `new-${made}@example.com`,
    key: `N${made}`,
    domain: isUsedUp && operation.includes('Domain') ? await freshDomain() : '',
    newDomain: `new-${made}.example`,
    provider: operation.endsWith('SsoProvider') ? await freshProvider(world.admin) : '',
    issuer: cluster.issuer.url,
    certificate,
  };
}

let lastKey = '';
/** The one before ends: a company has a hundred open ones at most. */
async function freshKey(): Promise<string> {
  if (lastKey) await revokeApiKey(cluster.parts, world.admin.viewer, lastKey);
  lastKey = (await world.key(['TASKS_READ'])).id;
  return lastKey;
}

/** A company claims some at a time: what is left of another try is taken back. */
async function freshDomain(): Promise<string> {
  const { parts } = cluster;
  const { viewer } = world.admin;
  for (const { id } of await selectRows({ orm: parts.orm, companyId: world.companyId }, SsoDomain, 'id > ?', ['']))
    await releaseDomain(parts, viewer, id);
  const { id, domain, challenge } = (await claimDomain(parts, viewer, `fresh-${made}.example`)).result;
  names.texts.set(recordNameOf(domain), [challenge]);
  return id;
}

async function freshProvider({ viewer }: Person): Promise<string> {
  const { parts, issuer } = cluster;
  return (await saveProvider(parts, viewer, { issuer: issuer.url, clientId: 'C' })).result.id;
}

async function freshMember() {
  const person = await world.member();
  await world.grant(project, person, 'EDIT');
  return person;
}

const OUTCOMES: Record<string, string> = {
  'UNAUTHENTICATED NO_CREDENTIAL': 'anon',
  'FORBIDDEN COMPANY_REQUIRED': 'firm',
  'FORBIDDEN ENTRY_NOT_ALLOWED': 'entry',
  'FORBIDDEN ROLE_REQUIRED': 'role',
  'FORBIDDEN LEVEL_REQUIRED': 'level',
  'FORBIDDEN SHARE_REQUIRED': 'share',
  'FORBIDDEN SCOPE_REQUIRED': 'scope',
};

interface Result {
  data: Record<string, { userErrors?: { code: string }[] } | null> | null;
  errors: { message: string; extensions: { code?: string; reason?: string } }[];
}

function outcomeOf({ data, errors }: Result): string {
  const [error] = errors;
  if (error) {
    const { code, reason } = error.extensions;
    if (code === 'NOT_FOUND') return 'absent';
    return OUTCOMES[`${code} ${reason}`] ?? `${code} ${reason} ${error.message}`;
  }
  const userErrors = Object.values(data ?? {}).flatMap((field) => field?.userErrors ?? []);
  if (userErrors.some(({ code }) => code === 'COMMENTS_NOT_OPEN')) return 'closed';
  return userErrors.length > 0 ? JSON.stringify(userErrors) : 'ok';
}

/** Over WebSocket; a socket that is not let in is told by its closing. */
async function overSocket(caller: Caller, document: string): Promise<string> {
  const stream = listen(cluster.last, caller, document);
  try {
    return await Promise.race(
      [
        stream.failed.then((errors) => outcomeOf({ data: null, errors: errors as Result['errors'] })),
        stream.until(() => true).then((field) => outcomeOf({ data: { field }, errors: [] })),
        stream.closed.then(({ code, reason }) =>
          code === 4401 && reason === 'NO_CREDENTIAL' ? 'anon' : `${code} ${reason}`,
        ),
      ].map((outcome) => outcome.catch(() => new Promise<string>(() => {}))),
    );
  } finally {
    await stream.stop();
  }
}

/** From an address of its own each time: what nobody is let in for is counted by address, and all of it is more than one may ask. */
async function overHttp(caller: Caller, document: string): Promise<string> {
  return outcomeOf(await ask(cluster.first, { ...caller, address: newAddress() }, document));
}

it('has a row for every operation of the schema, and none for anything else', () => {
  expect(rows.map(([operation]) => operation).sort()).toEqual([...operations].sort());
  expect(Object.keys(DOCUMENTS).sort()).toEqual([...operations].sort());
});

describe('over HTTP', () => {
  it.each(cells.filter(([operation]) => !operation.startsWith('Subscription.')))(
    '%s by %s: %s',
    async (operation, who, outcome) => {
      expect(await overHttp(callers[who] ?? {}, documentOf(operation, await freshIds(operation)))).toBe(outcome);
    },
  );
});

describe('over WebSocket', () => {
  it.each(cells)('%s by %s: %s', async (operation, who, outcome) => {
    expect(await overSocket(callers[who] ?? {}, documentOf(operation, await freshIds(operation)))).toBe(outcome);
  });
});

describe('a follower is shown the object of their own follow, and writes on no other', () => {
  const FACE = '{ followed { task { title } project { name } } }';
  const commentsOf = async ({ id }: Row<Task>) => {
    const document = `{ task(id: "${id}") { comments(last: 50) { nodes { id } } } }`;
    return (await get(cluster.last, world.admin.caller, document)).task.comments.nodes.length;
  };

  it.each<[string, string, (other: Row<Task>) => Promise<{ caller: Caller }>]>([
    ['by the door', 'ok', (other) => world.follower(other, { canComment: true })],
    ['by the link as it is', 'closed', (other) => world.follow(other, { canComment: true })],
  ])('%s', async (_how, outcome, comeIn) => {
    const other = await world.task(project);
    const { caller } = await comeIn(other);
    const ofTask = ({ title }: Row<Task>) => ({ task: { title }, project: null });
    for (const [follower, face] of [
      [callers.follower, ofTask(task)],
      [callers.linkFollower, ofTask(task)],
      [callers.projectFollower, { task: null, project: { name: project.name } }],
      [caller, ofTask(other)],
    ] as const)
      for (const node of cluster.nodes) expect((await get(node, follower ?? {}, FACE)).followed).toEqual(face);
    const before = await commentsOf(task);
    expect(await overHttp(caller, documentOf('Mutation.addFollowerComment', {} as Ids))).toBe(outcome);
    expect([await commentsOf(other), await commentsOf(task)]).toEqual([outcome === 'ok' ? 1 : 0, before]);
  });
});

describe('once the way in has ended, every operation is refused at the door', () => {
  it.each(['deactivated', 'expired', 'revoked', 'revokedKey', 'expiredKey', 'elsewhereKey', 'endedSupport'])(
    '%s',
    async (who) => {
      const { caller, outcome } = ended[who] ?? fail(who);
      for (const operation of operations) {
        const document = documentOf(operation, await freshIds(operation));
        expect([operation, await overHttp(caller, document)]).toEqual([operation, expect.stringContaining(outcome)]);
      }
    },
  );
});

function fail(what: string): never {
  throw new Error(`There is nothing for ${what}.`);
}

function documentOf(operation: string, ids: Ids): string {
  return (DOCUMENTS[operation] ?? fail(operation))(ids);
}
