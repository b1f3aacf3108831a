import { LockMode } from '@mikro-orm/core';
import { Company } from '../entities/company.js';
import { LogHead } from '../entities/event.js';
import { UserIdempotencyRecord } from '../entities/idempotency-record.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { Workspace } from '../entities/project.js';
import { run } from '../entities/statements.js';
import { tableOf } from '../entities/table.js';
import { User } from '../entities/user.js';
import { UserError } from '../errors.js';
import { newId } from '../schema/ids.js';
import { operatorActor } from './actor.js';
import { createMember, firstMemberValues, type NewMember, recordMember } from './members.js';
import { expectName } from './texts.js';
import { type Actor, type Parts, transact, type Work } from './unit-of-work.js';

export interface FoundedCompany {
  company: Company;
  administrator: Member;
  workspace: Workspace;
}

const DAY_MS = 86_400_000;
/** Of companies whose administrator somebody has become within a day. */
const MOST_A_DAY = 5;

/** Brings a company into being, with its log, a first workspace and a first administrator. The operator's act. */
export async function foundCompany(
  parts: Parts,
  name: string,
  admin: Pick<NewMember, 'email' | 'name'>,
): Promise<FoundedCompany> {
  const id = newId('company');
  return (await transact(parts, operatorActor(id), (work) => found(work, name, admin))).result;
}

/** The same by a signed-in person, who is its first administrator. Whether the operator lets people do so is asked before. */
export async function foundOwnCompany(parts: Parts, userId: string, name: string): Promise<Company> {
  const companyId = newId('company');
  const memberId = newId('member');
  const actor: Actor = { companyId, userId, actorId: memberId, entryPoint: 'USER' };
  const keeping = { type: UserIdempotencyRecord, owner: { userId } } as const;
  const work = async (given: Work) => {
    const founder = await getFounder(given.em, userId);
    return (await found(given, name, founder, memberId)).company;
  };
  return (await transact(parts, actor, work, { keeping })).result;
}

async function found(
  work: Work,
  name: string,
  admin: Pick<NewMember, 'email' | 'name'>,
  memberId?: string,
): Promise<FoundedCompany> {
  const { em, record } = work;
  const { companyId } = work.actor;
  const company = em.create(Company, { id: companyId, name: expectName(name, 'A company') });
  em.create(LogHead, { companyId });
  await em.flush();
  const first = { email: admin.email, name: admin.name, role: 'ADMIN', kind: 'INTERNAL' } as const;
  const administrator = await createMember(em, companyId, first, memberId);
  const workspace = em.create(Workspace, { companyId, name: 'General' });
  record({ type: 'company.founded', objectId: companyId, changes: { name: [null, name] } });
  recordMember(work, 'member.added', administrator, firstMemberValues(administrator));
  record({ type: 'workspace.created', objectId: workspace.id, changes: { name: [null, workspace.name] } });
  return { company, administrator, workspace };
}

/** Held, so that of many that somebody founds at once each sees those before it. */
async function getFounder(em: EntityManager, userId: string): Promise<User> {
  const founder = await em.findOneOrFail(User, { id: userId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  const since = tableOf(em, Member)
    .column('createdAt')
    .write(new Date(Date.now() - DAY_MS));
  // By the person's key, across companies.
  const lately = 'select count(*) as number from members where user_id = ? and role = ? and created_at > ?';
  const { rows } = await run(em, lately, [userId, 'ADMIN', since]);
  if (Number(rows[0]?.number) >= MOST_A_DAY)
    throw new UserError('TOO_MANY_COMPANIES', `Within a day you can found ${MOST_A_DAY} companies.`);
  return founder;
}
