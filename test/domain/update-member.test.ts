import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { deactivateMember, reactivateMember } from '../../src/domain/members.js';
import { createProject } from '../../src/domain/projects.js';
import { assignTask, moveTask } from '../../src/domain/tasks.js';
import { type MemberFields, updateMember } from '../../src/domain/update-member.js';
import { Member } from '../../src/entities/member.js';
import { forkFor } from '../../src/entities/orm.js';
import type { Project } from '../../src/entities/project.js';
import { ask, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
let project: Project;
beforeAll(async () => {
  cluster = await startCluster();
}, 60_000);
afterAll(() => cluster?.stop());
beforeEach(async () => {
  world = await World.found(cluster.parts, cluster.issuer);
  project = await world.project('EVERYONE');
});

const change = (person: Person, standing: MemberFields) =>
  updateMember(cluster.parts, world.admin.viewer, person.member.id, standing);
const standingOf = async ({ member }: Person) => {
  const em = forkFor(cluster.parts.orm, { companyId: world.companyId });
  const { role, kind, licensedAsInternal } = await em.findOneOrFail(Member, { id: member.id });
  return { role, kind, licensedAsInternal };
};

describe('a member', () => {
  it('becomes what an administrator says, and what is not said stays', async () => {
    const person = await world.member();
    await change(person, { role: 'SUPERVISOR' });
    expect(await standingOf(person)).toEqual({ role: 'SUPERVISOR', kind: 'INTERNAL', licensedAsInternal: false });
    await change(person, { role: 'MEMBER', kind: 'EXTERNAL', licensedAsInternal: true });
    expect(await standingOf(person)).toEqual({ role: 'MEMBER', kind: 'EXTERNAL', licensedAsInternal: true });
    await change(person, { kind: 'INTERNAL' });
    expect(await standingOf(person)).toEqual({ role: 'MEMBER', kind: 'INTERNAL', licensedAsInternal: false });
  });

  it('is called what the company calls them, and their own name again when it takes that back', async () => {
    const person = await world.member({ name: 'Josephine' });
    const SET = `mutation ($input: UpdateMemberInput!) { updateMember(input: $input) {
      member { name title } userErrors { code field } } }`;
    const set = async (words: object) =>
      (await get(cluster.first, world.admin.caller, SET, { input: { memberId: person.member.id, ...words } }))
        .updateMember;
    expect(await set({ displayName: ' Jo ', title: 'Surveyor' })).toEqual({
      member: { name: 'Jo', title: 'Surveyor' },
      userErrors: [],
    });
    const NAMES = '{ members(first: 10) { nodes { id name title } } }';
    for (const node of cluster.nodes)
      expect((await get(node, person.caller, NAMES)).members.nodes).toContainEqual({
        id: person.member.id,
        name: 'Jo',
        title: 'Surveyor',
      });
    expect(await set({ displayName: '  ' })).toMatchObject({
      userErrors: [{ code: 'REQUIRED', field: 'displayName' }],
    });
    expect(await set({ displayName: null, title: null })).toMatchObject({ member: { name: 'Josephine', title: null } });
    const LOG = '{ auditLog(first: 20) { nodes { action details } } }';
    const log = JSON.stringify((await get(cluster.first, world.admin.caller, LOG)).auditLog.nodes);
    expect(log).toContain('"profile":["displayName","title"]');
    for (const word of ['Surveyor', 'Jo"']) expect(log).not.toContain(word);
  });

  it('has another role at once, on every node', async () => {
    const person = await world.member();
    const API_KEYS = '{ apiKeys(first: 1) { nodes { id } } }';
    expect((await ask(cluster.last, person.caller, API_KEYS)).errors).toHaveLength(1);
    await change(person, { role: 'ADMIN' });
    for (const node of cluster.nodes)
      expect(await get(node, person.caller, API_KEYS)).toEqual({ apiKeys: { nodes: [] } });
    await change(person, { role: 'MEMBER' });
    for (const node of cluster.nodes) expect((await ask(node, person.caller, API_KEYS)).errors).toHaveLength(1);
  });

  it('who becomes external is told at once that internal tasks have left', async () => {
    const person = await world.member();
    const task = await world.task(project, { privacy: 'INTERNAL' });
    const CHANGES = 'subscription ($id: ID!) { taskChanged(projectId: $id) { kind taskId task { id } } }';
    const changes = listen(cluster.last, person.caller, CHANGES, { id: project.id });
    await changes.until(({ kind }) => kind === 'READY');
    await change(person, { kind: 'EXTERNAL' });
    await world.task(project, { privacy: 'INTERNAL' });
    const open = await world.task(project);
    await changes.until(({ taskId }) => taskId === open.id);
    const told = changes.seen.filter(({ task: shown }) => shown).map(({ taskId }) => taskId);
    expect(told).toEqual([open.id]);
    expect((await ask(cluster.first, person.caller, `{ task(id: "${task.id}") { id } }`)).errors).toHaveLength(1);
    await changes.stop();
  });

  it('who was deactivated comes in again as what they were', async () => {
    const person = await world.member({ role: 'SUPERVISOR' });
    await deactivateMember(cluster.parts, world.admin.viewer, person.member.id);
    const ME = '{ viewer { member { role } } }';
    expect((await ask(cluster.last, person.caller, ME)).errors).toHaveLength(1);
    await reactivateMember(cluster.parts, world.admin.viewer, person.member.id);
    expect(await get(cluster.last, person.caller, ME)).toEqual({ viewer: { member: { role: 'SUPERVISOR' } } });
  });
});

describe('is refused', () => {
  const refused = async (person: Person, standing: MemberFields) => {
    const before = await standingOf(person);
    const error = await change(person, standing).catch((fault) => fault);
    expect(await standingOf(person)).toEqual(before);
    return error.code;
  };

  it('an external who is more than a member', async () => {
    const external = await world.external();
    expect(await refused(external, { role: 'SUPERVISOR' })).toBe('EXTERNAL_ROLE');
    const supervisor = await world.member({ role: 'SUPERVISOR' });
    expect(await refused(supervisor, { kind: 'EXTERNAL' })).toBe('EXTERNAL_ROLE');
  });

  it('the last administrator who would be none, also of two who end each other at once', async () => {
    expect(await refused(world.admin, { role: 'MEMBER' })).toBe('LAST_ADMINISTRATOR');
    const other = await world.member({ role: 'ADMIN' });
    const outcomes = await Promise.allSettled([
      updateMember(cluster.parts, world.admin.viewer, other.member.id, { role: 'MEMBER' }),
      updateMember(cluster.parts, other.viewer, world.admin.member.id, { role: 'MEMBER' }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('an external who manages a project', async () => {
    const manager = await world.member();
    const input = { workspaceId: world.workspace.id, key: 'MINE', name: 'Mine', managerId: manager.member.id };
    await createProject(cluster.parts, world.admin.viewer, input);
    expect(await refused(manager, { kind: 'EXTERNAL' })).toBe('STILL_A_MANAGER');
  });

  it('an external, or one without a licence, who solves open tasks', async () => {
    const { parts } = cluster;
    const solver = await world.member();
    const task = await world.task(project);
    await assignTask(parts, world.admin.viewer, task.id, solver.member.id);
    expect(await refused(solver, { kind: 'EXTERNAL', licensedAsInternal: true })).toBe('STILL_A_SOLVER');
    const licensed = await world.external({ licensedAsInternal: true });
    await world.grant(project, licensed, 'EDIT', { asInternal: true });
    await assignTask(parts, world.admin.viewer, task.id, licensed.member.id);
    expect(await refused(licensed, { licensedAsInternal: false })).toBe('STILL_A_SOLVER');
    await moveTask(parts, world.admin.viewer, task.id, 'CLOSED', {});
    await change(licensed, { licensedAsInternal: false });
  });

  it('an external who is named in what externals do not see', async () => {
    const owner = await world.member();
    await world.grant(project, owner, 'EDIT');
    await world.task(project, { privacy: 'INTERNAL' }, owner);
    expect(await refused(owner, { kind: 'EXTERNAL' })).toBe('STILL_NAMED');
  });
});
