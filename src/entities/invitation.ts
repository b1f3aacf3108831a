import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Company } from './company.js';
import { Member } from './member.js';
import { OfCompany, TenantEntity, WithinCompany } from './tenant.js';
import { InvitationStatus, MembershipKind, Role } from './vocabulary.js';

/**
 * An offer to become a member, made to an address. It may also be found by that address, across companies: so whoever signs
 * in with it sees what is offered to them. The letter's secret is not here, only its fingerprint.
 */
@ObjectType({ implements: Node, description: 'An offer to become a member, made to an address.' })
@Entity({ tableName: 'invitations' })
@Unique({ properties: ['companyId', 'openEmail'] })
@Index({ properties: ['email'] })
@Index({ properties: ['companyId', 'createdAt', 'id'] })
export class Invitation extends TenantEntity {
  [OptionalProps]?: 'company' | 'createdAt' | 'issuedAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('invitation');

  @OfCompany(() => Company)
  company!: Ref<Company>;

  /** In lower case, as a user's is. */
  @Field({ description: 'The address that it was made to.' })
  @Property({ length: 254 })
  email!: string;

  /** The same as long as nobody has answered or taken it back: one company has one open invitation to an address. */
  @Property({ type: 'string', length: 254, nullable: true })
  openEmail?: string | null;

  @Field(() => MembershipKind)
  @Property({ type: 'string', length: 20 })
  kind!: MembershipKind;

  @Field(() => Role)
  @Property({ type: 'string', length: 20 })
  role!: Role;

  @Field({ description: 'What the letter says beside the offer, in your words.' })
  @Property({ length: 500 })
  note: string = '';

  @Property({ length: 64 })
  secretHash!: string;

  /** Never EXPIRED: time tells that. */
  @Property({ type: 'string', length: 20 })
  status: InvitationStatus = InvitationStatus.PENDING;

  @WithinCompany(() => Member, 'invited_by_id')
  invitedBy!: Ref<Member>;

  /** When it was made, renewed or sent again last. */
  @Property({ length: 3 })
  issuedAt: Date = new Date();

  @Field()
  @Property({ length: 3 })
  expiresAt!: Date;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();
}
