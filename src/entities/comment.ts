import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { NeedsScope, PublicFace } from '../schema/directives.js';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { ApiKey } from './api-key.js';
import { Follower } from './follower.js';
import { Member } from './member.js';
import { Task } from './task.js';
import { TenantEntity, WithinCompany } from './tenant.js';
import { Privacy } from './vocabulary.js';

/** What somebody said about a task; public or internal, never private. */
@NeedsScope('COMMENTS_READ')
@ObjectType({ implements: Node, description: 'What somebody said about a task.' })
@Entity({ tableName: 'comments' })
@Unique({ properties: ['companyId', 'task', 'number'] })
@Index({ properties: ['companyId', 'follower', 'createdAt'] })
export class Comment extends TenantEntity {
  [OptionalProps]?: 'privacy' | 'createdAt';

  @PublicFace()
  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('comment');

  @WithinCompany(() => Task, 'task_id', { index: false })
  task!: Ref<Task>;

  /** Unique in the task, given in order: its gaps would tell of comments that somebody does not see. */
  @Property()
  number!: number;

  /** None where a program or a follower wrote it. */
  @WithinCompany(() => Member, 'author_id', { nullable: true })
  author?: Ref<Member> | null;

  @WithinCompany(() => ApiKey, 'author_key_id', { nullable: true })
  authorKey?: Ref<ApiKey> | null;

  /** Who it was of those who came in by the follow's door. */
  @WithinCompany(() => Follower, 'follower_id', { nullable: true, index: false })
  follower?: Ref<Follower> | null;

  @PublicFace()
  @Field(() => String, {
    nullable: true,
    description: 'What the follower who wrote it calls themself; nobody has verified it. Null where none did.',
  })
  @Property({ type: 'string', length: 80, nullable: true })
  followerName?: string | null;

  @PublicFace()
  @Field()
  @Property({ type: 'text' })
  body!: string;

  @Field(() => Privacy)
  @Property({ type: 'string', length: 10 })
  privacy: Privacy = Privacy.INTERNAL;

  @PublicFace()
  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();
}
