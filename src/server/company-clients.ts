import { LRUCache } from 'lru-cache';
import { Issuer } from '../auth/issuer.js';
import { findProvider, secretOf, trustedOf } from '../domain/sso-providers.js';
import type { Parts } from '../domain/unit-of-work.js';
import { IssuerClient } from './issuer-client.js';

/** Our client at a company's own issuer. */
export interface CompanyClient {
  readonly companyId: string;
  readonly providerId: string;
  readonly client: IssuerClient;
}

/** So many issuers' metadata and keys are kept: a customer can make as many as they like. */
const KNOWN = 200;
const USE = { purpose: 'sso.sign-in', actorId: null, entryPoint: 'NOBODY' } as const;

/**
 * Where the browser comes back to from a company's own issuer: each has a path of its own, so that no issuer is given the
 * answer of another (RFC 9700, section 4.4).
 */
export const companyCallback = (companyId: string): string => `/auth/sso/${companyId}/callback`;

/** Our clients at the companies' own issuers, which their administrators name. */
export class CompanyClients {
  readonly #issuers = new LRUCache<string, Issuer>({ max: KNOWN });

  constructor(
    readonly parts: Parts,
    readonly publicUrl: string,
  ) {}

  /** As the company's issuer is now; null where it has none, or there is no such company. */
  async find(companyId: string): Promise<CompanyClient | null> {
    const provider = await findProvider(this.parts, companyId);
    if (!provider) return null;
    const findSecret = () => secretOf(this.parts, provider, USE);
    const redirectUri = this.publicUrl + companyCallback(companyId);
    const client = new IssuerClient(this.#issuerOf(provider), redirectUri, findSecret);
    return { companyId, providerId: provider.id, client };
  }

  #issuerOf(provider: Parameters<typeof trustedOf>[0] & { id: string }): Issuer {
    const issuer = this.#issuers.get(provider.id) ?? new Issuer(trustedOf(provider), this.parts.outbound.fetch);
    this.#issuers.set(provider.id, issuer);
    return issuer;
  }
}
