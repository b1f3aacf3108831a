import { beforeEach, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../src/domain/audit.js';
import { deactivateMember } from '../../src/domain/members.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import { User, UserIdentity } from '../../src/entities/user.js';
import { callerIn, emailIn, PUBLIC_URL, signIn } from '../harness/browser.js';
import { ask, codeOf, get, listen } from '../harness/client.js';
import { type Cluster, startNode } from '../harness/cluster.js';
import type { TestIssuer } from '../harness/issuer.js';
import { change, proveDomain, signInBySso } from '../harness/single-sign-on.js';
import { CHANGES } from '../harness/stage.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';
import { newDomain, type SsoCompany, type SsoStage, withSsoStage } from './stage.js';

const SESSION = 'aliteo-session';

let stage: SsoStage;
let cluster: Cluster;
let own: TestIssuer;
withSsoStage({ FOUNDING: 'on' }, (opened) => {
  stage = opened;
  ({ cluster, own } = stage);
});

let world: World;
let domain: string;
let person: SsoCompany['person'];
beforeEach(async () => {
  ({ world, domain, person } = await stage.company());
});

/** Of all users, all ways in which they sign in, and all members of the company. */
const everybody = async () => {
  const { orm } = cluster.parts;
  const [em, ours] = [orm.em.fork(), forkFor(orm, { companyId: world.companyId })];
  return [await em.count(User, {}), await em.count(UserIdentity, {}), await ours.count(Member, {})];
};

describe('what a company says about people is worth nothing outside of it', () => {
  it('its sign-in opens no other company of the same person, and tells of none', async () => {
    const { email } = await person();
    const elsewhere = await World.found(cluster.parts, cluster.issuer);
    await elsewhere.member({ email, role: 'ADMIN' });
    const byAnother = await signIn(cluster.first, cluster.issuer, email);
    const { browser } = await signInBySso(cluster.first, world, own, email);
    const caller = callerIn(browser);
    for (const node of cluster.nodes) {
      expect(codeOf(await ask(node, { ...caller, companyId: elsewhere.companyId }, '{ workspaces { id } }'))).toBe(
        'NOT_FOUND',
      );
      const { companies, sessions } = await get(
        node,
        caller,
        '{ companies { company { id } } sessions { isCurrent } }',
      );
      expect(companies).toEqual([{ company: { id: world.companyId } }]);
      expect(sessions).toEqual([{ isCurrent: true }]);
    }
    const founded = await ask(
      cluster.first,
      caller,
      'mutation { foundCompany(input: { name: "Mine" }) { userErrors { code } } }',
    );
    expect(founded.errors[0]?.extensions.reason).toBe('ENTRY_NOT_ALLOWED');
    // What others offer to that address is not this company's to see, or to answer.
    const offering = await World.found(cluster.parts, cluster.issuer);
    const { id } = await offering.invite(email);
    for (const document of [
      '{ myInvitations { id } }',
      `mutation { acceptInvitation(input: { invitationId: "${id}" }) { userErrors { code } } }`,
      `mutation { declineInvitation(input: { invitationId: "${id}" }) { userErrors { code } } }`,
    ])
      expect((await ask(cluster.first, caller, document)).errors[0]?.extensions.reason).toBe('ENTRY_NOT_ALLOWED');
    const ended = await change(cluster.first, caller, 'endSessions', { includingThis: true }, 'sessions { id }');
    expect(ended.sessions).toHaveLength(1);
    expect(await emailIn(cluster.first, byAnother)).toBe(email);
  });

  it("what is that person's alone it neither tells nor changes", async () => {
    const { email, caller: theirs } = await person();
    const SAVE = 'mutation { savePersonalView(input: { name: "Mine", filter: {} }) { view { id } } }';
    const { view } = (await get(cluster.first, theirs, SAVE)).savePersonalView;
    const { browser } = await signInBySso(cluster.first, world, own, email);
    for (const document of [
      '{ viewer { views { name } } }',
      '{ viewer { preferences { locale } } }',
      SAVE,
      'mutation { updatePreferences(input: { locale: "cs" }) { preferences { locale } } }',
    ]) {
      const { data, errors } = await ask(cluster.first, callerIn(browser), document);
      expect([data?.viewer ?? null, errors[0]?.extensions.reason]).toEqual([null, 'ENTRY_NOT_ALLOWED']);
    }
    const NODE = 'query ($id: ID!) { node(id: $id) { id } }';
    expect(codeOf(await ask(cluster.first, callerIn(browser), NODE, { id: view.id }))).toBe('NOT_FOUND');
    expect((await get(cluster.first, theirs, NODE, { id: view.id })).node.id).toBe(view.id);
  });

  it('nor does it use up how many connections that person may have elsewhere', async () => {
    const member = await person();
    const project = await world.project('EVERYONE');
    const { browser } = await signInBySso(cluster.first, world, own, member.email);
    const open = [];
    for (let i = 0; i < 50; i += 1)
      open.push(listen(cluster.first, callerIn(browser), CHANGES, { project: project.id }));
    for (const one of open) await one.until(({ kind }) => kind === 'READY');
    const bySelf = listen(cluster.first, member.caller, CHANGES, { project: project.id });
    await bySelf.until(({ kind }) => kind === 'READY');
    for (const one of [...open, bySelf]) await one.stop();
  });

  it('nor does a question that is answered from what is kept', async () => {
    const env = { PUBLIC_URL, DNS_SERVERS: stage.names.address, ANSWER_CACHE_BYTES: '1000000' };
    // Where sessions are in the process, all of it is.
    const node = await startNode(cluster.database, cluster.issuer, env);
    try {
      const { email } = await person();
      const elsewhere = await World.found(cluster.parts, cluster.issuer);
      await elsewhere.member({ email });
      const byAnother = await signIn(node, cluster.issuer, email);
      const { browser } = await signInBySso(node, world, own, email);
      const document = '{ companies { memberId } sessions { id } workspaces { id } }';
      const ask = (which: typeof browser) => get(node, callerIn(which, world.companyId), document);
      for (let i = 0; i < 5; i += 1) {
        const [all, one] = [await ask(byAnother), await ask(browser)];
        expect([all.companies.length, all.sessions.length]).toEqual([2, 2]);
        expect([one.companies.length, one.sessions.length]).toEqual([1, 1]);
      }
    } finally {
      await node.stop();
    }
  }, 60_000);

  it.each([
    ['an address of another domain', () => 'somebody@elsewhere.example', {}],
    ['an address of a subdomain', () => `p@sub.${domain}`, {}],
    ['an address that it has not verified', async () => (await person()).email, { email_verified: false }],
    ['no address', async () => (await person()).email, { email: undefined }],
  ] as [string, () => string | Promise<string>, { email_verified?: boolean }][])(
    '%s is nobody',
    async (_what, emailOf, claims) => {
      const email = await emailOf();
      if (!email.endsWith(`@${domain}`)) await world.member({ email });
      const before = await everybody();
      const { status, text, browser } = await signInBySso(cluster.first, world, own, email, claims);
      expect([status, text]).toEqual([403, expect.stringContaining('not proven the domain')]);
      expect(browser.cookies.has(SESSION)).toBe(false);
      expect(await everybody()).toEqual(before);
    },
  );

  it("a person of another company's domain is not to be had, though they are a member here", async () => {
    const victims = await World.found(cluster.parts, cluster.issuer);
    const theirs = newDomain();
    await proveDomain(cluster.first, victims.admin.caller, stage.names, theirs);
    const victim = `victim@${theirs}`;
    await victims.member({ email: victim, role: 'ADMIN' });
    await world.member({ email: victim });
    const { status, browser } = await signInBySso(cluster.first, world, own, victim);
    expect([status, browser.cookies.has(SESSION)]).toEqual([403, false]);
  });

  it('who is not in the directory is not added, and who was deactivated stays out', async () => {
    const before = await everybody();
    const stranger = await signInBySso(cluster.first, world, own, `stranger@${domain}`);
    expect([stranger.status, stranger.text]).toEqual([403, expect.stringContaining('has not added you')]);
    expect(await everybody()).toEqual(before);

    const { email, member } = await person();
    const { browser } = await signInBySso(cluster.first, world, own, email);
    await deactivateMember(cluster.parts, world.admin.viewer, member.id);
    expect(codeOf(await ask(cluster.last, callerIn(browser), '{ workspaces { id } }'))).toBe('NOT_FOUND');
    expect((await signInBySso(cluster.first, world, own, email)).status).toBe(403);
    const refused = async () =>
      (await readAudit(cluster.parts.orm, world.companyId, 0, 100)).filter(
        ({ reason }) => reason === 'NOT_IN_DIRECTORY',
      );
    await until(async () => (await refused()).length > 0, 'the refusal in the audit log');
  });

  it('of the addresses of other domains it does not learn who is in the directory', async () => {
    const known = (await world.member()).email;
    const answers = [];
    for (const email of [known, `nobody-${known}`]) {
      const { status, text } = await signInBySso(cluster.first, world, own, email);
      answers.push([status, text]);
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.[0]).toBe(403);
  });

  it('its tokens open nothing', async () => {
    const { email } = await person();
    const token = await own.token(email, { aud: cluster.issuer.audience });
    const answer = await ask(
      cluster.first,
      { authorization: `Bearer ${token}`, companyId: world.companyId },
      '{ workspaces { id } }',
    );
    expect(answer.errors[0]?.extensions.reason).toBe('TOKEN_INVALID');
  });
});
