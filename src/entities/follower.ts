import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Follow } from './follow.js';
import { TenantEntity, WithinCompany } from './tenant.js';

/** Somebody who came in by a follow's door, and is known again by a secret of their own. Who they are nobody knows. */
@ObjectType({ implements: Node, description: 'Somebody who came in by a follow, as one browser or program.' })
@Entity({ tableName: 'followers' })
@Unique({ properties: ['companyId', 'renewalHash'] })
@Index({ properties: ['companyId', 'follow', 'createdAt', 'id'] })
export class Follower extends TenantEntity {
  [OptionalProps]?: 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('follower');

  @WithinCompany(() => Follow, 'follow_id', { index: false })
  follow!: Ref<Follow>;

  /** Of the secret by which they get a fresh token. */
  @Property({ length: 64 })
  renewalHash!: string;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();

  @Field(() => Date, { nullable: true, description: 'When an administrator put them out.' })
  @Property({ type: 'datetime', length: 3, nullable: true })
  endedAt?: Date | null;
}
