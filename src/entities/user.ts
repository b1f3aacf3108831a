import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { Node } from '../schema/node.js';
import { OfUser, UserEntity, WithinUser } from './tenant.js';

/** A person, across companies. Of it, a company's directory shows the name and the address, and nothing else. */
@ObjectType({ implements: Node, description: 'A person, in all their companies.' })
@Entity({ tableName: 'users' })
export class User {
  [OptionalProps]?: 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('user');

  /** In the one form that `foldAddress` makes. */
  @Field()
  @Property({ length: 254 })
  @Unique()
  email!: string;

  @Field()
  @Property({ length: 200 })
  name!: string;

  @Property({ length: 3 })
  createdAt: Date = new Date();
}

/** How an issuer calls a person: the pair in a verified token that finds the user. */
@Entity({ tableName: 'user_identities' })
export class UserIdentity {
  [OptionalProps]?: 'createdAt';

  @PrimaryKey({ length: 255 })
  issuer!: string;

  @PrimaryKey({ length: 255 })
  subject!: string;

  @ManyToOne(() => User, { ref: true, deleteRule: 'restrict', updateRule: 'restrict' })
  user!: Ref<User>;

  /** When the issuer said the address that the person has by it; null where it did not tell. */
  @Property({ type: 'datetime', length: 3, nullable: true })
  addressedAt?: Date | null;

  @Property({ length: 3 })
  createdAt: Date = new Date();
}

/** A person's own saved filter over tasks; nobody else reads it. */
@ObjectType({ implements: Node, description: 'A saved filter of your own; nobody else sees it.' })
@Entity({ tableName: 'personal_views' })
export class PersonalView extends UserEntity {
  [OptionalProps]?: 'user' | 'filter' | 'createdAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('view');

  @OfUser(() => User)
  user!: Ref<User>;

  @Field()
  @Property({ length: 200 })
  name!: string;

  @Property({ type: 'json' })
  filter: object = {};

  @Field()
  @Property({ length: 3 })
  createdAt: Date = new Date();
}

/** How a person likes the product; one row per user. */
@ObjectType({ description: 'How you like the product; nobody else sees it.' })
@Entity({ tableName: 'user_preferences' })
@Unique({ properties: ['userId'] })
export class UserPreferences extends UserEntity {
  [OptionalProps]?: 'user' | 'locale' | 'timeZone';

  @PrimaryKey({ length: 40 })
  id: string = newId('preferences');

  @OfUser(() => User)
  user!: Ref<User>;

  @Field({ description: 'BCP 47 language tag.' })
  @Property({ length: 35 })
  locale: string = 'en';

  @Field({ description: 'IANA time zone.' })
  @Property({ length: 64 })
  timeZone: string = 'UTC';

  @WithinUser(() => PersonalView, 'default_view_id', { nullable: true })
  defaultView?: Ref<PersonalView> | null;
}
