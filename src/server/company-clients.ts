import { LRUCache } from 'lru-cache';
import { Issuer } from '../auth/issuer.js';
import { certificatesIn } from '../domain/saml-providers.js';
import { findProvider, secretOf, trustedOf } from '../domain/sso-providers.js';
import type { Parts } from '../domain/unit-of-work.js';
import type { Row } from '../entities/rows.js';
import type { SsoProvider } from '../entities/single-sign-on.js';
import { callbackPathOf, samlPathsOf } from '../schema/sign-in-paths.js';
import { IssuerClient } from './issuer-client.js';
import { SamlClient } from './saml-client.js';
import type { SignInClient } from './sign-in-client.js';

/** Our client at a company's own issuer. */
export interface CompanyClient {
  readonly companyId: string;
  readonly providerId: string;
  readonly client: SignInClient;
}

interface Options {
  readonly parts: Parts;
  readonly publicUrl: string;
  spend(what: string, ms: number): Promise<boolean>;
}

/** So many issuers' metadata and keys are kept: a customer can make as many as they like. */
const KNOWN = 200;
const USE = { purpose: 'sso.sign-in', actorId: null, entryPoint: 'NOBODY' } as const;

/** Our clients at the companies' own issuers, which their administrators name. */
export class CompanyClients {
  readonly #issuers = new LRUCache<string, Issuer>({ max: KNOWN });

  constructor(readonly options: Options) {}

  /** As the company's issuer is now; null where it has none, or there is no such company. */
  async find(companyId: string): Promise<CompanyClient | null> {
    const provider = await findProvider(this.options.parts, companyId);
    if (!provider) return null;
    const client = provider.protocol === 'SAML' ? this.#saml(provider) : this.#oidc(provider);
    return { companyId, providerId: provider.id, client };
  }

  #oidc(provider: Row<SsoProvider>): SignInClient {
    const { parts, publicUrl } = this.options;
    const issuer = this.#issuers.get(provider.id) ?? new Issuer(trustedOf(provider), parts.outbound.fetch);
    this.#issuers.set(provider.id, issuer);
    const redirectUri = publicUrl + callbackPathOf(provider.companyId);
    return new IssuerClient(issuer, redirectUri, () => secretOf(parts, provider, USE));
  }

  #saml({ id, companyId, issuer, signInUrl, certificates }: Row<SsoProvider>): SignInClient {
    const { publicUrl, spend } = this.options;
    const described = { id, issuer, signInUrl: signInUrl ?? '', certificates: certificatesIn(certificates ?? '') };
    const { metadata, callback } = samlPathsOf(companyId);
    return new SamlClient(described, publicUrl + metadata, publicUrl + callback, spend);
  }
}
