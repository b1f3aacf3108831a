import { setTimeout as delay } from 'node:timers/promises';
import { type Row, selectRows } from '../entities/rows.js';
import { SsoDomain } from '../entities/single-sign-on.js';
import { run } from '../entities/statements.js';
import { tableOf } from '../entities/table.js';
import { tenantIds } from '../entities/tenant-ids.js';
import { operatorActor } from './actor.js';
import { findProof, holdDomain } from './sso-domains.js';
import { type Parts, transact } from './unit-of-work.js';

const DAY_MS = 86_400_000;
/**
 * So long a record may be missing before the proof is lost: a move to another name server loses records, and a company whose
 * people come in by this domain alone would be locked out by it. A domain that has ended can be had by somebody else after 30
 * days at the earliest (ICANN, Expired Registration Recovery Policy), which is later.
 */
export const GRACE_MS = 7 * DAY_MS;
const PAUSE_MS = 20;

/** Looks for the records of the proven domains that were not looked for within a day. One process looks for each. */
export async function checkDomains(parts: Parts, signal?: AbortSignal, now = new Date()): Promise<void> {
  const { orm } = parts;
  const checkedAt = tableOf(orm.em, SsoDomain).column('checkedAt');
  const before = checkedAt.write(new Date(now.getTime() - DAY_MS));
  for await (const companyIds of tenantIds(orm, 'companies')) {
    for (const companyId of companyIds) {
      if (signal?.aborted) return;
      const due = await selectRows(
        { orm, companyId },
        SsoDomain,
        'proven_domain is not null and checked_at <= ? order by id',
        [before],
      );
      for (const domain of due) {
        const take = 'update sso_domains set checked_at = ? where company_id = ? and id = ? and checked_at <= ?';
        const parameters = [checkedAt.write(now), companyId, domain.id, before];
        const { numAffectedRows } = await run(orm.em.fork(), take, parameters);
        if (numAffectedRows) await check(parts, domain, now);
      }
      // It is nothing that anybody waits for.
      if (due.length > 0) await delay(PAUSE_MS);
    }
  }
}

async function check(parts: Parts, { companyId, id, domain, challenge }: Row<SsoDomain>, now: Date): Promise<void> {
  const isThere = await findProof(parts, { domain, challenge });
  // Name servers that do not answer say nothing of the domain.
  if (isThere === null) return;
  await transact(parts, operatorActor(companyId), async ({ em, record }) => {
    const held = await holdDomain(em, id);
    if (!held.verifiedAt) return;
    if (isThere) {
      if (held.failingSince)
        record({ type: 'sso.domainFound', objectId: id, changes: { failingSince: [held.failingSince, null] } });
      held.failingSince = null;
      return;
    }
    if (!held.failingSince) {
      held.failingSince = now;
      record({ type: 'sso.domainFailing', objectId: id, changes: { failingSince: [null, now] } });
    } else if (now.getTime() - held.failingSince.getTime() >= GRACE_MS) {
      const changes = { verifiedAt: [held.verifiedAt, null] as [unknown, unknown] };
      Object.assign(held, { verifiedAt: null, provenDomain: null, failingSince: null });
      record({ type: 'sso.domainLost', objectId: id, changes });
    }
  });
  if (!isThere) parts.log.warn({ companyId, domain }, 'sso: the record of a proven domain is missing');
}
