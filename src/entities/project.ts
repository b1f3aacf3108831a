import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { NeedsScope } from '../schema/directives.js';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Company } from './company.js';
import { Member } from './member.js';
import { OfCompany, TenantEntity, WithinCompany } from './tenant.js';
import { ClosingPolicy, Level, ProjectStatus, Visibility } from './vocabulary.js';

/** The process settings that a group of projects shares. */
@NeedsScope('PROJECTS_READ')
@ObjectType({ implements: Node, description: 'A group of projects with one process.' })
@Entity({ tableName: 'workspaces' })
export class Workspace extends TenantEntity {
  [OptionalProps]?: 'company' | 'closingPolicy';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('workspace');

  @OfCompany(() => Company)
  company!: Ref<Company>;

  @Field()
  @Property({ length: 200 })
  name!: string;

  @Field(() => ClosingPolicy)
  @Property({ type: 'string', length: 20 })
  closingPolicy: ClosingPolicy = ClosingPolicy.ANY_INTERNAL;
}

/** A project: the home of tasks, and the object that most permissions are given on. */
@NeedsScope('PROJECTS_READ')
@ObjectType({ implements: Node, description: 'A project and its tasks.' })
@Entity({ tableName: 'projects' })
@Unique({ properties: ['companyId', 'key'] })
@Index({ properties: ['companyId', 'name', 'id'] })
@Index({ properties: ['companyId', 'createdAt', 'id'] })
export class Project extends TenantEntity {
  [OptionalProps]?: 'description' | 'status' | 'visibility' | 'createdAt' | 'lastTaskNumber';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('project');

  @WithinCompany(() => Workspace, 'workspace_id')
  workspace!: Ref<Workspace>;

  @Field({ description: "First part of the tasks' keys: the WEB of WEB-42." })
  @Property({ length: 10 })
  key!: string;

  @Field()
  @Property({ length: 200 })
  name!: string;

  @Field()
  @Property({ type: 'text' })
  description: string = '';

  @WithinCompany(() => Member, 'manager_id')
  manager!: Ref<Member>;

  @Field(() => ProjectStatus)
  @Property({ type: 'string', length: 20 })
  status: ProjectStatus = ProjectStatus.PLANNED;

  @Field(() => Visibility)
  @Property({ type: 'string', length: 20 })
  visibility: Visibility = Visibility.MEMBERS;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();

  /** The number given last; taken under this row's lock. */
  @Property()
  lastTaskNumber: number = 0;
}

/** What one member may do in one project. */
@ObjectType({ description: 'What one member may do in one project.' })
@Entity({ tableName: 'project_permissions' })
export class ProjectPermission extends TenantEntity {
  [OptionalProps]?: 'asInternal' | 'canShare';

  @WithinCompany(() => Project, 'project_id', { primary: true, index: false })
  project!: Ref<Project>;

  @WithinCompany(() => Member, 'member_id', { primary: true })
  member!: Ref<Member>;

  @Field(() => Level)
  @Property({ type: 'string', length: 10 })
  level!: Level;

  /** The project took this external as an internal member: with a licence they may be a solver here. */
  @Field({ description: 'Whether the project took this external as an internal member.' })
  @Property()
  asInternal: boolean = false;

  /** An administrator lets this member show the project, and its public tasks, to who has no account. */
  @Field({ description: 'Whether the member may grant anonymous follows of it and of its public tasks.' })
  @Property()
  canShare: boolean = false;
}
