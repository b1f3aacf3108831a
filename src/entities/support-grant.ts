import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Member } from './member.js';
import { TenantEntity, WithinCompany } from './tenant.js';

/** An administrator's leave for the operator's support to read in the company, for a time. */
@ObjectType({ implements: Node, description: "Leave for the operator's support to read in the company, for a time." })
@Entity({ tableName: 'support_grants' })
@Index({ properties: ['companyId', 'createdAt', 'id'] })
export class SupportGrant extends TenantEntity {
  [OptionalProps]?: 'reason' | 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('support');

  @Field({ description: 'What it is for, in your words.' })
  @Property({ length: 200 })
  reason: string = '';

  @WithinCompany(() => Member, 'granted_by_id')
  grantedBy!: Ref<Member>;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();

  @Field()
  @Property({ length: 3 })
  expiresAt!: Date;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', length: 3, nullable: true })
  revokedAt?: Date | null;
}
