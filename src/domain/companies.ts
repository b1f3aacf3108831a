import { Company } from '../entities/company.js';
import { LogHead } from '../entities/event.js';
import type { Member } from '../entities/member.js';
import { Workspace } from '../entities/project.js';
import { newId } from '../schema/ids.js';
import { operatorActor } from './actor.js';
import type { MemberEventData } from './events.js';
import { createMember, firstMemberValues, type NewMember } from './members.js';
import { expectName } from './texts.js';
import { type Parts, transact } from './unit-of-work.js';

export interface FoundedCompany {
  company: Company;
  administrator: Member;
  workspace: Workspace;
}

/** Brings a company into being, with its log, a first workspace and a first administrator. The operator's act. */
export async function foundCompany(
  parts: Parts,
  name: string,
  admin: Pick<NewMember, 'email' | 'name'>,
): Promise<FoundedCompany> {
  const id = newId('company');
  const { result } = await transact(parts, operatorActor(id), async ({ em, record }) => {
    const company = em.create(Company, { id, name: expectName(name, 'A company') });
    em.create(LogHead, { companyId: company.id });
    await em.flush();
    const administrator = await createMember(em, company.id, { ...admin, role: 'ADMIN', kind: 'INTERNAL' });
    const workspace = em.create(Workspace, { companyId: company.id, name: 'General' });
    record({ type: 'company.founded', objectId: company.id, changes: { name: [null, name] } });
    const data: MemberEventData = { userId: administrator.user.id };
    record({ type: 'member.added', objectId: administrator.id, data, changes: firstMemberValues(administrator) });
    record({ type: 'workspace.created', objectId: workspace.id, changes: { name: [null, workspace.name] } });
    return { company, administrator, workspace };
  });
  return result;
}
