import { followTokens } from '../../src/auth/follow-token.js';
import type { KeyViewer, MemberViewer } from '../../src/auth/viewer.js';
import { createApiKey, type NewApiKey } from '../../src/domain/api-keys.js';
import { AuditWriter } from '../../src/domain/audit-writer.js';
import { foundCompany } from '../../src/domain/companies.js';
import { enterByLink } from '../../src/domain/follow-door.js';
import { type FollowOptions, grantFollow } from '../../src/domain/follows.js';
import { inviteMembers } from '../../src/domain/invitations.js';
import { addMember, type NewMember } from '../../src/domain/members.js';
import { createProject, type Permission, setProjectPermission } from '../../src/domain/projects.js';
import { Refusals } from '../../src/domain/refusals.js';
import { grantSupport, makeSupportToken } from '../../src/domain/support.js';
import { createTask, type TaskFields } from '../../src/domain/tasks.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import type { Invitation } from '../../src/entities/invitation.js';
import type { Member } from '../../src/entities/member.js';
import type { Project, Workspace } from '../../src/entities/project.js';
import { findRow, type Row } from '../../src/entities/rows.js';
import { Task } from '../../src/entities/task.js';
import type { Level, Scope, Visibility } from '../../src/entities/vocabulary.js';
import { isId } from '../../src/schema/ids.js';
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

  async grant(
    project: Project,
    person: Person,
    level: Level | null,
    more: Pick<Permission, 'asInternal' | 'canShare'> = {},
  ): Promise<void> {
    await setProjectPermission(this.parts, this.admin.viewer, {
      projectId: project.id,
      memberId: person.member.id,
      level,
      ...more,
    });
  }

  async task(project: Project, fields: TaskFields = {}, author: Person = this.admin): Promise<Row<Task>> {
    const task = { title: `Task ${unique()}`, privacy: 'PUBLIC' as const, ...fields };
    return (await createTask(this.parts, author.viewer, project.id, { ...task, title: task.title ?? 'Task' })).result;
  }

  /** A task of this company as its row is now. */
  async asItIs({ id }: Pick<Task, 'id'>): Promise<Row<Task>> {
    const task = await findRow({ orm: this.parts.orm, companyId: this.companyId }, Task, id);
    if (!task) throw new Error(`${id} is not there.`);
    return task;
  }

  /** An API key with these scopes, good for an hour. */
  async key(scopes: readonly Scope[], more: Partial<NewApiKey> = {}) {
    const input = { name: `Key ${unique()}`, scopes, expiresAt: new Date(Date.now() + 3_600_000), ...more };
    const { apiKey, secret } = (await createApiKey(this.parts, this.admin.viewer, input)).result;
    const viewer: KeyViewer = {
      kind: 'INTEGRATION',
      companyId: this.companyId,
      keyId: apiKey.id,
      scopes,
      secretHash: null,
      expiresAt: apiKey.expiresAt,
    };
    const caller: Caller = { authorization: `Bearer ${secret}` };
    return { id: apiKey.id, secret, viewer, caller };
  }

  /** Leave for the operator's support, and a token by it. */
  async support(): Promise<{ id: string; caller: Caller }> {
    const { id } = (await grantSupport(this.parts, this.admin.viewer, 1, 'A fault')).result;
    const made = await makeSupportToken(this.parts, this.companyId);
    return { id, caller: { authorization: `Bearer ${made?.token}` } };
  }

  /** Of a task or of a project. */
  async follow(
    { id }: Pick<Task | Project, 'id'>,
    options: FollowOptions = {},
    by: Person = this.admin,
  ): Promise<{ id: string; secret: string; caller: Caller }> {
    const ids = isId('project', id) ? { projectId: id } : { taskId: id };
    const { result } = await grantFollow(this.parts, by.viewer, ids, options);
    return { id: result.follow.id, secret: result.secret, caller: { authorization: `Follow ${result.secret}` } };
  }

  /** Somebody who came in by the door, past what counts how often it is knocked at. */
  async follower(object: Pick<Task | Project, 'id'>, options: FollowOptions = {}, by: Person = this.admin) {
    const follow = await this.follow(object, options, by);
    return { ...(await this.enter(follow.secret, options.password ?? undefined)), follow };
  }

  async enter(secret: string, password?: string) {
    const { parts } = this;
    const shown = { secret, ...(password !== undefined && { password }) };
    const refusals = new Refusals(new AuditWriter(parts));
    const admitted = await enterByLink(
      { ...parts, refusals, origin: { address: '192.0.2.7', userAgent: null } },
      shown,
    );
    const { followerId: id = '' } = followTokens(parts.keyring).read(admitted.token)?.content ?? {};
    return { id, ...admitted, caller: { authorization: `Follow ${admitted.token}` } as Caller };
  }
}
