import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { Member } from './member.js';
import { TenantEntity, WithinCompany } from './tenant.js';
import { Scope } from './vocabulary.js';

/** A way into the company for a program, which acts as itself. Its secrets are not here, only their fingerprints. */
@ObjectType({ implements: Node, description: 'A way into the company for a program, which acts as itself.' })
@Entity({ tableName: 'api_keys' })
@Index({ properties: ['companyId', 'createdAt', 'id'] })
export class ApiKey extends TenantEntity {
  [OptionalProps]?: 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('apikey');

  @Field({ description: 'What the program is called in the company; shown beside what it does.' })
  @Property({ length: 200 })
  name!: string;

  @Field(() => [Scope])
  @Property({ type: 'json' })
  scopes!: Scope[];

  @Field(() => [String], { description: 'From where it is good: addresses and ranges; from everywhere when empty.' })
  @Property({ type: 'json' })
  allowedAddresses!: string[];

  @WithinCompany(() => Member, 'created_by_id')
  createdBy!: Ref<Member>;

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

/** One of a key's secrets: while it is being rotated it has two. */
@ObjectType({ description: 'One of the secrets of an API key: how it begins, and when it ends.' })
@Entity({ tableName: 'api_key_secrets' })
export class ApiKeySecret extends TenantEntity {
  [OptionalProps]?: 'createdAt';

  @PrimaryKey({ length: 64 })
  hash!: string;

  @WithinCompany(() => ApiKey, 'key_id')
  key!: Ref<ApiKey>;

  @Field({ description: 'How it begins, to be told from others.' })
  @Property({ length: 60 })
  prefix!: string;

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();

  @Field(() => Date, { nullable: true, description: 'Where it ends before its key does: a newer one has taken over.' })
  @Property({ type: 'datetime', length: 3, nullable: true })
  expiresAt?: Date | null;
}
