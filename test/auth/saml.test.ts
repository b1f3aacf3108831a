import { beforeAll, describe, expect, it } from '@jest/globals';
import { SamlClient, type SamlService } from '../../src/auth/saml.js';
import { type Said, SamlProvider } from '../harness/saml-provider.js';

const service: SamlService = {
  entityId: 'https://work.example.com/auth/saml/company_1/metadata',
  consumerUrl: 'https://work.example.com/auth/saml/company_1',
};
const REQUEST = '_request-1';

let provider: SamlProvider;
let client: SamlClient;
beforeAll(async () => {
  provider = await SamlProvider.make();
  client = new SamlClient(provider.issuer, service);
});

const respond = (said: Partial<Said> = {}, options = {}) =>
  provider.respond(service, { inResponseTo: REQUEST, ...said }, options);
const xmlOf = (answer: string) => Buffer.from(answer, 'base64').toString('utf8');
const answerOf = (xml: string) => Buffer.from(xml).toString('base64');
const outcomeOf = (answer: string, of = client) =>
  of.introduce(answer).then(
    () => 'good',
    ({ reason, cause }: { reason: string; cause: Error }) => `${reason} ${cause.message}`,
  );

it('asks by redirect, and what it asks is known again by its id', async () => {
  const url = await client.authorizationUrl(REQUEST, 'state-1');
  expect(url.origin + url.pathname).toBe(provider.signInUrl);
  expect(url.searchParams.get('RelayState')).toBe('state-1');
  const { inflateRawSync } = await import('node:zlib');
  const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
  expect(xml).toContain(`ID="${REQUEST}"`);
  expect(xml).toContain(`AssertionConsumerServiceURL="${service.consumerUrl}"`);
  expect(xml).toContain(`>${service.entityId}<`);
});

it('tells an administrator what their provider wants to know', () => {
  const metadata = client.metadata();
  expect(metadata).toContain(`entityID="${service.entityId}"`);
  expect(metadata).toContain(`Location="${service.consumerUrl}"`);
  expect(metadata).toContain('WantAssertionsSigned="true"');
});

it('introduces whom a signed assertion names, for one request', async () => {
  const assertion = await client.introduce(await respond());
  expect(assertion).toEqual({
    id: expect.stringMatching(/^_/),
    subject: 'person-1',
    email: 'person@example.com',
    name: 'A Person',
    inResponseTo: REQUEST,
    validUntil: expect.any(Date),
  });
});

it('takes an address from the name itself where that is one, and none from what is no address', async () => {
  const format = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
  expect(await client.introduce(await respond({ format, subject: 'A@Example.com', email: '' }))).toMatchObject({
    email: 'a@example.com',
  });
  expect(await client.introduce(await respond({ email: 'no address' }))).toMatchObject({ email: null });
});

