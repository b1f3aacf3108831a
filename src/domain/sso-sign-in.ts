import type { Identity } from '../auth/identity.js';
import { domainOf, readGate } from '../auth/sign-in-gate.js';
import { Member } from '../entities/member.js';
import type { Orm } from '../entities/orm.js';
import { findRow, findRows, insertRows, type Row } from '../entities/rows.js';
import { SsoIdentity, SsoProvider } from '../entities/single-sign-on.js';
import { run } from '../entities/statements.js';
import { User } from '../entities/user.js';
import { unauthenticated } from '../errors.js';
import { asciiDomain } from '../schema/address.js';
import { type Actor, type Parts, transact } from './unit-of-work.js';

/** A company's own issuer. */
interface Provider {
  readonly companyId: string;
  readonly providerId: string;
}

/** The company that has proven the domain of an address, or null. Whether there is such a person does not matter. */
export async function findCompanyOfAddress({ em }: Orm, email: string): Promise<string | null> {
  const domain = asciiDomain(domainOf(email));
  if (domain === null) return null;
  const { rows } = await run(em, 'select company_id from sso_domains where proven_domain = ?', [domain.slice(0, 253)]);
  return rows[0] ? String(rows[0].company_id) : null;
}

/**
 * The user whom a company's own issuer has let in: a member of that company whose address has a domain that the company has
 * proven. It finds people, and never makes a user or a membership. Throws UNAUTHENTICATED.
 */
export async function identifyBySso(parts: Parts, provider: Provider, identity: Identity): Promise<string> {
  const { orm } = parts;
  const { companyId, providerId } = provider;
  const { subject } = identity;
  const [known] = await findRows({ orm, companyId }, SsoIdentity, { provider: providerId, subject });
  const member = known
    ? await findRow({ orm, companyId }, Member, known.member.id)
    : await findByAddress(orm, companyId, identity.verifiedEmail);
  if (!member || member.deactivatedAt) throw notInDirectory();
  const userId = member.user.id;
  const gate = await readGate(orm, companyId, userId);
  // Also of somebody who is known: what the company has lost the proof of, its issuer does not speak for any more.
  if (gate.providerId !== providerId || !gate.isProven) throw notVerified();
  if (!known) await link(parts, provider, subject, member);
  return userId;
}

async function findByAddress(orm: Orm, companyId: string, email: string | null): Promise<Row<Member> | null> {
  // Asked first: of other people than its own a company's issuer learns nothing.
  if (!email || (await findCompanyOfAddress(orm, email)) !== companyId) throw notVerified();
  const [user] = await findRows({ orm }, User, { email });
  const [member] = user ? await findRows({ orm, companyId }, Member, { user: user.id }) : [];
  return member ?? null;
}

/** From now on this subject is that member, whatever its address becomes, and no other subject is. */
async function link(parts: Parts, provider: Provider, subject: string, member: Row<Member>): Promise<void> {
  const { companyId, providerId } = provider;
  const actor: Actor = { companyId, userId: member.user.id, actorId: member.id, entryPoint: 'MEMBER' };
  await transact(parts, actor, async ({ em, audit }) => {
    // Whose part has ended since leaves no subject behind: the company may have been made to forget them.
    const held = await findRow(em, Member, member.id, { lock: 'LOCK IN SHARE MODE' });
    if (!held || held.deactivatedAt) throw notInDirectory();
    if (!(await findRow(em, SsoProvider, providerId, { lock: 'LOCK IN SHARE MODE' }))) throw notVerified();
    const linked = await findRows(em, SsoIdentity, { provider: providerId, member: member.id });
    // Of two first sign-ins at once one finds the other's row.
    if (linked.some((one) => one.subject === subject)) return;
    if (linked.length > 0)
      throw unauthenticated('EMAIL_TAKEN', 'This address belongs to somebody who signs in in another way.');
    const row = { companyId, provider: { id: providerId }, subject, member: { id: member.id }, createdAt: new Date() };
    await insertRows(em, SsoIdentity, [row]);
    audit({ action: 'sso.linked', objectId: member.id, details: { providerId } });
  });
}

const notInDirectory = () =>
  unauthenticated('NOT_IN_DIRECTORY', 'Your company has not added you here: ask its administrators.');
const notVerified = () =>
  unauthenticated('EMAIL_NOT_VERIFIED', 'Your company has not proven the domain of your address.');
