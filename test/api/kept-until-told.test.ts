import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rotateApiKey } from '../../src/domain/api-keys.js';
import { checkDomains } from '../../src/domain/check-domains.js';
import { deactivateMember } from '../../src/domain/members.js';
import { provisionUser } from '../../src/domain/provision-user.js';
import { createOutbound } from '../../src/outbound/outbound.js';
import { newId } from '../../src/schema/ids.js';
import { BEHIND_PROXY, knock } from '../follow/knocking.js';
import { PUBLIC_URL } from '../harness/browser.js';
import { type Answer, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { untilKept } from '../harness/kept.js';
import { lettersTo } from '../harness/letters.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import { change, proveDomain } from '../harness/single-sign-on.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

// What is kept is true until the log says otherwise: so whatever changes an answer has to be in the log, or in no kept answer.

let cluster: Cluster;
let names: NameServer;
let world: World;
beforeAll(async () => {
  names = await startNameServer();
  const env = { ...BEHIND_PROXY, PUBLIC_URL, DNS_SERVERS: names.address, ANSWER_CACHE_BYTES: '8000000' };
  cluster = await startCluster(env);
  world = await World.found(cluster.parts, cluster.issuer);
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await names?.stop();
});

/** Has every process keep what it answers to the administrator, if it may; answers how to wait until all tell something else. */
async function keeping(text: string, shown: (data: Answer['data']) => unknown) {
  await untilKept(cluster.nodes, world);
  const told = () => Promise.all(cluster.nodes.map(async (node) => shown(await get(node, world.admin.caller, text))));
  const before = await told();
  expect(await told()).toEqual(before);
  return {
    before: before[0],
    untilAll: (expected: unknown, ms = 2_500) =>
      until(async () => (await told()).every((value) => value === expected), `all tell ${String(expected)}`, ms),
  };
}

it('how many secrets of a key are good changes by time', async () => {
  const key = await world.key(['TASKS_READ']);
  await rotateApiKey(cluster.parts, world.admin.viewer, key.id, 4, null);
  const text = `{ node(id: "${key.id}") { ... on ApiKey { secrets { prefix } } } }`;
  const { before, untilAll } = await keeping(text, ({ node }) => node.secrets.length);
  expect(before).toBe(2);
  await untilAll(1, 6_000);
});

it('that a follower has confirmed is an event', async () => {
  const follow = await world.follow(await world.task(await world.project()));
  const email = `${newId('follower').slice(-10)}@example.com`;
  const input = { followId: follow.id, email };
  const { follower } = await change(cluster.first, world.admin.caller, 'inviteFollower', input, 'follower { id }');
  const [letter] = await lettersTo(cluster.database.dataDir, email);
  const text = `{ node(id: "${follower.id}") { ... on Follower { confirmedAt } } }`;
  const { before, untilAll } = await keeping(text, ({ node }) => node.confirmedAt !== null);
  expect(before).toBe(false);
  const renewal = /\/f\/invitation\/(\S+)/.exec(letter?.text ?? '')?.[1] ?? '';
  expect((await knock(cluster.first, { renewal, confirm: true })).status).toBe(200);
  await untilAll(true);
});

it('that the record of a domain is there again is an event, whoever has looked', async () => {
  const domain = `${newId('domain').slice(-10)}.example`;
  const domainId = await proveDomain(cluster.first, world.admin.caller, names, domain);
  const record = `_aliteo-challenge.${domain}`;
  const texts = names.texts.get(record) ?? [];
  const outbound = createOutbound({ production: false, dnsServers: [names.address] });
  const parts = { ...cluster.parts, outbound };
  const look = (days: number) => checkDomains(parts, undefined, new Date(Date.now() + days * 86_400_000));
  const text = '{ singleSignOn { domains { id failingSince } } }';
  const isFailing = ({ singleSignOn }: Answer['data']) =>
    singleSignOn.domains.find(({ id }: { id: string }) => id === domainId).failingSince !== null;
  const again: (() => Promise<unknown>)[] = [
    () => change(cluster.first, world.admin.caller, 'verifyDomain', { domainId }),
    () => look(6),
  ];
  for (const [i, lookAgain] of again.entries()) {
    names.texts.delete(record);
    await look(2 * (i + 1));
    const { before, untilAll } = await keeping(text, isFailing);
    expect(before).toBe(true);
    names.texts.set(record, texts);
    await lookAgain();
    await untilAll(false);
  }
});

it('a new address of somebody who was in the company is an event there', async () => {
  const old = `${newId('user').slice(-10)}@example.com`;
  const { member } = await world.member({ email: old });
  const identity = {
    issuer: 'https://issuer.example',
    subject: old,
    name: 'Somebody',
    identityProvider: null,
    expiresAt: new Date(Date.now() + 60_000),
  };
  const said = (verifiedEmail: string, at: number) =>
    provisionUser(cluster.parts, { ...identity, verifiedEmail, issuedAt: new Date(at) });
  await said(old, Date.now() - 60_000);
  await deactivateMember(cluster.parts, world.admin.viewer, member.id);
  const text = `{ node(id: "${member.id}") { ... on Member { email } } }`;
  const { before, untilAll } = await keeping(text, ({ node }) => node.email);
  expect(before).toBe(old);
  await said(`new-${old}`, Date.now());
  await untilAll(`new-${old}`);
});
