import { Member } from '../entities/member.js';
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
  /** In ms since 1970: sessions by the company's issuer that began before are over. */
  readonly since: number;
}

const OPEN: SignInGate = { providerId: null, isProven: false, isEnforced: false, since: 0 };

/** The domain of an address, as proofs have it. */
export const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1);

/** The gates of these people in one company, by their users' ids. Of a company without an issuer it is one question. */
export async function readGates(
  orm: Orm,
  companyId: string,
  userIds: readonly string[],
): Promise<(userId: string) => SignInGate> {
  const source = { orm, companyId };
  const [provider] = await selectRows(source, SsoProvider, 'id <> ? limit 1', [''], { columns: ['id', 'isEnforced'] });
  if (!provider || userIds.length === 0) return () => OPEN;
  const among = marks(userIds.length);
  const [domains, members, { rows }] = await Promise.all([
    selectRows(source, SsoDomain, 'proven_domain is not null', [], { columns: ['domain', 'verifiedAt'] }),
    selectRows(source, Member, `user_id in (${among})`, userIds, { columns: ['user', 'readmittedAt'] }),
    run(orm.em, `select id, email from users where id in (${among})`, userIds),
  ]);
  const proven = new Map(domains.map(({ domain, verifiedAt }) => [domain, verifiedAt?.getTime() ?? 0]));
  const readmitted = new Map(members.map(({ user, readmittedAt }) => [user.id, readmittedAt?.getTime() ?? 0]));
  const provenSince = new Map(rows.map(({ id, email }) => [String(id), proven.get(domainOf(String(email)))]));
  return (userId) => {
    const proof = provenSince.get(userId);
    const isProven = proof !== undefined;
    const since = Math.max(proof ?? 0, readmitted.get(userId) ?? 0);
    return { providerId: provider.id, isProven, isEnforced: isProven && provider.isEnforced, since };
  };
}

/** The gate of one person. */
export const readGate = async (orm: Orm, companyId: string, userId: string): Promise<SignInGate> =>
  (await readGates(orm, companyId, [userId]))(userId);

/**
 * Throws SSO_REQUIRED for who has come by another sign-in than the one that the company insists on, and SESSION_ENDED for who
 * came by an issuer that the company does not have any more, that does not speak for them any more, or before they or their
 * domain were taken back; `startedAt` is when they came, in ms since 1970, where that is known.
 */
export function expectSignIn(gate: SignInGate, sso: string | undefined, startedAt = Number.POSITIVE_INFINITY): void {
  if (sso === undefined && gate.isEnforced)
    throw forbidden('SSO_REQUIRED', "Here you come in by the company's own sign-in: /auth/login?sso=COMPANY.");
  const isOver = sso !== gate.providerId || !gate.isProven || startedAt < gate.since;
  if (sso !== undefined && isOver) throw sessionEnded();
}
