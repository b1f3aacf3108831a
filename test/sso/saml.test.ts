import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generate } from 'selfsigned';
import { readAudit } from '../../src/domain/audit.js';
import { newId } from '../../src/schema/ids.js';
import { type Browser, browserAt, callerIn, emailIn, PUBLIC_URL } from '../harness/browser.js';
import { ask, get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { type NameServer, startNameServer } from '../harness/name-server.js';
import { type SamlProvider, startSamlProvider } from '../harness/saml-provider.js';
import { change, giveProvider, proveDomain, ssoLogin } from '../harness/single-sign-on.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';
import { type Form, formIn, sendForm } from './saml-forms.js';

const SESSION = 'aliteo-session';

let cluster: Cluster;
let names: NameServer;
let saml: SamlProvider;
let oidc: TestIssuer;
let world: World;
let domain: string;
/** As the provider reads it: from where the browser would reach us. */
const metadata = async () => (await fetch(`${cluster.first.url}/auth/saml/${world.companyId}/metadata`)).text();
beforeAll(async () => {
  names = await startNameServer();
  oidc = await startIssuer();
  cluster = await startCluster({ PUBLIC_URL, DNS_SERVERS: names.address, LOG_LEVEL: 'debug' });
  saml = await startSamlProvider(metadata);
}, 60_000);
afterAll(async () => {
  await cluster?.stop();
  await Promise.all([saml?.stop(), oidc?.stop(), names?.stop()]);
});
beforeEach(async () => {
  [saml.next, saml.alter] = [{}, (xml) => xml];
  world = await World.found(cluster.parts, cluster.issuer);
  domain = `${newId('domain').slice(-10)}.example`;
  await proveDomain(cluster.first, world.admin.caller, names, domain);
  await save();
});

const save = async (certificates = saml.certificate, fields: object = {}) => {
  const input = { issuer: saml.entityId, signInUrl: saml.signInUrl, certificates, ...fields };
  return (await change(cluster.first, world.admin.caller, 'saveSamlProvider', input, 'provider { id }')).provider.id;
};
const manyAttributes = Array.from({ length: 12_000 }, (_, i) => `a${i}=""`).join(' ');
const person = () => world.member({ email: `p-${newId('user').slice(-10)}@${domain}`, role: 'ADMIN' });

/** Goes to the provider and comes back with its form. */
async function answerFor(browser: Browser, said: SamlProvider['next'] = {}): Promise<Form> {
  saml.next = said;
  const { response } = await browser.open(ssoLogin(world.companyId));
  return formIn(await response.text());
}

const send = (browser: Browser, form: Form) => sendForm(cluster.first, browser, form);

async function signIn(email: string, said: SamlProvider['next'] = {}, browser = browserAt(cluster.first)) {
  const form = await answerFor(browser, { subject: email, email, ...said });
  return { browser, form, ...(await send(browser, form)) };
}

describe('a member signs in at the SAML provider of their company', () => {
  it('with a session that opens it alone, on every process', async () => {
    const { email } = await person();
    const { browser } = await signIn(email);
    const elsewhere = await World.found(cluster.parts, cluster.issuer);
    await elsewhere.member({ email });
    for (const node of cluster.nodes) {
      expect(await emailIn(node, browser)).toBe(email);
      const { companies } = await get(node, callerIn(browser), '{ companies { company { id } } }');
      expect(companies).toEqual([{ company: { id: world.companyId } }]);
      const answer = await ask(node, { ...callerIn(browser), companyId: elsewhere.companyId }, '{ workspaces { id } }');
      expect(answer.errors[0]?.extensions.code).toBe('NOT_FOUND');
    }
    const accept = { accept: 'application/json', origin: PUBLIC_URL };
    const { response } = await browser.open(`${PUBLIC_URL}/auth/logout`, {}, accept);
    expect(await response.json()).toEqual({ location: `${PUBLIC_URL}/auth/signed-out` });
  });

  it('by the address in the name, too, and by the name alone when the address has changed', async () => {
    const { email } = await person();
    const format = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
    expect(await emailIn(cluster.first, (await signIn(email, { email: '', format })).browser)).toBe(email);
    const moved = await signIn(`new-${email}`, { subject: email });
    expect(await emailIn(cluster.first, moved.browser)).toBe(email);
  });

  it('who is in two hundred groups', async () => {
    const { email } = await person();
    const groups = Array.from({ length: 200 }, (_, i) => `group-${i}`);
    const { browser } = await signIn(email, { groups });
    expect(await emailIn(cluster.first, browser)).toBe(email);
  });

  it('for as long as the provider lets them', async () => {
    const { email } = await person();
    const sessionEnd = new Date(Date.now() + 90_000).toISOString();
    const { browser } = await signIn(email, { sessionEnd });
    const { sessions } = await get(cluster.first, callerIn(browser), '{ sessions { endsAt } }');
    expect(sessions).toEqual([{ endsAt: sessionEnd }]);
  });

  it('and it may be a duty', async () => {
    const { email, caller } = await person();
    const { browser } = await signIn(email);
    await change(cluster.first, callerIn(browser), 'setSsoEnforced', { isEnforced: true });
    expect((await ask(cluster.first, caller, '{ workspaces { id } }')).errors[0]?.extensions.reason).toBe(
      'SSO_REQUIRED',
    );
    expect((await ask(cluster.first, callerIn(browser), '{ workspaces { id } }')).errors).toEqual([]);
    // New certificates leave it so.
    await change(cluster.first, callerIn(browser), 'saveSamlProvider', {
      issuer: saml.entityId,
      signInUrl: saml.signInUrl,
      certificates: saml.certificate,
    });
    expect((await ask(cluster.first, caller, '{ workspaces { id } }')).errors[0]?.extensions.reason).toBe(
      'SSO_REQUIRED',
    );
  });

  it('whose certificate changes while people come in', async () => {
    const { email } = await person();
    const old = saml.certificate;
    const certificate = await saml.rotate();
    expect((await signIn(email)).browser.cookies.has(SESSION)).toBe(false);
    const id = await save(`${old}\n${certificate}`);
    expect((await signIn(email)).browser.cookies.has(SESSION)).toBe(true);
    saml.certificate = certificate;
    expect(await save(certificate)).toBe(id);
    expect((await signIn(email)).browser.cookies.has(SESSION)).toBe(true);
  });

  it('that reads of us what it has to know, whether there is such a company or not', async () => {
    const text = await metadata();
    expect(text).toContain(`entityID="${PUBLIC_URL}/auth/saml/${world.companyId}/metadata"`);
    expect(text).toContain(`Location="${PUBLIC_URL}/auth/saml/${world.companyId}/acs"`);
    expect(text).toContain('WantAssertionsSigned="true"');
    const { samlMetadataUrl } = (await get(cluster.first, world.admin.caller, '{ singleSignOn { samlMetadataUrl } }'))
      .singleSignOn;
    expect(samlMetadataUrl).toBe(`${PUBLIC_URL}/auth/saml/${world.companyId}/metadata`);
    const statuses = [newId('company'), 'nothing', newId('user')].map(
      async (id) => (await fetch(`${cluster.first.url}/auth/saml/${id}/metadata`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 404, 404]);
  });
});

describe('an assertion opens nothing', () => {
  const expectNothing = async (said: SamlProvider['next'] = {}, alter?: (xml: string) => string) => {
    const { email } = await person();
    if (alter) saml.alter = alter;
    const { browser, status } = await signIn(email, said);
    expect([status >= 400 && status < 500, browser.cookies.has(SESSION)]).toEqual([true, false]);
  };

  it.each<[string, SamlProvider['next']]>([
    ['of another audience', { audience: 'https://another.example' }],
    ['of another recipient', { recipient: 'https://another.example/acs' }],
    ['of another issuer', { issuer: 'https://another.example' }],
    ['of another request', { inResponseTo: `_${'x'.repeat(43)}` }],
    ['that nobody has asked for', { inResponseTo: '' }],
    ['that is over', { notOnOrAfter: new Date(Date.now() - 60_000).toISOString() }],
    ['that is not good yet', { notBefore: new Date(Date.now() + 120_000).toISOString() }],
    [
      'that was made long ago, however long it says to be good',
      { issued: new Date(Date.now() - 660_000).toISOString() },
    ],
    ['that is held by a key, and not by who brings it', { method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key' }],
    ['with a name that is another one each time', { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' }],
    ['for a session that is over', { sessionEnd: new Date(Date.now() - 1_000).toISOString() }],
    ['for a session whose end is no time', { sessionEnd: 'soon' }],
    ['with an address of another domain', { email: 'somebody@elsewhere.example' }],
  ])('%s', async (_what, said) => {
    await expectNothing(said);
  });

  it('without a signature, or with another one', async () => {
    const SIGNATURE = /<(?:\w+:)?Signature[ >].*?<\/(?:\w+:)?Signature>/s;
    await expectNothing({}, (xml) => xml.replace(SIGNATURE, ''));
    await expectNothing({}, (xml) => xml.replace(/(<(?:\w+:)?SignatureValue>)..../, '$1AAAA'));
    await expectNothing({}, (xml) => xml.replace(/(<(?:\w+:)?DigestValue>)..../, '$1AAAA'));
    const SHA256 = /http:[^"]*rsa-sha256/g;
    for (const algorithm of [
      '2000/09/xmldsig#rsa-sha1',
      '2000/09/xmldsig#hmac-sha1',
      '2001/04/xmldsig-more#hmac-sha256',
    ])
      await expectNothing({}, (xml) => xml.replaceAll(SHA256, `http://www.w3.org/${algorithm}`));
  });

  it('that is signed by what can be made to collide', async () => {
    const good = saml.algorithm;
    saml.algorithm = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
    await expectNothing().finally(() => {
      saml.algorithm = good;
    });
    expect(saml.given.at(-1)).toContain('rsa-sha1');
  });

  it('that is signed as anything but its text as it stands', async () => {
    const [good, withComments] = [saml.transforms, 'http://www.w3.org/2001/10/xml-exc-c14n#WithComments'];
    saml.transforms = [good[0] ?? '', withComments];
    await expectNothing().finally(() => {
      saml.transforms = good;
    });
    expect(saml.given.at(-1)).toContain(withComments);
  });

  it('in which something was changed, and its company reads of it in the audit log', async () => {
    const { email } = await person();
    for (const part of ['email', 'subject'] as const)
      await expectNothing({ [part]: 'x@y.example' }, (xml) => xml.replaceAll('x@y.example', email));
    const refused = async () =>
      (await readAudit(cluster.parts.orm, world.companyId, 0, 100)).filter(({ result }) => result === 'REFUSED');
    await until(async () => (await refused()).length > 0, 'the refusal');
    const reason = 'TOKEN_INVALID';
    expect(await refused()).toMatchObject([{ action: 'access', entryPoint: 'USER', reason, actorId: null }]);
  });

  it('that was wrapped around, or beside, what was signed', async () => {
    const victim = await person();
    const ASSERTION = /<saml:Assertion .*<\/saml:Assertion>/s;
    const evilOf = (xml: string, body = '') => {
      const [signed = ''] = ASSERTION.exec(xml) ?? [];
      return signed
        .replace(/<(?:\w+:)?Signature[ >].*?<\/(?:\w+:)?Signature>/s, body)
        .replace(/ID="[^"]+"/, 'ID="_evil"')
        .replaceAll(/p-\w+@/g, `${victim.email.split('@')[0]}@`);
    };
    const wrappings: ((xml: string, signed: string) => string)[] = [
      // Beside it, before and after.
      (xml, signed) => xml.replace(signed, () => evilOf(xml) + signed),
      (xml, signed) => xml.replace(signed, () => signed + evilOf(xml)),
      // The signed one within the forged one, as an extension, in its signature, or in its advice.
      (xml, signed) => xml.replace(signed, () => evilOf(xml, `<saml:Advice>${signed}</saml:Advice>`)),
      (xml, signed) =>
        xml
          .replace(signed, () => evilOf(xml))
          .replace('<samlp:Status>', () => `<samlp:Extensions>${signed}</samlp:Extensions><samlp:Status>`),
      (xml, signed) => {
        const signature = /<(?:\w+:)?Signature[ >].*?<\/(?:\w+:)?Signature>/s.exec(signed)?.[0] ?? '';
        const bare = signed.replace(signature, '');
        const carried = signature.replace(/<\/((?:\w+:)?)Signature>$/, `<$1Object>${bare}</$1Object></$1Signature>`);
        return xml.replace(signed, () => evilOf(xml, carried));
      },
      // Two of one id.
      (xml, signed) =>
        xml.replace(signed, () => evilOf(xml).replace('_evil', /ID="([^"]+)"/.exec(signed)?.[1] ?? '') + signed),
    ];
    for (const wrap of wrappings) {
      saml.alter = (xml) => wrap(xml, ASSERTION.exec(xml)?.[0] ?? '');
      const { email } = await person();
      const { browser } = await signIn(email);
      const isIn = browser.cookies.has(SESSION);
      // Whatever comes of it, nobody is somebody else.
      expect(isIn ? await emailIn(cluster.first, browser) : null).not.toBe(victim.email);
      expect(isIn).toBe(false);
    }
  });

  it('with a comment in an address, or with entities of its own', async () => {
    const { email } = await person();
    const said = { email: `${email}<!-- -->.evil.example`, subject: 's' };
    expect((await signIn(email, said)).browser.cookies.has(SESSION)).toBe(false);
    await expectNothing({}, (xml) => `<!DOCTYPE x [<!ENTITY a "b">]>${xml}`);
  });

  it.each([
    ['elements', (xml: string) => xml.replace('</saml:Assertion>', `${'<a/>'.repeat(9_000)}</saml:Assertion>`)],
    ['attributes', (xml: string) => xml.replace('</saml:Assertion>', `<a ${manyAttributes}/></saml:Assertion>`)],
  ])('of very many %s, nor does it hold up who else is there', async (_what, alter) => {
    const { email } = await person();
    const browser = browserAt(cluster.first);
    saml.alter = alter;
    const sending = send(browser, await answerFor(browser, { subject: email, email }));
    const waits: number[] = [];
    let isSent = false;
    void sending.finally(() => (isSent = true)).catch(() => {});
    while (!isSent && waits.length < 1_000) {
      const from = performance.now();
      await (await fetch(`${cluster.first.url}/healthz`)).text();
      waits.push(performance.now() - from);
    }
    expect([(await sending).status, browser.cookies.has(SESSION)]).toEqual([403, false]);
    expect(Math.max(...waits)).toBeLessThan(500);
  });

  it('twice, on any process, or in another browser', async () => {
    const { email } = await person();
    const browser = browserAt(cluster.first);
    const form = await answerFor(browser, { subject: email, email });
    const copy = browserAt(cluster.last);
    for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
    const stranger = browserAt(cluster.first);
    expect((await send(stranger, form)).status).toBe(400);
    expect(stranger.cookies.has(SESSION)).toBe(false);
    await send(browser, form);
    expect(browser.cookies.has(SESSION)).toBe(true);
    expect((await send(copy, form)).status).toBe(400);
    expect(copy.cookies.has(SESSION)).toBe(false);
    // Put into another sign-in of the same browser it was made for another request.
    const later = browserAt(cluster.first);
    const fresh = await answerFor(later, { subject: email, email });
    const { status } = await send(later, {
      ...fresh,
      fields: { ...fresh.fields, SAMLResponse: form.fields.SAMLResponse ?? '' },
    });
    expect([status, later.cookies.has(SESSION)]).toEqual([403, false]);
  });

  it('at the place of another company, or of OpenID Connect', async () => {
    const another = await World.found(cluster.parts, cluster.issuer);
    const { email } = await person();
    const browser = browserAt(cluster.first);
    const { fields } = await answerFor(browser, { subject: email, email });
    const action = `${PUBLIC_URL}/auth/saml/${another.companyId}/acs`;
    expect((await send(browser, { action, fields })).status).toBe(400);
    const query = new URLSearchParams({ state: fields.RelayState ?? '', code: 'x' });
    const { response } = await browser.open(`${PUBLIC_URL}/auth/sso/${world.companyId}/callback?${query}`);
    expect([response.status, browser.cookies.has(SESSION)]).toEqual([400, false]);
  });
});

describe('a form', () => {
  it('that is none of a provider is not put into a page', async () => {
    const action = `${PUBLIC_URL}/auth/saml/${world.companyId}/acs`;
    for (const fields of [
      {},
      { SAMLResponse: '"><script>1</script>', RelayState: 'x' },
      { SAMLResponse: 'AAAA', RelayState: '"><script>' },
      { SAMLResponse: 'A'.repeat(300_000), RelayState: 'x' },
    ] as Record<string, string>[]) {
      const { response } = await browserAt(cluster.first).open(action, fields);
      expect([400, 413]).toContain(response.status);
      expect(await response.text()).not.toContain('<script');
    }
  });
});

describe('a provider', () => {
  const codeOf = async (fields: object) => {
    const input = { issuer: saml.entityId, signInUrl: saml.signInUrl, certificates: saml.certificate, ...fields };
    const document =
      'mutation ($input: SaveSamlProviderInput!) { saveSamlProvider(input: $input) { userErrors { code } } }';
    return (
      (await get(cluster.first, world.admin.caller, document, { input })).saveSamlProvider.userErrors[0]?.code ?? null
    );
  };

  it('has a name, a place and certificates', async () => {
    expect(await codeOf({ issuer: '' })).toBe('ISSUER');
    for (const signInUrl of ['', 'javascript:alert(1)', 'ftp://x.example', 'http://user:pass@x.example'])
      expect([signInUrl, await codeOf({ signInUrl })]).toEqual([signInUrl, 'SIGN_IN_URL']);
    const broken = saml.certificate.replace(/[A-Za-z0-9+/]{40}/, 'A'.repeat(40));
    // Its signatures are not among those that are good here.
    const { cert: elliptic } = await generate([{ name: 'commonName', value: 'x' }], { keyType: 'ec' });
    const { cert: short } = await generate([{ name: 'commonName', value: 'x' }], { keySize: 1_024 });
    for (const certificates of ['', 'nothing', broken, elliptic, short, `${saml.certificate}\n`.repeat(5)])
      expect(await codeOf({ certificates })).toBe('CERTIFICATES');
    expect(await codeOf({})).toBe(null);
  });

  it('with certificates by which nobody has come is a duty for nobody', async () => {
    const { email } = await person();
    const { browser } = await signIn(email);
    await change(cluster.first, callerIn(browser), 'setSsoEnforced', { isEnforced: true });
    const isDuty = async () =>
      (await get(cluster.first, callerIn(browser), '{ singleSignOn { provider { isEnforced } } }')).singleSignOn
        .provider.isEnforced;
    const { cert: another } = await generate([{ name: 'commonName', value: 'x' }], { keySize: 2048 });
    await save(`${saml.certificate}\n${another}`);
    expect(await isDuty()).toBe(true);
    await save(another);
    expect(await isDuty()).toBe(true);
    await save(saml.certificate);
    expect(await isDuty()).toBe(false);
  });

  it('of the one protocol takes the place of one of the other', async () => {
    const { email } = await person();
    const { browser } = await signIn(email);
    await giveProvider(cluster.first, world.admin.caller, oidc);
    expect((await ask(cluster.first, callerIn(browser), '{ workspaces { id } }')).errors[0]?.extensions.reason).toBe(
      'SESSION_ENDED',
    );
    const { singleSignOn } = await get(
      cluster.first,
      world.admin.caller,
      '{ singleSignOn { provider { protocol certificates clientId } } }',
    );
    expect(singleSignOn.provider).toEqual({ protocol: 'OIDC', certificates: null, clientId: 'test-browser' });
  });
});
