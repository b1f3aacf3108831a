import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { PublicFace } from '../schema/directives.js';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Member } from './member.js';
import { Project } from './project.js';
import { Task } from './task.js';
import { TenantEntity, WithinCompany } from './tenant.js';
import { FollowedKind } from './vocabulary.js';

/** A grant to watch one object's public face without an account. The link's secret is not here, only its fingerprint. */
@ObjectType({ implements: Node, description: "An anonymous follow: a link that shows one object's public face." })
@Entity({ tableName: 'follows' })
@Unique({ properties: ['companyId', 'secretHash'] })
@Index({ properties: ['companyId', 'createdAt', 'id'] })
@Index({ properties: ['companyId', 'grantedBy', 'createdAt', 'id'] })
export class Follow extends TenantEntity {
  [OptionalProps]?: 'objectKind' | 'label' | 'canComment' | 'followerCount' | 'createdAt';

  @PublicFace()
  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('follow');

  @PublicFace()
  @Field(() => FollowedKind)
  @Property({ type: 'string', length: 20 })
  objectKind: FollowedKind = FollowedKind.TASK;

  /** The one that is shown; null where it is a project. */
  @WithinCompany(() => Task, 'task_id', { nullable: true })
  task?: Ref<Task> | null;

  /** The same the other way round. */
  @WithinCompany(() => Project, 'project_id', { nullable: true })
  project?: Ref<Project> | null;

  /** Who the link was given to, in the words of who granted it. */
  @Field({ description: 'Whom the link is for, to tell it from others; the follower never sees it.' })
  @Property({ length: 200 })
  label: string = '';

  @Property({ length: 64 })
  secretHash!: string;

  @WithinCompany(() => Member, 'granted_by_id', { index: false })
  grantedBy!: Ref<Member>;

  @PublicFace()
  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', length: 3, nullable: true })
  expiresAt?: Date | null;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', length: 3, nullable: true })
  revokedAt?: Date | null;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();

  /** Of the password that the door asks for beside the link; none where the link alone is enough. */
  @Property({ type: 'string', length: 200, nullable: true })
  passwordHash?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many may come in by it at all; null where nobody counts.' })
  @Property({ type: 'integer', nullable: true })
  maxFollowers?: number | null;

  @PublicFace()
  @Field({ description: 'Whether its followers may write public comments.' })
  @Property()
  canComment: boolean = false;

  /** Who was put out is counted on: so an end frees no place. */
  @Property()
  followerCount: number = 0;
}
