import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Member } from './member.js';
import { TenantEntity, WithinCompany } from './tenant.js';
import { SsoProtocol } from './vocabulary.js';

/** A domain of mail addresses that a company says is its own, and has proven by a record in it, or not yet. */
@ObjectType({
  implements: Node,
  description: 'A domain of addresses that the company claims, and proves by a DNS record.',
})
@Entity({ tableName: 'sso_domains' })
@Unique({ properties: ['companyId', 'domain'] })
export class SsoDomain extends TenantEntity {
  [OptionalProps]?: 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('domain');

  @Field({ description: 'In lower case, and in ASCII.' })
  @Property({ length: 253 })
  domain!: string;

  @Field({ description: 'The text that the TXT record at `recordName` is to have.' })
  @Property({ length: 80 })
  challenge!: string;

  /** The domain once more while it is proven: one company at most has that. */
  @Property({ type: 'string', length: 253, nullable: true })
  @Unique()
  provenDomain?: string | null;

  @Field(() => Date, { nullable: true, description: 'Since when it is proven; null while it is not.' })
  @Property({ type: 'datetime', length: 3, nullable: true })
  verifiedAt?: Date | null;

  /** When the record was looked for last. */
  @Property({ type: 'datetime', length: 3, nullable: true })
  checkedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Since when the record of a proven domain is missing: after a week the proof is lost.',
  })
  @Property({ type: 'datetime', length: 3, nullable: true })
  failingSince?: Date | null;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();
}

/** A company's own issuer, of OpenID Connect or SAML. A company has one at most; another issuer or client is another row. */
@ObjectType({ implements: Node, description: "The company's own issuer, at which its people sign in." })
@Entity({ tableName: 'sso_providers' })
@Unique({ properties: ['companyId'] })
export class SsoProvider extends TenantEntity {
  [OptionalProps]?: 'protocol' | 'isEnforced' | 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('provider');

  @Field(() => SsoProtocol)
  @Property({ type: 'string', length: 10 })
  protocol: SsoProtocol = SsoProtocol.OIDC;

  @Field({ description: 'As it calls itself: a URL of OpenID Connect, an entity id of SAML.' })
  @Property({ length: 255 })
  issuer!: string;

  @Field(() => String, { nullable: true, description: 'Of our client there; of OpenID Connect.' })
  @Property({ type: 'string', length: 255, nullable: true })
  clientId?: string | null;

  /** Sealed; see `domain/data-keys.ts`. */
  @Property({ type: 'text', nullable: true })
  clientSecret?: string | null;

  @Field(() => String, { nullable: true, description: 'Where the browser goes; of SAML.' })
  @Property({ type: 'string', length: 1000, nullable: true })
  signInUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'That its assertions are signed with, in PEM; of SAML.' })
  @Property({ type: 'text', nullable: true })
  certificates?: string | null;

  @Field({ description: 'Whether those whose address has a proven domain come in by it, and by nothing else.' })
  @Property()
  isEnforced: boolean = false;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();
}

/** How a company's own issuer calls one of its members: it says who they are in this company, and nowhere else. */
@Entity({ tableName: 'sso_identities' })
@Unique({ properties: ['companyId', 'provider', 'member'] })
export class SsoIdentity extends TenantEntity {
  [OptionalProps]?: 'createdAt';

  @WithinCompany(() => SsoProvider, 'provider_id', { primary: true, index: false })
  provider!: Ref<SsoProvider>;

  @PrimaryKey({ length: 255 })
  subject!: string;

  @WithinCompany(() => Member, 'member_id')
  member!: Ref<Member>;

  @Property({ length: 3 })
  createdAt: Date = new Date();
}
