import { beforeEach, describe, expect, it } from '@jest/globals';
import { deactivateMember, reactivateMember } from '../../src/domain/members.js';
import { callerIn } from '../harness/browser.js';
import { ask, type Caller, get, listen } from '../harness/client.js';
import type { Cluster } from '../harness/cluster.js';
import type { TestIssuer } from '../harness/issuer.js';
import { change, proveDomain, signInBySso } from '../harness/single-sign-on.js';
import { CHANGES } from '../harness/stage.js';
import { until } from '../harness/until.js';
import type { Person } from '../harness/world.js';
import { type SsoCompany, type SsoStage, withSsoStage } from './stage.js';

let stage: SsoStage;
let cluster: Cluster;
let own: TestIssuer;
withSsoStage({}, (opened) => {
  stage = opened;
  ({ cluster, own } = stage);
});

let company: SsoCompany;
let member: Person;
/** A session from before they were let go. */
let before: Caller;
beforeEach(async () => {
  company = await stage.company();
  member = await company.person();
  before = await enter();
  expect(await answerTo(before)).toEqual([200, null]);
});

const enter = async () => callerIn((await signInBySso(cluster.first, company.world, own, member.email)).browser);
const answerTo = async (caller: Caller, node = cluster.last) => {
  const { status, errors } = await ask(node, caller, '{ workspaces { id } }');
  return [status, errors[0]?.extensions.reason ?? null];
};
const deactivate = async () => {
  await deactivateMember(cluster.parts, company.world.admin.viewer, member.member.id);
  for (const node of cluster.nodes)
    await until(async () => (await answerTo(before, node))[0] === 404, 'the end of their part');
};

/** How somebody is let go, and taken back. */
const WAYS: Record<string, () => Promise<void>> = {
  'when their member is reactivated': async () => {
    await deactivate();
    await reactivateMember(cluster.parts, company.world.admin.viewer, member.member.id);
  },
  'when they are invited again, and accept': async () => {
    await deactivate();
    const { id } = await company.world.invite(member.email);
    const { authorization = '' } = member.caller;
    await change(cluster.first, { authorization }, 'acceptInvitation', { invitationId: id });
  },
  'when their domain was released, and is proven again': async () => {
    const { world, domain, domainId } = company;
    await change(cluster.first, world.admin.caller, 'releaseDomain', { domainId });
    await until(async () => (await answerTo(before))[1] === 'SESSION_ENDED', 'the end of the session');
    await proveDomain(cluster.first, world.admin.caller, stage.names, domain);
  },
};

describe("a session by the company's own issuer does not come back", () => {
  it.each(Object.keys(WAYS))('%s; one that begins after it is good', async (way) => {
    await WAYS[way]?.();
    const after = await enter();
    for (const node of cluster.nodes) {
      await until(async () => (await answerTo(after, node))[0] === 200, 'the new session');
      expect(await answerTo(before, node)).toEqual([401, 'SESSION_ENDED']);
    }
  });

  it('nor do its sockets stay, however soon they are taken back', async () => {
    const { world } = company;
    const project = await world.project('EVERYONE');
    const sockets = cluster.nodes.map((node) => listen(node, before, CHANGES, { project: project.id }));
    for (const socket of sockets) await socket.until(({ kind }) => kind === 'READY');
    await deactivateMember(cluster.parts, world.admin.viewer, member.member.id);
    await reactivateMember(cluster.parts, world.admin.viewer, member.member.id);
    const reason = expect.stringMatching(/^(ACCESS|SESSION)_ENDED$/);
    for (const { closed } of sockets) expect(await closed).toMatchObject({ reason });
  });

  it('as one by another sign-in does, which is good for other companies too', async () => {
    await WAYS['when their member is reactivated']?.();
    await until(async () => (await answerTo(member.caller))[0] === 200, 'the way in');
    const { viewer } = await get(cluster.first, member.caller, '{ viewer { user { email } } }');
    expect(viewer.user.email).toBe(member.email);
  });
});
