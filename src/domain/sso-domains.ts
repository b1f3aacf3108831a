import { LockMode } from '@mikro-orm/core';
import type { MemberViewer } from '../auth/viewer.js';
import { randomSecret } from '../crypto.js';
import type { EntityManager } from '../entities/orm.js';
import { findRow } from '../entities/rows.js';
import { SsoDomain } from '../entities/single-sign-on.js';
import { run } from '../entities/statements.js';
import { notFound, UserError } from '../errors.js';
import { asciiDomain } from '../schema/address.js';
import { expectId, newId } from '../schema/ids.js';
import { transactAs } from './actor.js';
import type { Done, Parts } from './unit-of-work.js';

/** Of one company; each is looked for in DNS once a day. */
const MOST = 50;
/** RFC 1035, section 2.3.4: 63 characters a label; the record's own label has to fit before it. */
const LENGTH = 230;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/** Where the record is that proves a domain. */
export const recordNameOf = (domain: string): string => `_aliteo-challenge.${domain}`;

/** Whether the record is there; null where the name servers do not say. */
export async function findProof({ outbound, log }: Parts, { domain, challenge }: Proving): Promise<boolean | null> {
  try {
    return (await outbound.findTexts(recordNameOf(domain))).some((text) => text.trim() === challenge);
  } catch (error) {
    log.warn({ domain, error: String(error) }, 'sso: the name servers do not answer');
    return null;
  }
}
type Proving = Pick<SsoDomain, 'domain' | 'challenge'>;

/** Says that a domain of addresses is the company's; a record in it proves that. */
export function claimDomain(parts: Parts, viewer: MemberViewer, given: string): Promise<Done<SsoDomain>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em } = work;
    const domain = expectDomain(given);
    const claimed = await em.find(SsoDomain, {});
    if (claimed.some((one) => one.domain === domain))
      throw new UserError('DOMAIN_CLAIMED', 'The company claims this domain already.', 'domain');
    if (claimed.length >= MOST) throw new UserError('TOO_MANY_DOMAINS', `A company claims ${MOST} domains at most.`);
    const { companyId } = viewer;
    const challenge = `aliteo-domain-verification=${randomSecret()}`;
    const claim = em.create(SsoDomain, { companyId, id: newId('domain'), domain, challenge });
    work.record({ type: 'sso.domainClaimed', objectId: claim.id, changes: { domain: [null, domain] } });
    return claim;
  });
}

/** Looks for the record, and takes the domain as proven when it is there. */
export async function verifyDomain(parts: Parts, viewer: MemberViewer, domainId: string): Promise<Done<SsoDomain>> {
  const id = expectId('domain', domainId);
  const claim = await findRow({ orm: parts.orm, companyId: viewer.companyId }, SsoDomain, id);
  if (!claim) throw notFound('domain');
  // Outside of the transaction, which would hold others up: what was found is of this moment either way.
  const isThere = await findProof(parts, claim);
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const domain = await holdDomain(work.em, id);
    if (isThere === null) throw new UserError('DNS_AWAY', 'The name servers do not answer: try again later.');
    if (!isThere)
      throw new UserError('DOMAIN_NOT_PROVEN', `There is no such TXT record at ${recordNameOf(domain.domain)} yet.`);
    await expectFree(work.em, domain);
    const { verifiedAt, failingSince } = domain;
    const now = new Date();
    Object.assign(domain, { checkedAt: now, failingSince: null, provenDomain: domain.domain });
    domain.verifiedAt ??= now;
    if (!verifiedAt)
      work.record({ type: 'sso.domainVerified', objectId: id, changes: { verifiedAt: [null, domain.verifiedAt] } });
    else if (failingSince)
      work.record({ type: 'sso.domainFound', objectId: id, changes: { failingSince: [failingSince, null] } });
    return domain;
  });
}

/** Takes a claim back; who came in by it is signed out of the company. */
export function releaseDomain(
  parts: Parts,
  viewer: MemberViewer,
  domainId: string,
): Promise<Done<{ domainId: string }>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const domain = await holdDomain(work.em, expectId('domain', domainId));
    work.em.remove(domain);
    work.record({ type: 'sso.domainReleased', objectId: domain.id, changes: { domain: [domain.domain, null] } });
    return { domainId: domain.id };
  });
}

export async function holdDomain(em: EntityManager, id: string): Promise<SsoDomain> {
  const domain = await em.findOne(SsoDomain, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
  if (!domain) throw notFound('domain');
  return domain;
}

/** Said to somebody who has just shown that the domain is theirs, and to nobody else. */
async function expectFree(em: EntityManager, { companyId, domain }: SsoDomain): Promise<void> {
  const { rows } = await run(em, 'select company_id from sso_domains where proven_domain = ?', [domain]);
  if (rows.some((row) => row.company_id !== companyId))
    throw new UserError('DOMAIN_TAKEN', 'Another company has proven this domain: have its record taken away first.');
}

function expectDomain(given: string): string {
  const name = given.trim().replace(/^@/, '').replace(/\.$/, '');
  const domain = asciiDomain(name) ?? '';
  if (domain.length > LENGTH || !DOMAIN.test(domain))
    throw new UserError('DOMAIN', 'This is not a domain, such as example.com.', 'domain');
  return domain;
}
