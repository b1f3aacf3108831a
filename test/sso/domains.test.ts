import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../src/domain/audit.js';
import { checkDomains, GRACE_MS } from '../../src/domain/check-domains.js';
import { claimDomain } from '../../src/domain/sso-domains.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { createOutbound } from '../../src/outbound/outbound.js';
import { newId } from '../../src/schema/ids.js';
import { callerIn, PUBLIC_URL } from '../harness/browser.js';
import { ask, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import { change, giveProvider, proveDomain, signInBySso } from '../harness/single-sign-on.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

const DAY_MS = 86_400_000;

let cluster: Cluster;
let names: NameServer;
let own: TestIssuer;
/** With the name server of the test. */
let parts: Parts;
beforeAll(async () => {
  names = await startNameServer();
  own = await startIssuer();
  cluster = await startCluster({ PUBLIC_URL, DNS_SERVERS: names.address });
  parts = { ...cluster.parts, outbound: createOutbound({ production: false, dnsServers: [names.address] }) };
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await own?.stop();
  await names?.stop();
});

let world: World;
let domain: string;
beforeEach(async () => {
  world = await World.found(cluster.parts, cluster.issuer);
  domain = `${newId('domain').slice(-10)}.example`;
  names.isAway = false;
});

const claim = async (given = domain, by = world) =>
  (
    await change(
      cluster.first,
      by.admin.caller,
      'claimDomain',
      { domain: given },
      'domain { id domain recordName challenge verifiedAt }',
    )
  ).domain;
/** The code by which an input is refused, or none. */
async function codeOf(name: string, input: object, by = world): Promise<string | null> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { it: ${name}(input: $input) { userErrors { code } } }`;
  const { it } = await get(cluster.first, by.admin.caller, document, { input });
  return it.userErrors[0]?.code ?? null;
}
const domains = async (by = world) =>
  (await get(cluster.first, by.admin.caller, '{ singleSignOn { domains { domain verifiedAt failingSince } } }'))
    .singleSignOn.domains;

describe('a domain', () => {
  it('is claimed with a text of its own, and proven by the record that has it', async () => {
    const made = await claim(` @${domain.toUpperCase()}. `);
    expect(made).toMatchObject({ domain, recordName: `_aliteo-challenge.${domain}`, verifiedAt: null });
    expect(made.challenge).toMatch(/^aliteo-domain-verification=[\w-]{43}$/);
    expect(await codeOf('claimDomain', { domain })).toBe('DOMAIN_CLAIMED');

    expect(await codeOf('verifyDomain', { domainId: made.id })).toBe('DOMAIN_NOT_PROVEN');
    names.texts.set(made.recordName, ['aliteo-domain-verification=another']);
    expect(await codeOf('verifyDomain', { domainId: made.id })).toBe('DOMAIN_NOT_PROVEN');
    names.texts.set(made.recordName, ['another', made.challenge]);
    names.isAway = true;
    expect(await codeOf('verifyDomain', { domainId: made.id })).toBe('DNS_AWAY');
    names.isAway = false;
    expect(await codeOf('verifyDomain', { domainId: made.id })).toBe(null);
    expect(await domains()).toEqual([{ domain, verifiedAt: expect.any(String), failingSince: null }]);
  });

  it('is of one company at most: the first that has proven it, until it is released', async () => {
    const domainId = await proveDomain(cluster.first, world.admin.caller, names, domain);
    const rival = await World.found(cluster.parts, cluster.issuer);
    const claimed = await claim(domain, rival);
    expect(claimed.challenge).not.toBe(names.texts.get(claimed.recordName)?.at(-1));
    expect(await codeOf('verifyDomain', { domainId: claimed.id }, rival)).toBe('DOMAIN_NOT_PROVEN');
    names.texts.set(claimed.recordName, [claimed.challenge]);
    expect(await codeOf('verifyDomain', { domainId: claimed.id }, rival)).toBe('DOMAIN_TAKEN');
    await change(cluster.first, world.admin.caller, 'releaseDomain', { domainId });
    expect(await codeOf('verifyDomain', { domainId: claimed.id }, rival)).toBe(null);
  });

  it('is one of fifty that a company claims at most', async () => {
    for (let i = 0; i < 50; i += 1) await claimDomain(parts, world.admin.viewer, `d${i}.${domain}`);
    expect(await codeOf('claimDomain', { domain })).toBe('TOO_MANY_DOMAINS');
    expect(await domains()).toHaveLength(50);
  });

  it('of two companies that prove it at once one has it', async () => {
    const rival = await World.found(cluster.parts, cluster.issuer);
    const [ours, theirs] = [await claim(), await claim(domain, rival)];
    names.texts.set(ours.recordName, [ours.challenge, theirs.challenge]);
    const codes = await Promise.all([
      codeOf('verifyDomain', { domainId: ours.id }),
      codeOf('verifyDomain', { domainId: theirs.id }, rival),
    ]);
    expect(codes.sort()).toEqual(['DOMAIN_TAKEN', null].sort());
  });

  it.each([
    '',
    'example',
    'a b.example',
    'example..com',
    '-a.example',
    '192.0.2.1',
    'x.example/..',
    `${'a'.repeat(64)}.example`,
  ])('is none that looks like %j', async (given) => {
    expect(await codeOf('claimDomain', { domain: given })).toBe('DOMAIN');
  });

  it('may have letters of any alphabet, which DNS has otherwise', async () => {
    expect((await claim(`bücher-${domain}`)).domain).toMatch(/^xn--bcher-/);
  });
});

describe('a proof', () => {
  let now: number;
  beforeEach(async () => {
    await proveDomain(cluster.first, world.admin.caller, names, domain);
    now = Date.now();
  });
  const at = (ms: number) => new Date(now + ms);

  it('is looked for once a day by one process, and lost when the record was missing for a week', async () => {
    const record = `_aliteo-challenge.${domain}`;
    await giveProvider(cluster.first, world.admin.caller, own);
    const { email } = await world.member({ email: `p@${domain}` });
    const { browser } = await signInBySso(cluster.first, world, own, email);
    const reason = async () =>
      (await ask(cluster.last, callerIn(browser), '{ workspaces { id } }')).errors[0]?.extensions.reason ?? null;
    const asked = () => names.asked.filter((name) => name === record).length;

    const before = asked();
    await Promise.all([checkDomains(parts), checkDomains(parts)]);
    expect(asked() - before).toBe(0);
    await Promise.all([checkDomains(parts, undefined, at(DAY_MS)), checkDomains(parts, undefined, at(DAY_MS))]);
    expect(asked() - before).toBe(1);

    const texts = names.texts.get(record) ?? [];
    names.texts.delete(record);
    await checkDomains(parts, undefined, at(2 * DAY_MS + 1));
    expect(await domains()).toEqual([{ domain, verifiedAt: expect.any(String), failingSince: expect.any(String) }]);
    expect(await reason()).toBe(null);
    // It is back, and gone again: the week begins anew.
    names.texts.set(record, texts);
    await checkDomains(parts, undefined, at(4 * DAY_MS));
    expect((await domains())[0].failingSince).toBe(null);
    names.texts.delete(record);
    await checkDomains(parts, undefined, at(6 * DAY_MS));
    await checkDomains(parts, undefined, at(6 * DAY_MS + GRACE_MS - 1));
    expect(await reason()).toBe(null);
    await checkDomains(parts, undefined, at(7 * DAY_MS + GRACE_MS));
    expect(await domains()).toEqual([{ domain, verifiedAt: null, failingSince: null }]);
    await until(async () => (await reason()) === 'SESSION_ENDED', 'the end of the session');
    expect((await signInBySso(cluster.first, world, own, email)).status).toBe(403);
    const entries = await readAudit(parts.orm, world.companyId, 0, 100);
    expect(entries.find(({ action }) => action === 'sso.domainLost')).toMatchObject({ entryPoint: 'OPERATOR' });
  });

  it('is not lost by name servers that do not answer', async () => {
    names.isAway = true;
    for (const days of [1, 9, 20]) await checkDomains(parts, undefined, at(days * DAY_MS));
    expect(await domains()).toEqual([{ domain, verifiedAt: expect.any(String), failingSince: null }]);
  });
});

describe('an issuer', () => {
  const save = (fields: object) => codeOf('saveSsoProvider', { issuer: own.url, clientId: 'client', ...fields });

  it('is one that answers as itself', async () => {
    for (const issuer of [
      'not a url',
      'ftp://issuer.example',
      `${own.url}/elsewhere`,
      `${own.url}/`,
      `${own.url}?a=b`,
      `${own.url}#a`,
      own.url.replace('http://', 'http://user:password@'),
      'http://127.0.0.1:1',
    ])
      expect([issuer, await save({ issuer })]).toEqual([issuer, 'ISSUER']);
    expect(await save({ clientSecret: 'with\ttab' })).toBe('SECRET_UNFIT');
    expect(await save({ clientId: '' })).toBe('REQUIRED');
    expect(await save({})).toBe(null);
  });

  it.each([
    ['a place that is none', { authorization_endpoint: 'javascript:alert(1)' }],
    ['a place that is no address', { token_endpoint: 'nowhere' }],
    ['a list that is none', { scopes_supported: 'openid' }],
  ])('is none whose metadata have %s', async (_what, wrong) => {
    const right = { ...own.metadata };
    Object.assign(own.metadata, wrong);
    expect(await save({})).toBe('ISSUER');
    for (const name of Object.keys(wrong)) delete own.metadata[name];
    Object.assign(own.metadata, right);
    expect(await save({})).toBe(null);
  });

  it('that is away does not take the one that is there', async () => {
    expect(await save({})).toBe(null);
    own.isAway = true;
    expect(await save({ clientId: 'another' })).toBe('ISSUER');
    own.isAway = false;
    const { singleSignOn } = await get(
      cluster.first,
      world.admin.caller,
      '{ singleSignOn { provider { clientId hasSecret } } }',
    );
    expect(singleSignOn.provider).toEqual({ clientId: 'client', hasSecret: false });
  });
});
