import type { MemberViewer } from '../../src/auth/viewer.js';
import { foundCompany } from '../../src/domain/companies.js';
import { grantFollow } from '../../src/domain/follows.js';
import { inviteMembers } from '../../src/domain/invitations.js';
import { addMember, type NewMember } from '../../src/domain/members.js';
import { createProject, setProjectPermission } from '../../src/domain/projects.js';
import { createTask, type TaskFields } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import type { Invitation } from '../../src/entities/invitation.js';
import type { Member } from '../../src/entities/member.js';
import type { Project, Workspace } from '../../src/entities/project.js';
import type { Row } from '../../src/entities/rows.js';
import type { Task } from '../../src/entities/task.js';
import type { Level, Visibility } from '../../src/entities/vocabulary.js';
import type { Caller } from './client.js';
import type { TestIssuer } from './issuer.js';

/** A member whom a test acts as: in the domain (`viewer`) and from outside (`caller`). */
export interface Person {
  email: string;
  member: Member;
  viewer: MemberViewer;
  caller: Caller;
}

let counter = 0;
const unique = () => {
  counter += 1;
  return `${process.pid.toString(36)}${counter.toString(36)}`;
};

/** One company and how to fill it, by the same functions that the product uses. */
export class World {
  private constructor(
    readonly parts: Parts,
    readonly issuer: Pick<TestIssuer, 'token'> | null,
    readonly companyId: string,
    readonly workspace: Workspace,
  ) {}

  admin!: Person;

  /** Founds a company with one administrator. Without an issuer its people have no tokens. */
  static async found(parts: Parts, issuer: Pick<TestIssuer, 'token'> | null, name = 'Company'): Promise<World> {
    const email = `admin-${unique()}@example.com`;
    const { company, administrator, workspace } = await foundCompany(parts, name, { email, name: `Admin of ${name}` });
    const world = new World(parts, issuer, company.id, workspace);
    world.admin = await world.personOf(administrator, email);
    return world;
  }

  /** The same person in this company, who may be in others too. */
  async personOf(member: Member, email: string): Promise<Person> {
    const viewer: MemberViewer = {
      kind: 'MEMBER',
      companyId: this.companyId,
      userId: member.user.id,
      memberId: member.id,
      role: member.role,
      membership: member.kind,
      expiresAt: new Date(Date.now() + 3_600_000),
    };
    const caller: Caller = { companyId: this.companyId };
    if (this.issuer) caller.authorization = `Bearer ${await this.issuer.token(email)}`;
    return { email, member, viewer, caller };
  }

  async member(input: Partial<NewMember> = {}): Promise<Person> {
    const email = input.email ?? `person-${unique()}@example.com`;
    const { result } = await addMember(this.parts, this.admin.viewer, {
      name: email.split('@')[0] ?? email,
      role: 'MEMBER',
      kind: 'INTERNAL',
      ...input,
      email,
    });
    return this.personOf(result, email);
  }

  external(input: Partial<NewMember> = {}): Promise<Person> {
    return this.member({ ...input, kind: 'EXTERNAL' });
  }

  /** An invitation to an address; its letter leads to no server. */
  async invite(email: string): Promise<Invitation> {
    const offer = { emails: [email], kind: 'INTERNAL', role: 'MEMBER' } as const;
    const { result } = await inviteMembers(this.parts, this.admin.viewer, offer, 'https://work.example.com');
    return result.invitations[0] as Invitation;
  }

  async project(visibility: Visibility = 'MEMBERS'): Promise<Project> {
    const key = `P${unique().toUpperCase().slice(-8)}`;
    const input = { workspaceId: this.workspace.id, key, name: `Project ${key}`, visibility };
    return (await createProject(this.parts, this.admin.viewer, input)).result;
  }

  async grant(project: Project, person: Person, level: Level | null, asInternal = false): Promise<void> {
    await setProjectPermission(this.parts, this.admin.viewer, {
      projectId: project.id,
      memberId: person.member.id,
      level,
      asInternal,
    });
  }

  async task(project: Project, fields: TaskFields = {}, author: Person = this.admin): Promise<Row<Task>> {
    const task = { title: `Task ${unique()}`, privacy: 'PUBLIC' as const, ...fields };
    return (await createTask(this.parts, author.viewer, project.id, { ...task, title: task.title ?? 'Task' })).result;
  }

  async follow(task: Pick<Task, 'id'>): Promise<{ id: string; secret: string; caller: Caller }> {
    const { result } = await grantFollow(this.parts, this.admin.viewer, task.id, {});
    return { id: result.follow.id, secret: result.secret, caller: { authorization: `Follow ${result.secret}` } };
  }
}
