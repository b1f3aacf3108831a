import { randomUUID } from 'node:crypto';
import { IdentityProvider, ServiceProvider, setSchemaValidator } from 'samlify';
import { generate } from 'selfsigned';
import type { SamlIssuer, SamlService } from '../../src/auth/saml.js';

setSchemaValidator({ validate: async () => 'not looked at here' });

/** What an answer says; every part can be another one for a test. */
export interface Said {
  issuer: string;
  audience: string;
  recipient: string;
  inResponseTo: string;
  subject: string;
  format: string;
  email: string;
  name: string;
  /** In seconds from now. */
  notBefore: number;
  notOnOrAfter: number;
  confirmedUntil: number;
  method: string;
}

const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

/** A company's identity provider that speaks SAML 2.0: samlify signs, and what it signs is the test's. */
export class SamlProvider {
  readonly entityId = `https://saml-${randomUUID()}.example.com/metadata`;
  readonly signInUrl = 'https://saml.example.com/sign-in';

  private constructor(
    readonly certificate: string,
    readonly key: string,
  ) {}

  static async make(): Promise<SamlProvider> {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'SAML provider' }], { keySize: 2048 });
    return new SamlProvider(cert, key);
  }

  get issuer(): SamlIssuer {
    return { entityId: this.entityId, signInUrl: this.signInUrl, certificates: [this.certificate] };
  }

  /** An answer as a browser posts it, its assertion signed. */
  async respond(
    service: SamlService,
    said: Partial<Said> & Pick<Said, 'inResponseTo'>,
    {
      signatureAlgorithm = RSA_SHA256,
      signs = 'assertion',
    }: { signatureAlgorithm?: string; signs?: 'assertion' | 'response' } = {},
  ): Promise<string> {
    const provider = IdentityProvider({
      entityID: this.entityId,
      privateKey: this.key,
      signingCert: this.certificate,
      requestSignatureAlgorithm: signatureAlgorithm,
      singleSignOnService: [
        { Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', Location: this.signInUrl },
      ],
    });
    const consumer = ServiceProvider({
      entityID: service.entityId,
      wantAssertionsSigned: signs === 'assertion',
      wantMessageSigned: signs === 'response',
      assertionConsumerService: [
        { Binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST', Location: service.consumerUrl },
      ],
    });
    const context = this.#xml(service, said);
    const { context: answer } = await provider.createLoginResponse(consumer, {} as never, 'post', {}, () => ({
      id: 'response',
      context,
    }));
    return String(answer);
  }

  #xml(service: SamlService, given: Partial<Said> & Pick<Said, 'inResponseTo'>): string {
    const said: Said = {
      issuer: this.entityId,
      audience: service.entityId,
      recipient: service.consumerUrl,
      subject: 'person-1',
      format: PERSISTENT,
      email: 'person@example.com',
      name: 'A Person',
      notBefore: -10,
      notOnOrAfter: 120,
      confirmedUntil: 120,
      method: BEARER,
      ...given,
    };
    return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${randomUUID()}" Version="2.0" IssueInstant="${at(0)}" Destination="${said.recipient}" InResponseTo="${said.inResponseTo}"><saml:Issuer>${said.issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_${randomUUID()}" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${said.issuer}</saml:Issuer><saml:Subject><saml:NameID Format="${said.format}">${said.subject}</saml:NameID><saml:SubjectConfirmation Method="${said.method}"><saml:SubjectConfirmationData NotOnOrAfter="${at(said.confirmedUntil)}" Recipient="${said.recipient}" InResponseTo="${said.inResponseTo}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${at(said.notBefore)}" NotOnOrAfter="${at(said.notOnOrAfter)}"><saml:AudienceRestriction><saml:Audience>${said.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${at(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue>${said.email}</saml:AttributeValue></saml:Attribute><saml:Attribute Name="displayName"><saml:AttributeValue>${said.name}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>`;
  }
}
