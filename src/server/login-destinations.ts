import type { Issuer } from '../auth/issuer.js';
import { findCompanyOfAddress } from '../domain/sso-sign-in.js';
import type { Parts } from '../domain/unit-of-work.js';
import { prefixOf } from '../schema/ids.js';
import { ADDRESS_LENGTH } from '../schema/texts.js';
import { type CompanyClient, CompanyClients } from './company-clients.js';
import { IssuerClient } from './issuer-client.js';
import type { LoginAttempt } from './login-attempt.js';
import { LoginRefusal } from './login-refusal.js';
import type { SignInClient } from './sign-in-client.js';

/** How a sign-in, and the session that came of it, says where it was. */
export type Whereabouts = Pick<LoginAttempt, 'issuer' | 'sso'>;

export interface DestinationOptions {
  readonly parts: Parts;
  readonly issuers: readonly Issuer[];
  readonly publicUrl: string;
  /** Whether this is the first to spend what is good once. */
  spend(what: string, ms: number): Promise<boolean>;
}

/** Where the browser comes back to from the operator's issuers. */
export const CALLBACK = '/auth/callback';
/** How the session of a company's own issuer calls it: no name of the operator's issuers has a capital. */
const SSO = 'SSO';

/** Where one can sign in: at the operator's issuers, and at the companies' own. */
export class LoginDestinations {
  readonly #clients: ReadonlyMap<string, IssuerClient>;
  readonly #companies: CompanyClients;

  constructor(readonly options: DestinationOptions) {
    const { issuers, publicUrl } = options;
    this.#companies = new CompanyClients(options);
    this.#clients = new Map(
      issuers.flatMap((issuer) => {
        const { name, client } = issuer.trusted;
        return name && client ? [[name, new IssuerClient(issuer, publicUrl + CALLBACK)]] : [];
      }),
    );
  }

  /** The operator's issuers. */
  get names(): string[] {
    return [...this.#clients.keys()];
  }

  /** A company's own issuer for who names the company, or an address of it; else one of the operator's. Throws LoginRefusal. */
  async choose(searchParams: URLSearchParams): Promise<{ client: SignInClient } & Whereabouts> {
    const [companyId, email] = [searchParams.get('sso'), searchParams.get('email')];
    if (companyId !== null) {
      const found = await this.#findCompany(companyId);
      if (!found) throw new LoginRefusal(404, 'There is no such sign-in.');
      return whereOf(found);
    }
    const isAddress = email !== null && email.length <= ADDRESS_LENGTH;
    const owner = isAddress ? await findCompanyOfAddress(this.options.parts.orm, email) : null;
    const found = owner && (await this.#findCompany(owner));
    if (found) return whereOf(found);
    const issuer = searchParams.get('issuer') ?? this.#onlyName();
    const client = this.#clients.get(issuer);
    if (!client) throw new LoginRefusal(400, `Choose an issuer: ${this.#choices()}.`);
    return { client, issuer };
  }

  /** A company's issuer is the one that it was when the sign-in, or the session, began; otherwise there is none. */
  async clientOf({ issuer, sso }: Whereabouts): Promise<SignInClient | undefined> {
    if (!sso) return this.#clients.get(issuer);
    const found = await this.#companies.find(sso.companyId);
    return found?.providerId === sso.providerId ? found.client : undefined;
  }

  async #findCompany(companyId: string): Promise<CompanyClient | null> {
    return prefixOf(companyId) === 'company' ? this.#companies.find(companyId) : null;
  }

  /** Where there is one issuer, nobody has to name it. */
  #onlyName(): string {
    return this.#clients.size === 1 ? (this.names[0] ?? '') : '';
  }

  #choices(): string {
    return this.names.map((name) => `/auth/login?issuer=${name}`).join(', ') || 'there is none here';
  }
}

const whereOf = ({ client, companyId, providerId }: CompanyClient) => ({
  client,
  issuer: SSO,
  sso: { companyId, providerId },
});
