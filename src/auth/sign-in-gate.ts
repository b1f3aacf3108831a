import type { Orm } from '../entities/orm.js';
import { marks } from '../entities/row-filter.js';
import { selectRows } from '../entities/rows.js';
import { SsoDomain, SsoProvider } from '../entities/single-sign-on.js';
import { run } from '../entities/statements.js';
import { forbidden, sessionEnded } from '../errors.js';

/** By which sign-in a member may come into a company. */
export interface SignInGate {
  /** The company's own issuer; null where it has none. */
  readonly providerId: string | null;
  /** Whether the company has proven the domain of the member's address: its issuer speaks for them. */
  readonly isProven: boolean;
  /** Whether they may come by that issuer alone. */
  readonly isEnforced: boolean;
}

const OPEN: SignInGate = { providerId: null, isProven: false, isEnforced: false };

/** The domain of an address, as proofs have it. */
export const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1);

/** The gates of these people in one company, by their users' ids. Of a company without an issuer it is one question. */
export async function readGates(
  orm: Orm,
  companyId: string,
  userIds: readonly string[],
): Promise<(userId: string) => SignInGate> {
  const source = { orm, companyId };
  const [provider] = await selectRows(source, SsoProvider, 'id <> ? limit 1', [''], ['id', 'isEnforced']);
  if (!provider || userIds.length === 0) return () => OPEN;
  const [domains, { rows }] = await Promise.all([
    selectRows(source, SsoDomain, 'proven_domain is not null', [], ['domain']),
    run(orm.em, `select id, email from users where id in (${marks(userIds.length)})`, userIds),
  ]);
  const proven = new Set(domains.map(({ domain }) => domain));
  const isProven = new Map(rows.map(({ id, email }) => [String(id), proven.has(domainOf(String(email)))]));
  return (userId) => {
    const is = isProven.get(userId) ?? false;
    return { providerId: provider.id, isProven: is, isEnforced: is && provider.isEnforced };
  };
}

/** The gate of one person. */
export const readGate = async (orm: Orm, companyId: string, userId: string): Promise<SignInGate> =>
  (await readGates(orm, companyId, [userId]))(userId);

/**
 * Throws SSO_REQUIRED for who has come by another sign-in than the one that the company insists on, and SESSION_ENDED for who
 * came by an issuer that the company does not have any more, or that does not speak for them any more.
 */
export function expectSignIn(gate: SignInGate, sso: string | undefined): void {
  if (sso === undefined && gate.isEnforced)
    throw forbidden('SSO_REQUIRED', "Here you come in by the company's own sign-in: /auth/login?sso=COMPANY.");
  if (sso !== undefined && (sso !== gate.providerId || !gate.isProven)) throw sessionEnded();
}
