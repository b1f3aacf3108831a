import { directoryOf } from '../auth/directory.js';
import type { Grants } from '../auth/grants.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { type Project, ProjectPermission } from '../entities/project.js';
import { all, oneOf } from '../entities/row-filter.js';
import { findRows, listRows, type Row } from '../entities/rows.js';
import type { Task } from '../entities/task.js';
import { UserError } from '../errors.js';
import { isId } from '../schema/ids.js';

/** An active member of the actor's directory, held so that a deactivation waits for this transaction or is seen by it. */
async function getActiveMember(
  em: EntityManager,
  grants: Grants,
  memberId: string,
  field: string,
): Promise<Row<Member>> {
  const those = all(isId('member', memberId) && oneOf('id', [memberId]), await directoryOf(em, grants));
  const [member] = await listRows(em, Member, those, { lock: 'LOCK IN SHARE MODE' });
  if (!member) throw new UserError('NOT_A_MEMBER', 'There is no such member in this company.', field);
  if (member.deactivatedAt) throw new UserError('MEMBER_DEACTIVATED', 'This member is deactivated.', field);
  return member;
}

/** The member as the task's solver: an external one needs a licence, and a project that took them as internal. */
export async function getSolver(
  em: EntityManager,
  grants: Grants,
  task: Row<Task>,
  project: Row<Project>,
  solverId: string,
): Promise<Pick<Member, 'id'>> {
  const member = await getActiveMember(em, grants, solverId, 'solverId');
  if (member.kind === 'EXTERNAL') {
    const permission = await em.findOne(ProjectPermission, { project: { id: project.id }, member: { id: member.id } });
    if (!member.licensedAsInternal || !permission?.asInternal) {
      throw new UserError(
        'SOLVER_NOT_LICENSED',
        'An external solver needs a licence, and a project that took them as internal.',
        'solverId',
      );
    }
    if (task.privacy !== 'PUBLIC')
      throw new UserError('SOLVER_CANNOT_SEE', 'An external member sees public tasks only.', 'solverId');
  }
  return { id: member.id };
}

/** The member as the owner of a task that is new. */
export const getOwner = (em: EntityManager, grants: Grants, memberId: string): Promise<Row<Member>> =>
  getActiveMember(em, grants, memberId, 'ownerId');

/** The member as the one whom the task waits for. */
export async function getAwaitedMember(
  em: EntityManager,
  grants: Grants,
  task: Row<Task>,
  memberId: string,
): Promise<Pick<Member, 'id'>> {
  const member = await getActiveMember(em, grants, memberId, 'awaitedMemberId');
  if (member.kind === 'EXTERNAL' && task.privacy !== 'PUBLIC') {
    throw new UserError('MEMBER_CANNOT_SEE', 'An external member sees public tasks only.', 'awaitedMemberId');
  }
  return { id: member.id };
}

/** Nobody who works on a task loses sight of it, and a private one keeps somebody who sees it. */
export async function expectSeenByNamed(em: EntityManager, task: Row<Task>): Promise<void> {
  if (task.privacy === 'PUBLIC') return;
  const ids = [task.owner, task.solver, task.awaitedMember].flatMap((person) => person?.id ?? []);
  const named = await findRows(em, Member, { id: ids });
  if (named.every(({ kind }) => kind === 'INTERNAL')) return;
  throw new UserError(
    'NAMED_CANNOT_SEE',
    'Its owner, its solver or the person awaited is external and sees public tasks only.',
    'privacy',
  );
}
