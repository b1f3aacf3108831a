import { execFile } from 'node:child_process';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../src/domain/audit.js';
import { newId } from '../../src/schema/ids.js';
import { type Browser, callerIn, signIn } from '../harness/browser.js';
import { ask, type Caller, get, type Listener, listen } from '../harness/client.js';
import { type Cluster, SECRET_KEY } from '../harness/cluster.js';
import { type TestIssuer } from '../harness/issuer.js';
import { change, giveProvider, signInBySso } from '../harness/single-sign-on.js';
import { CHANGES } from '../harness/stage.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';
import { addressIn, type SsoCompany, type SsoStage, withSsoStage } from './stage.js';

let stage: SsoStage;
let cluster: Cluster;
let own: TestIssuer;
withSsoStage({ ANSWER_CACHE_BYTES: '1000000' }, (opened) => {
  stage = opened;
  ({ cluster, own } = stage);
});

let world: World;
let admin: Person;
let guest: Person;
/** The administrator, signed in at the company's issuer. */
let bySso: Browser;
let domain: string;
let domainId: string;
beforeEach(async () => {
  let person: SsoCompany['person'];
  ({ world, domain, domainId, person } = await stage.company());
  admin = await person('ADMIN');
  // Of another domain: whom the company's issuer does not speak for.
  guest = await world.external();
  ({ browser: bySso } = await signInBySso(cluster.first, world, own, admin.email));
});

const enforce = (isEnforced = true) => change(cluster.first, callerIn(bySso), 'setSsoEnforced', { isEnforced });
const reasonOf = async (caller: Caller, node = cluster.last) =>
  (await ask(node, caller, '{ workspaces { id } }')).errors[0]?.extensions.reason ?? null;
const untilRefused = (caller: Caller) =>
  until(async () => (await reasonOf(caller)) === 'SSO_REQUIRED', 'the refusal', 2_000);

describe('where a company insists on its own sign-in', () => {
  it('those of its domain come in by no other, on any process; everybody else does', async () => {
    const byAnother = await signIn(cluster.first, cluster.issuer, admin.email);
    const elsewhere = await World.found(cluster.parts, cluster.issuer);
    await elsewhere.member({ email: admin.email });
    const follow = await world.follow(await world.task(await world.project()));
    expect([await reasonOf(admin.caller), await reasonOf(callerIn(byAnother, world.companyId))]).toEqual([null, null]);

    await enforce();
    await untilRefused(admin.caller);
    for (const node of cluster.nodes) {
      await until(async () => (await reasonOf(admin.caller, node)) === 'SSO_REQUIRED', 'the refusal', 2_000);
      expect(await reasonOf(callerIn(byAnother, world.companyId), node)).toBe('SSO_REQUIRED');
      expect(await reasonOf(callerIn(bySso), node)).toBe(null);
      expect(await reasonOf(guest.caller, node)).toBe(null);
      expect(await reasonOf({ ...admin.caller, companyId: elsewhere.companyId }, node)).toBe(null);
      const { companies } = await get(node, callerIn(byAnother), '{ companies { memberId } }');
      expect(companies).toHaveLength(2);
      expect((await ask(node, follow.caller, '{ followed { id } }')).errors).toEqual([]);
    }
    const log = async () => readAudit(cluster.parts.orm, world.companyId, 0, 100);
    expect((await log()).map(({ action }) => action)).toContain('sso.enforced');
    // Who comes by another is told of by name: they are a member.
    const refused = async () => (await log()).filter(({ reason }) => reason === 'SSO_REQUIRED');
    await until(async () => (await refused()).length > 0, 'the refusal in the audit log');
    expect((await refused())[0]).toMatchObject({ action: 'access', entryPoint: 'USER', actorId: admin.member.id });

    await enforce(false);
    await until(async () => (await reasonOf(admin.caller)) === null, 'the way in');
  });

  it('nobody leaves its domain by another address at another issuer', async () => {
    await enforce();
    await untilRefused(admin.caller);
    const token = await cluster.issuer.token(admin.email, { email: `private-${admin.email}.example` });
    expect(await reasonOf({ ...admin.caller, authorization: `Bearer ${token}` })).toBe('SSO_REQUIRED');
    const { viewer } = await get(cluster.first, callerIn(bySso), '{ viewer { user { email } } }');
    expect(viewer.user.email).toBe(admin.email);

    await enforce(false);
    const later = await cluster.issuer.token(admin.email, { email: `private-${admin.email}.example`, jti: 'later' });
    await until(
      async () => (await reasonOf({ ...admin.caller, authorization: `Bearer ${later}` })) === null,
      'the way in',
    );
  });

  it('who has one company only finds it among their companies all the same', async () => {
    const { email } = await world.member({ email: addressIn(domain) });
    const byAnother = await signIn(cluster.first, cluster.issuer, email);
    await enforce();
    await untilRefused({ ...callerIn(byAnother), companyId: world.companyId });
    const { data } = await ask(cluster.first, callerIn(byAnother), '{ companies { company { id } } }');
    expect(data.companies).toEqual([{ company: { id: world.companyId } }]);
    expect(await reasonOf(callerIn(byAnother))).toBe('COMPANY_REQUIRED');
  });

  it('sockets and event streams of other sign-ins are closed within a second, and no others', async () => {
    const project = await world.project('EVERYONE');
    await world.grant(project, guest, 'VIEW');
    const follow = await world.follow(await world.task(project));
    const byAnother = callerIn(await signIn(cluster.first, cluster.issuer, admin.email), world.companyId);
    const open = async (node: typeof cluster.first, caller: Caller): Promise<Listener> => {
      const listener = listen(node, caller, CHANGES, { project: project.id });
      await listener.until(({ kind }) => kind === 'READY');
      return listener;
    };
    const closing: Listener[] = [];
    const staying: Listener[] = [];
    for (const node of cluster.nodes) {
      for (const caller of [admin.caller, byAnother]) closing.push(await open(node, caller));
      for (const caller of [callerIn(bySso), guest.caller]) staying.push(await open(node, caller));
      const followed = listen(node, { follow: follow.secret }, 'subscription { followedChanged { kind } }');
      await followed.until(({ kind }) => kind === 'READY');
      staying.push(followed);
    }
    const stream = await openStream(admin.caller, project.id);

    const startedAt = performance.now();
    await enforce();
    for (const { closed } of closing) expect(await closed).toMatchObject({ code: 4403, reason: 'SSO_REQUIRED' });
    expect(await stream.text).toContain('SSO_REQUIRED');
    expect(performance.now() - startedAt).toBeLessThan(2_000);

    await world.task(project, { title: 'After' });
    for (const listener of staying.slice(0, 2)) await listener.until(({ kind }) => kind === 'CREATED');
    // And who comes now comes to nothing.
    await untilRefused(admin.caller);
    const late = listen(cluster.last, admin.caller, CHANGES, { project: project.id });
    expect(await late.closed).toMatchObject({ code: 4403, reason: 'SSO_REQUIRED' });
    for (const listener of [...staying, ...closing, late]) await listener.stop();
  }, 60_000);

  it('whose domain is released comes in by every sign-in again', async () => {
    await enforce();
    await untilRefused(admin.caller);
    await change(cluster.first, world.admin.caller, 'releaseDomain', { domainId });
    await until(async () => (await reasonOf(admin.caller)) === null, 'the way in');
  });

  it('another issuer is a duty for nobody before somebody has come by it', async () => {
    await enforce();
    await untilRefused(admin.caller);
    await giveProvider(cluster.first, world.admin.caller, own, { clientId: 'another' });
    await until(async () => (await reasonOf(admin.caller)) === null, 'the way in');
  });
});

