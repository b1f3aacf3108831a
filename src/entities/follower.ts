import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Follow } from './follow.js';
import { TenantEntity, WithinCompany } from './tenant.js';

/**
 * Somebody who came in by a follow's door, or was invited by a letter, and is known again by a secret of their own. Of who came
 * by the link alone nobody knows who they are.
 */
@ObjectType({ implements: Node, description: 'Somebody who came in by a follow, as one browser or program.' })
@Entity({ tableName: 'followers' })
@Unique({ properties: ['companyId', 'renewalHash'] })
@Unique({ properties: ['companyId', 'follow', 'emailHash'] })
@Index({ properties: ['companyId', 'follow', 'createdAt', 'id'] })
export class Follower extends TenantEntity {
  [OptionalProps]?: 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('follower');

  @WithinCompany(() => Follow, 'follow_id', { index: false })
  follow!: Ref<Follow>;

  /** Of the secret by which they get a fresh token; it is in the letter of who was invited. */
  @Property({ length: 64 })
  renewalHash!: string;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();

  @Field(() => Date, { nullable: true, description: 'When they were put out, or unsubscribed.' })
  @Property({ type: 'datetime', length: 3, nullable: true })
  endedAt?: Date | null;

  /** Kept here and nowhere else, until they unsubscribe. */
  @Field(() => String, { nullable: true, description: 'Of who was invited by a letter, until they unsubscribe.' })
  @Property({ type: 'string', length: 254, nullable: true })
  email?: string | null;

  /** A keyed one: who has unsubscribed is known again, and not invited once more. */
  @Property({ type: 'string', length: 64, nullable: true })
  emailHash?: string | null;

  @Field(() => Date, { nullable: true, description: 'When the last letter was posted; null for who came by the link.' })
  @Property({ type: 'datetime', length: 3, nullable: true })
  invitedAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'When they said that they want to follow.' })
  @Property({ type: 'datetime', length: 3, nullable: true })
  confirmedAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'When they said that they want no more letters.' })
  @Property({ type: 'datetime', length: 3, nullable: true })
  unsubscribedAt?: Date | null;
}

/** What a follower who came by the link does not have. */
export const uninvited = { email: null, emailHash: null, invitedAt: null, confirmedAt: null, unsubscribedAt: null };
