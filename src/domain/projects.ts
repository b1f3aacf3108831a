import { LockMode } from '@mikro-orm/core';
import { isAtLeast } from '../auth/level.js';
import type { ActingViewer, MemberViewer } from '../auth/viewer.js';
import { Member } from '../entities/member.js';
import type { EntityManager } from '../entities/orm.js';
import { Project, ProjectPermission, Workspace } from '../entities/project.js';
import { type Row, referenceTo } from '../entities/rows.js';
import { Task } from '../entities/task.js';
import type { Level, Visibility } from '../entities/vocabulary.js';
import { forbidden, notFound, UserError } from '../errors.js';
import { expectId, isId } from '../schema/ids.js';
import { getProject } from './access.js';
import { transactAs } from './actor.js';
import type { PermissionEventData } from './events.js';
import { expectName } from './texts.js';
import type { Done, Parts } from './unit-of-work.js';

export interface NewProject {
  workspaceId: string;
  key: string;
  name: string;
  description?: string | null;
  visibility?: Visibility | null;
  /** An active internal member; the creator unless given, which is nobody of a key. */
  managerId?: string | null;
}

const KEY = /^[A-Z][A-Z0-9]{1,9}$/;

/** Creates a project. Asks for an administrator, or a key with the scope (the schema does). */
export function createProject(parts: Parts, viewer: ActingViewer, input: NewProject): Promise<Done<Project>> {
  return transactAs(parts, viewer, { hold: true }, async (work) => {
    const { em, member } = work;
    const { companyId } = viewer;
    if (!KEY.test(input.key)) throw new UserError('KEY', 'A key is 2 to 10 capital letters and digits.', 'key');
    if (await em.findOne(Project, { key: input.key }))
      throw new UserError('KEY_TAKEN', 'Another project has this key.', 'key');
    const workspace = await em.findOne(Workspace, { id: expectId('workspace', input.workspaceId) });
    if (!workspace) throw notFound('workspace');
    const managerId = input.managerId ?? member?.id;
    if (!managerId) throw new UserError('REQUIRED', 'A program manages nothing: say who does.', 'managerId');
    const manager = await getActiveMember(em, managerId, 'managerId');
    if (manager.kind === 'EXTERNAL')
      throw new UserError('MANAGER_EXTERNAL', 'An external manages nothing.', 'managerId');
    const project = em.create(Project, {
      companyId,
      workspace,
      key: input.key,
      name: expectName(input.name, 'A project'),
      description: input.description ?? '',
      visibility: input.visibility ?? 'MEMBERS',
      manager,
    });
    work.record({ type: 'project.created', objectId: project.id, changes: { name: [null, project.name] } });
    // It gives rights by itself: to its manager, and to whom it is visible.
    const { visibility } = project;
    work.audit({ action: 'project.created', objectId: project.id, details: { managerId, visibility } });
    return project;
  });
}

export interface Permission {
  projectId: string;
  memberId: string;
  /** None takes the permission away. */
  level: Level | null;
  asInternal?: boolean | null;
  /** Whether they may grant anonymous follows; as it was, unless given. */
  canShare?: boolean | null;
}

/**
 * Gives a member a level in a project, or takes it. Needs MANAGE; an external gets EDIT at most, and never the right to share,
 * which administrators alone give.
 */
export function setProjectPermission(
  parts: Parts,
  viewer: MemberViewer,
  input: Permission,
): Promise<Done<Row<Project>>> {
  return transactAs(parts, viewer, { hold: input.canShare === true }, async (work) => {
    const { em } = work;
    const { object: project } = await getProject(em, viewer, input.projectId, 'MANAGE', { lock: 'FOR UPDATE' });
    const member = await getActiveMember(em, input.memberId, 'memberId');
    if (member.kind === 'EXTERNAL' && input.level && isAtLeast(input.level, 'MANAGE')) {
      throw new UserError('EXTERNAL_LEVEL', 'An external member gets EDIT at most.', 'level');
    }
    const current = await em.findOne(ProjectPermission, { project: { id: project.id }, member: { id: member.id } });
    const before = current && described(current);
    if (current?.asInternal && !(input.level && (input.asInternal ?? true))) await expectNoWork(em, project, member);
    const { level } = input;
    const given = level && {
      level,
      asInternal: input.asInternal ?? current?.asInternal ?? false,
      canShare: input.canShare ?? current?.canShare ?? false,
    };
    if (given?.canShare && !current?.canShare) expectMayLetShare(viewer, member);
    if (!given) {
      if (current) em.remove(current);
    } else if (current) {
      Object.assign(current, given);
    } else {
      em.create(ProjectPermission, {
        companyId: viewer.companyId,
        project: referenceTo(em, Project, project),
        member,
        ...given,
      });
    }
    const after = given && described(given);
    if (before === after) return project;
    const data: PermissionEventData = { memberId: member.id, level };
    work.record({ type: 'permission.changed', objectId: project.id, data, changes: { [member.id]: [before, after] } });
    return project;
  });
}

/** A permission as the history tells it. */
export const described = ({
  level,
  asInternal,
  canShare,
}: Pick<ProjectPermission, 'level' | 'asInternal' | 'canShare'>) =>
  [level, ...(asInternal ? ['as internal'] : []), ...(canShare ? ['with sharing'] : [])].join(' ');

/** What is shared leaves the company: it is for administrators to say who may, and an external may not. */
function expectMayLetShare(viewer: MemberViewer, member: Member): void {
  if (viewer.role !== 'ADMIN') throw forbidden('ROLE_REQUIRED', 'Only an administrator lets somebody share.');
  if (member.kind === 'EXTERNAL') throw new UserError('EXTERNAL_SHARES', 'An external shares nothing.', 'canShare');
}

/** An external who is the solver of open tasks here keeps what lets them be. */
async function expectNoWork(em: EntityManager, project: Row<Project>, member: Member): Promise<void> {
  const open = { project: { id: project.id }, solver: { id: member.id }, closedAt: null };
  if ((await em.count(Task, open)) === 0) return;
  throw new UserError(
    'STILL_A_SOLVER',
    'This member solves open tasks here: give these to somebody else first.',
    'memberId',
  );
}

async function getActiveMember(em: EntityManager, memberId: string, field: string): Promise<Member> {
  const key = { id: memberId, deactivatedAt: null };
  // Held: who makes the member an external waits for this transaction, or is seen by it.
  const hold = { lockMode: LockMode.PESSIMISTIC_READ };
  const member = isId('member', memberId) ? await em.findOne(Member, key, hold) : null;
  if (!member) throw new UserError('NOT_A_MEMBER', 'There is no such member in this company.', field);
  return member;
}
