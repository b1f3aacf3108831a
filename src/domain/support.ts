import { LockMode } from '@mikro-orm/core';
import { supportTokens } from '../auth/support-token.js';
import type { MemberViewer } from '../auth/viewer.js';
import { Member } from '../entities/member.js';
import { findRows, referenceTo } from '../entities/rows.js';
import { SupportGrant } from '../entities/support-grant.js';
import { notFound, UserError } from '../errors.js';
import { expectId } from '../schema/ids.js';
import { cut, NAME_LENGTH } from '../schema/texts.js';
import { operatorActor, transactAs } from './actor.js';
import { type Done, type Parts, transact } from './unit-of-work.js';

const HOUR_MS = 3_600_000;
const MOST_HOURS = 72;
/** A token is made for one piece of work; the next one is an entry in the audit log again. */
const TOKEN_MS = HOUR_MS;

/**
 * Lets the operator's support read in the company for so many hours: what is not private, and nothing can be changed. Asks
 * for an administrator (the schema does). Without such a grant the operator has no way in (product.md, section 1).
 */
export function grantSupport(
  parts: Parts,
  viewer: MemberViewer,
  hours: number,
  reason: string | null | undefined,
): Promise<Done<SupportGrant>> {
  return transactAs(parts, viewer, { hold: true }, async ({ em, member, record }) => {
    if (!(hours >= 1 && hours <= MOST_HOURS))
      throw new UserError('OUT_OF_RANGE', `Support is let in for 1 to ${MOST_HOURS} hours.`, 'hours');
    const grant = em.create(SupportGrant, {
      companyId: viewer.companyId,
      reason: cut(reason ?? '', NAME_LENGTH),
      grantedBy: referenceTo(em, Member, member),
      expiresAt: new Date(Date.now() + hours * HOUR_MS),
    });
    record({ type: 'support.granted', objectId: grant.id, data: { expiresAt: grant.expiresAt } });
    return grant;
  });
}

/** Ends a grant: what support has open closes. Ending it twice is no fault. */
export function endSupport(parts: Parts, viewer: MemberViewer, grantId: string): Promise<Done<SupportGrant>> {
  return transactAs(parts, viewer, { hold: true }, async ({ em, record }) => {
    const lock = { lockMode: LockMode.PESSIMISTIC_WRITE };
    const grant = await em.findOne(SupportGrant, { id: expectId('support', grantId) }, lock);
    if (!grant) throw notFound('support');
    if (!grant.revokedAt) {
      grant.revokedAt = new Date();
      record({ type: 'support.ended', objectId: grant.id, changes: { revokedAt: [null, grant.revokedAt] } });
    }
    return grant;
  });
}

/** A token for the operator's support, by the company's open grant; null where there is none. That it was made is told there. */
export async function makeSupportToken(
  parts: Parts,
  companyId: string,
): Promise<{ token: string; until: Date } | null> {
  const { result } = await transact(parts, operatorActor(companyId), async ({ em, audit }) => {
    const open = (await findRows(em, SupportGrant, { revokedAt: null })).filter(
      ({ expiresAt }) => expiresAt.getTime() > Date.now(),
    );
    const grant = open.toSorted((a, b) => b.expiresAt.getTime() - a.expiresAt.getTime())[0];
    if (!grant) return null;
    const until = new Date(Math.min(grant.expiresAt.getTime(), Date.now() + TOKEN_MS));
    audit({ action: 'support.token', objectId: grant.id, details: { until } });
    return { token: supportTokens(parts.keyring).make({ companyId, grantId: grant.id }, until), until };
  });
  return result;
}
