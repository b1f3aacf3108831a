import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IdentityProvider, ServiceProvider, setSchemaValidator } from 'samlify';
import { generate } from 'selfsigned';

/** What an assertion says; a test makes it a bad one by what it changes. */
export interface Said {
  subject: string;
  format: string;
  email: string;
  issuer: string;
  audience: string;
  recipient: string;
  /** Empty for an assertion that nobody has asked for. */
  inResponseTo: string;
  notOnOrAfter: string;
  method: string;
  groups: readonly string[];
  /** Of the confirmation; empty for none. */
  notBefore: string;
  issued: string;
  /** When the session is to end; empty where that is left to us. */
  sessionEnd: string;
}

/** A SAML identity provider, that of `samlify`, which asks its people nothing and says whatever a test needs. */
export interface SamlProvider {
  entityId: string;
  signInUrl: string;
  certificate: string;
  /** Who signs in next. */
  next: Partial<Said>;
  /** What becomes of the signed response on its way. */
  alter: (xml: string) => string;
  /** By what it signs; one that is good, unless a test says another. */
  algorithm: string;
  /** What it makes of the text before. */
  transforms: string[];
  /** Signs with another key from now on, and answers its certificate. */
  rotate(): Promise<string>;
  /** The responses that it has given, as XML. */
  readonly given: string[];
  stop(): Promise<void>;
}

// Whether it is valid by the schema is for our own side to judge.
setSchemaValidator({ validate: async () => 'valid' });

const SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const TRANSFORMS = ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'];
const newPair = () => generate([{ name: 'commonName', value: 'A provider of the tests' }], { keySize: 2_048 });

/** `metadata` is asked for as the provider's administrator would have it read. */
export async function startSamlProvider(metadata: () => Promise<string>): Promise<SamlProvider> {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [entityId, signInUrl] = [`${origin}/entity`, `${origin}/sso`];
  let { cert, private: key } = await newPair();
  const given: string[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sp = ServiceProvider({ metadata: await metadata(), transformationAlgorithms: saml.transforms });
    const idp = IdentityProvider({
      entityID: entityId,
      privateKey: key,
      signingCert: cert,
      requestSignatureAlgorithm: saml.algorithm,
      singleSignOnService: [{ Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', Location: signInUrl }],
      singleLogoutService: [
        { Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', Location: `${origin}/end` },
      ],
      wantAuthnRequestsSigned: false,
    });
    const url = new URL(request.url ?? '/', origin);
    const query = Object.fromEntries(url.searchParams);
    const { extract } = await idp.parseLoginRequest(sp, 'redirect', { query });
    const requestId = String(extract.request?.id);
    const acs = String(sp.entityMeta.getAssertionConsumerService('post'));
    const said: Said = {
      subject: 'nobody',
      format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
      email: 'nobody@example.com',
      issuer: entityId,
      audience: String(sp.entityMeta.getEntityID()),
      recipient: acs,
      inResponseTo: requestId,
      notOnOrAfter: new Date(Date.now() + 300_000).toISOString(),
      method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer',
      groups: [],
      notBefore: '',
      issued: new Date().toISOString(),
      sessionEnd: '',
      ...saml.next,
    };
    const made = await idp.createLoginResponse(sp, { extract }, 'post', {}, () => ({
      id: `_${randomUUID()}`,
      context: responseXml(said, requestId, acs),
    }));
    const xml = saml.alter(Buffer.from((made as { context: string }).context, 'base64').toString());
    given.push(xml);
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<form method="post" action="${acs}">
      <input name="SAMLResponse" value="${Buffer.from(xml).toString('base64')}">
      <input name="RelayState" value="${query.RelayState}"></form>`);
  }

  const saml: SamlProvider = {
    entityId,
    signInUrl,
    certificate: cert,
    next: {},
    alter: (xml) => xml,
    algorithm: SHA256,
    transforms: TRANSFORMS,
    given,
    async rotate() {
      ({ cert, private: key } = await newPair());
      return cert;
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return saml;
}

function responseXml(said: Said, requestId: string, destination: string): string {
  const now = new Date().toISOString();
  const ofRequest = said.inResponseTo && ` InResponseTo="${said.inResponseTo}"`;
  const notBefore = said.notBefore && ` NotBefore="${said.notBefore}"`;
  const sessionEnd = said.sessionEnd && ` SessionNotOnOrAfter="${said.sessionEnd}"`;
  const groups = said.groups.map((group) => `<saml:AttributeValue>${group}</saml:AttributeValue>`).join('');
  const ofGroups = groups && `<saml:Attribute Name="groups">${groups}</saml:Attribute>`;
  return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${randomUUID()}" Version="2.0" IssueInstant="${now}" Destination="${destination}" InResponseTo="${requestId}"><saml:Issuer>${said.issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_${randomUUID()}" Version="2.0" IssueInstant="${said.issued}"><saml:Issuer>${said.issuer}</saml:Issuer><saml:Subject><saml:NameID Format="${said.format}">${said.subject}</saml:NameID><saml:SubjectConfirmation Method="${said.method}"><saml:SubjectConfirmationData NotOnOrAfter="${said.notOnOrAfter}" Recipient="${said.recipient}"${ofRequest}${notBefore}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotOnOrAfter="${said.notOnOrAfter}"><saml:AudienceRestriction><saml:Audience>${said.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${now}"${sessionEnd}><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue>${said.email}</saml:AttributeValue></saml:Attribute>${ofGroups}</saml:AttributeStatement></saml:Assertion></samlp:Response>`;
}
