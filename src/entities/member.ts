import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { NeedsScope } from '../schema/directives.js';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Company } from './company.js';
import { OfCompany, TenantEntity } from './tenant.js';
import { User } from './user.js';
import { MembershipKind, Role } from './vocabulary.js';

/** A person's membership in one company: what the person may do there hangs on it. */
@NeedsScope('MEMBERS_READ')
@ObjectType({ implements: Node, description: "Somebody in the company's directory." })
@Entity({ tableName: 'members' })
@Unique({ properties: ['companyId', 'user'] })
@Index({ properties: ['companyId', 'createdAt', 'id'] })
export class Member extends TenantEntity {
  [OptionalProps]?: 'company' | 'role' | 'kind' | 'licensedAsInternal' | 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('member');

  @OfCompany(() => Company)
  company!: Ref<Company>;

  @ManyToOne(() => User, { ref: true, deleteRule: 'restrict', updateRule: 'restrict' })
  user!: Ref<User>;

  @Field(() => Role)
  @Property({ type: 'string', length: 20 })
  role: Role = Role.MEMBER;

  @Field(() => MembershipKind)
  @Property({ type: 'string', length: 20 })
  kind: MembershipKind = MembershipKind.INTERNAL;

  /** Lets an external be a solver in the projects that took them as internal members, and nothing else. */
  @Field({ description: 'Whether this external may be a solver in projects that took them as internal.' })
  @Property()
  licensedAsInternal: boolean = false;

  /** The company's own word for this person, where it is not theirs. */
  @Property({ type: 'string', length: 200, nullable: true })
  displayName?: string | null;

  @Field(() => String, { nullable: true, description: 'What they do in this company, in its words.' })
  @Property({ type: 'string', length: 200, nullable: true })
  title?: string | null;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', length: 3, nullable: true })
  deactivatedAt?: Date | null;

  /** When they were let in again last: what their company's own issuer began before is over. */
  @Property({ type: 'datetime', length: 3, nullable: true })
  readmittedAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'When the company was made to forget who they were.' })
  @Property({ type: 'datetime', length: 3, nullable: true })
  erasedAt?: Date | null;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();
}
