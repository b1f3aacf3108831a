import { Company } from '../entities/company.js';
import { LogHead } from '../entities/event.js';
import { Member } from '../entities/member.js';
import { Project, ProjectPermission, Workspace } from '../entities/project.js';
import { User } from '../entities/user.js';
import { Level, Visibility } from '../entities/vocabulary.js';
import type { PermissionEventData } from './events.js';
import { Lots } from './lots.js';
import { firstMemberValues } from './members.js';
import { described } from './projects.js';
import { type SeedBatch, SeedLedger } from './seed-ledger.js';
import { MOST_STEPS, type Scene, seedTasks } from './seed-tasks.js';
import { type SeedPlan, seededAddress, seededId, seededMembership } from './seeded.js';

/** Over so long a seeded company has worked. */
const SPAN_MS = 180 * 86_400_000;
/** So many members, at most, are granted each project. */
const GRANTS = 8;

const GIVEN_NAMES = ['Ada', 'Ben', 'Chiara', 'David', 'Eva', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jan', 'Klára', 'Luis'];
const FAMILY_NAMES = ['Adler', 'Brandt', 'Costa', 'Dvořák', 'Ekström', 'Fischer', 'Grant', 'Horák', 'Ito', 'Jones'];
const SUBJECTS = ['Website', 'Warehouse', 'Payroll', 'Intranet', 'Factory', 'Laboratory', 'Archive', 'Shop'];
const UNDERTAKINGS = ['relaunch', 'migration', 'audit', 'extension', 'renewal', 'rollout'];
const VISIBILITIES = Object.values(Visibility);
const LEVELS: Record<'INTERNAL' | 'EXTERNAL', readonly Level[]> = {
  INTERNAL: ['VIEW', 'COMMENT', 'EDIT', 'EDIT', 'EDIT', 'MANAGE'],
  EXTERNAL: ['VIEW', 'COMMENT', 'EDIT', 'EDIT'],
};

/** All that one company is made of, in the order in which it is written; each batch is whole by itself. */
export function* seedCompany(company: number, plan: SeedPlan): Generator<SeedBatch> {
  const ledger = new SeedLedger(company, stepOf(plan));
  const lots = new Lots(`company-${company}`);
  yield* foundCompany(ledger, lots, plan);
  const scenes: Scene[] = [];
  for (let n = 1; n <= plan.projects; n += 1) {
    scenes.push(addProject(ledger, lots, plan, n, scenes.at(-1)));
    if (ledger.isFull) yield ledger.take();
  }
  for (const scene of scenes) yield* seedTasks(ledger, scene);
  yield ledger.take();
}

/** So that the whole span is filled, and never more than it. */
function stepOf({ projects, tasks, members }: SeedPlan): number {
  const mostEvents = 3 + members + projects * (1 + GRANTS + tasks * MOST_STEPS);
  return Math.max(1, Math.floor(SPAN_MS / mostEvents));
}

/** As `foundCompany` of `companies.ts` and `addMember` would have it. */
function* foundCompany(ledger: SeedLedger, lots: Lots, plan: SeedPlan): Generator<SeedBatch> {
  const { company, companyId } = ledger;
  const operator = ledger.by(null);
  const name = `Company ${company}`;
  ledger.add(Company, { id: companyId, name, createdAt: ledger.nextTime });
  ledger.add(LogHead, { companyId, seq: 0 });
  operator.record({ type: 'company.founded', objectId: companyId, changes: { name: [null, name] } });
  addPerson(ledger, lots, 1, operator);
  const workspace = { companyId, id: seededId('workspace', company, 1), name: 'General' };
  ledger.add(Workspace, { ...workspace, company: { id: companyId }, closingPolicy: 'ANY_INTERNAL' });
  operator.record({ type: 'workspace.created', objectId: workspace.id, changes: { name: [null, workspace.name] } });
  const administrator = ledger.by(seededId('member', company, 1));
  for (let n = 2; n <= plan.members; n += 1) {
    addPerson(ledger, lots, n, administrator);
    if (ledger.isFull) yield ledger.take();
  }
}

function addPerson(ledger: SeedLedger, lots: Lots, n: number, { record }: ReturnType<SeedLedger['by']>): void {
  const { company, companyId, nextTime: createdAt } = ledger;
  const user = {
    id: seededId('user', company, n),
    email: seededAddress(company, n),
    name: `${lots.pick(...GIVEN_NAMES)} ${lots.pick(...FAMILY_NAMES)}`,
    createdAt,
  };
  const membership = seededMembership(n);
  const id = seededId('member', company, n);
  ledger.add(User, user);
  ledger.add(Member, {
    companyId,
    id,
    company: { id: companyId },
    user: { id: user.id },
    ...membership,
    deactivatedAt: null,
    createdAt,
  });
  record({ type: 'member.added', objectId: id, changes: firstMemberValues(membership) });
}

/** As `createProject` and `setProjectPermission` would have it. Returns who plays in it, and with what. */
function addProject(ledger: SeedLedger, lots: Lots, plan: SeedPlan, n: number, previous: Scene | undefined): Scene {
  const { company, companyId } = ledger;
  const managerId = seededId('member', company, internalNear(lots.between(1, plan.members)));
  const project = {
    companyId,
    id: seededId('project', company, n),
    workspace: { id: seededId('workspace', company, 1) },
    key: `P${n}`,
    name: `${lots.pick(...SUBJECTS)} ${lots.pick(...UNDERTAKINGS)} ${n}`,
    description: '',
    manager: { id: managerId },
    status: 'PLANNED' as const,
    visibility: VISIBILITIES[n % VISIBILITIES.length] as Visibility,
    createdAt: ledger.nextTime,
    lastTaskNumber: plan.tasks,
  };
  ledger.add(Project, project);
  const changes = { name: [null, project.name] as [null, string] };
  ledger.by(seededId('member', company, 1)).record({ type: 'project.created', objectId: project.id, changes });
  const scene: Scene = { n, project, lots, managerId, editors: [managerId], guests: [], helpers: [], previous: null };
  if (previous && /INTERNAL|EVERYONE/.test(previous.project.visibility)) scene.previous = previous.project;
  for (const granted of new Set(Array.from({ length: GRANTS }, () => lots.between(1, plan.members)))) {
    grant(ledger, scene, granted);
  }
  return scene;
}

function grant(ledger: SeedLedger, scene: Scene, n: number): void {
  const { lots, managerId, project, editors, guests, helpers } = scene;
  const memberId = seededId('member', ledger.company, n);
  const { kind, licensedAsInternal: asInternal } = seededMembership(n);
  const level = lots.pick(...LEVELS[kind]);
  ledger.add(ProjectPermission, {
    companyId: ledger.companyId,
    project: { id: project.id },
    member: { id: memberId },
    level,
    asInternal,
    canShare: false,
  });
  ledger.by(managerId).record({
    type: 'permission.changed',
    objectId: project.id,
    data: { memberId, level } satisfies PermissionEventData,
    changes: { [memberId]: [null, described({ level, asInternal, canShare: false })] },
  });
  if (asInternal) helpers.push(memberId);
  if (!/EDIT|MANAGE/.test(level)) return;
  if (kind === 'EXTERNAL') guests.push(memberId);
  else if (memberId !== managerId) editors.push(memberId);
}

/** Every fifth member is external, and the one before is not. */
const internalNear = (n: number): number => (seededMembership(n).kind === 'INTERNAL' ? n : n - 1);