describe('an assertion is refused', () => {
  it.each<[string, Partial<Said>, RegExp]>([
    ['for another audience', { audience: 'https://work.example.com/auth/saml/company_2/metadata' }, /audience/],
    ['for another place', { recipient: 'https://other.example.com/auth/saml' }, /another place/],
    ['of another issuer', { issuer: 'https://evil.example.com' }, /another issuer/],
    ['that is over', { notOnOrAfter: -120 }, /expired/],
    ['that has not begun', { notBefore: 120 }, /not yet valid/],
    ['whose confirmation is over', { confirmedUntil: -120 }, /another time/],
    ['that answers no request', { inResponseTo: '' }, /no request/],
    ["that is no bearer's", { method: 'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches' }, /another place/],
    ['that names nobody', { subject: '' }, /nobody/],
    [
      'that names somebody for this once',
      { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' },
      /for this once/,
    ],
  ])('%s', async (_what, said, why) => {
    const outcome = await outcomeOf(await respond(said));
    expect(outcome).toMatch(/^ASSERTION_INVALID/);
    expect(outcome).toMatch(why);
  });

  it('that is not signed, also where all around it is', async () => {
    const xml = xmlOf(await respond());
    const bare = xml.replace(/<ds:Signature.*<\/ds:Signature>/s, '');
    expect(await outcomeOf(answerOf(bare))).toMatch(/ASSERTION_INVALID Invalid signature/);
    const around = await respond({}, { signs: 'response' });
    expect(xmlOf(around)).toContain('Signature');
    expect(await outcomeOf(around)).toMatch(/ASSERTION_INVALID/);
  });

  it('that was altered, or is signed by another key', async () => {
    const xml = xmlOf(await respond());
    expect(await outcomeOf(answerOf(xml.replace('person-1', 'person-2')))).toMatch(/ASSERTION_INVALID/);
    const stranger = await SamlProvider.make();
    const forged = await stranger.respond(service, { inResponseTo: REQUEST, issuer: provider.entityId });
    expect(await outcomeOf(forged)).toMatch(/ASSERTION_INVALID/);
    // The key that it brings along is nobody's word.
    expect(xmlOf(forged)).toContain('X509Certificate');
  });

  it.each([['SHA-1', 'http://www.w3.org/2000/09/xmldsig#rsa-sha1']])(
    'that is signed with %s',
    async (_what, signatureAlgorithm) => {
      expect(await outcomeOf(await respond({}, { signatureAlgorithm }))).toMatch(/algorithm/);
    },
  );

  it('whose method of signing is another one: an HMAC with what everybody knows, or none', async () => {
    const xml = xmlOf(await respond());
    for (const method of [
      'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
      'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256',
      '',
    ])
      expect(await outcomeOf(answerOf(xml.replace(/(SignatureMethod Algorithm=")[^"]*/, `$1${method}`)))).toMatch(
        /algorithm/,
      );
  });

  it('with declarations, entities, or too much of anything', async () => {
    const xml = xmlOf(await respond());
    const declared = `<!DOCTYPE x [<!ENTITY a "b">]>${xml}`;
    expect(await outcomeOf(answerOf(declared))).toMatch(/declarations/);
    expect(await outcomeOf(answerOf(`${xml}${' '.repeat(300_000)}`))).toMatch(/too long/);
    for (const nonsense of ['', 'x', '<', answerOf('<a/>'), answerOf('{}')])
      expect(await outcomeOf(nonsense)).toMatch(/^ASSERTION_INVALID/);
  });
});

describe('signature wrapping: the signed assertion is there, and another one is to be read', () => {
  const evilOf = (assertion: string) =>
    assertion
      .replace(/<ds:Signature.*<\/ds:Signature>/s, '')
      .replace('person-1', 'administrator')
      .replace(/ ID="[^"]*"/, ' ID="_evil"');
  const parts = async () => {
    const xml = xmlOf(await respond());
    const assertion = /<saml:Assertion .*<\/saml:Assertion>/s.exec(xml)?.[0] ?? '';
    const signature = /<ds:Signature.*<\/ds:Signature>/s.exec(xml)?.[0] ?? '';
    return { xml, assertion, signature };
  };

  it.each<[string, (parts: { xml: string; assertion: string; signature: string }) => string]>([
    ['before the signed one', ({ xml, assertion }) => xml.replace(assertion, evilOf(assertion) + assertion)],
    ['behind it', ({ xml, assertion }) => xml.replace(assertion, assertion + evilOf(assertion))],
    [
      'around it, in the extensions of the answer',
      ({ xml, assertion }) =>
        xml.replace(assertion, `<samlp:Extensions>${assertion}</samlp:Extensions>${evilOf(assertion)}`),
    ],
    [
      'around it, in an object of its signature',
      ({ xml, assertion, signature }) => {
        const wrapped = signature.replace(
          '</ds:Signature>',
          `<ds:Object>${assertion.replace(signature, '')}</ds:Object></ds:Signature>`,
        );
        return xml.replace(assertion, evilOf(assertion).replace('</saml:Issuer>', `</saml:Issuer>${wrapped}`));
      },
    ],
    [
      'with the same id',
      ({ xml, assertion }) => {
        const id = / ID="([^"]*)"/.exec(assertion)?.[1] ?? '';
        const evil = evilOf(assertion).replace('_evil', id);
        return xml.replace(assertion, `${evil}<samlp:Extensions>${assertion}</samlp:Extensions>`);
      },
    ],
    [
      'in an answer of its own, around the signed one',
      ({ xml, assertion }) =>
        xml
          .replace('<samlp:Status>', `<samlp:Extensions>${xml}</samlp:Extensions><samlp:Status>`)
          .replace(
            new RegExp(`${assertion.slice(0, 40)}(?!.*${assertion.slice(0, 40)}).*</saml:Assertion>`, 's'),
            evilOf(assertion),
          ),
    ],
  ])('%s', async (_where, wrap) => {
    const wrapped = wrap(await parts());
    expect(wrapped).toContain('administrator');
    const outcome = await client.introduce(answerOf(wrapped)).then(
      ({ subject }) => subject,
      ({ reason }: { reason: string }) => reason,
    );
    expect(['ASSERTION_INVALID', 'person-1']).toContain(outcome);
    expect(outcome).toBe('ASSERTION_INVALID');
  });

  it('a comment inside the name does not cut it', async () => {
    const xml = xmlOf(await respond({ subject: 'admin@example.com.evil.example' }));
    const cut = xml.replace('admin@example.com.evil', 'admin@example.com<!---->.evil');
    const outcome = await client.introduce(answerOf(cut)).then(
      ({ subject }) => subject,
      ({ reason }: { reason: string }) => reason,
    );
    expect(outcome).not.toBe('admin@example.com');
  });
});