/** Opens an event stream; its text comes when it has ended. */
async function openStream({ authorization = '', companyId = '' }: Caller, project: string) {
  const accept = { accept: 'text/event-stream', 'content-type': 'application/json' };
  const response = await fetch(cluster.first.graphqlUrl, {
    method: 'POST',
    headers: { authorization, 'x-company-id': companyId, ...accept },
    body: JSON.stringify({ query: CHANGES, variables: { project } }),
  });
  return { text: response.text() };
}

it('where it does not insist, who has an address elsewhere by now is let go by its issuer, sockets too', async () => {
  expect(await reasonOf(admin.caller)).toBe(null);
  const project = await world.project('EVERYONE');
  const sockets: Listener[] = [];
  for (const node of cluster.nodes) {
    const listener = listen(node, callerIn(bySso), CHANGES, { project: project.id });
    await listener.until(({ kind }) => kind === 'READY');
    sockets.push(listener);
  }
  const token = await cluster.issuer.token(admin.email, { email: `private-${admin.email}.example` });
  expect(await reasonOf({ ...admin.caller, authorization: `Bearer ${token}` })).toBe(null);
  const from = Date.now();
  for (const socket of sockets) expect(await socket.closed).toMatchObject({ reason: 'SESSION_ENDED' });
  expect(Date.now() - from).toBeLessThan(1_500);
  expect(await reasonOf(callerIn(bySso))).toBe('SESSION_ENDED');
  for (const socket of sockets) await socket.stop();
});

describe('a company does not lock itself out', () => {
  const codeOf = async (caller: Caller, isEnforced = true) => {
    const document = `mutation { setSsoEnforced(input: { isEnforced: ${isEnforced} }) { userErrors { code } } }`;
    const { data, errors } = await ask(cluster.first, caller, document);
    return data?.setSsoEnforced?.userErrors[0]?.code ?? errors[0]?.extensions.reason ?? null;
  };

  it('for who makes it a duty has come by it', async () => {
    expect(await codeOf(admin.caller)).toBe('SSO_NOT_TRIED');
    expect(await codeOf(world.admin.caller)).toBe('SSO_NOT_TRIED');
    expect(await reasonOf(admin.caller)).toBe(null);
    expect(await codeOf(callerIn(bySso))).toBe(null);
    // Taking it back takes no sign-in of any kind.
    expect(await codeOf(world.admin.caller, false)).toBe(null);
    const without = await World.found(cluster.parts, cluster.issuer);
    expect(await codeOf(without.admin.caller)).toBe('NO_PROVIDER');
  });

  it('and where it has, the operator lets it out, which the audit log tells of', async () => {
    await enforce();
    await untilRefused(admin.caller);
    expect(await aliteo('company', 'sso', world.companyId, '--off')).toMatchObject({ code: 0 });
    await until(async () => (await reasonOf(admin.caller)) === null, 'the way in');
    const entries = await readAudit(cluster.parts.orm, world.companyId, 0, 100);
    expect(entries.at(-1)).toMatchObject({ action: 'sso.released', entryPoint: 'OPERATOR', actorId: null });
    expect((await aliteo('company', 'sso', newId('company'), '--off')).code).toBe(1);
  });
});

/** What the operator types. */
const aliteo = (...args: string[]) =>
  new Promise<{ code: unknown; output: string }>((resolve) => {
    const { dataDir, databaseUrl } = cluster.database;
    const env = { PATH: process.env.PATH, DATA_DIR: dataDir, DATABASE_URL: databaseUrl ?? '', SECRET_KEY };
    const cli = ['--disable-warning=ExperimentalWarning', 'dist/src/cli.js'];
    execFile(process.execPath, [...cli, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
