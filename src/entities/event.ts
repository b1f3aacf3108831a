import { OptionalProps } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { TenantEntity } from './tenant.js';

/**
 * The number of a company's latest event. A row of its own that nothing refers to, because every change of the
 * company locks it: a foreign key to it would lock it too, in another order.
 */
@Entity({ tableName: 'log_heads' })
export class LogHead extends TenantEntity {
  [OptionalProps]?: 'seq';

  @Property({ type: 'bigint' })
  seq: number = 0;
}

/** One change, in the company's order. Committed with the change itself, never altered. */
@Entity({ tableName: 'events' })
export class Event extends TenantEntity {
  [OptionalProps]?: 'occurredAt';

  @PrimaryKey({ type: 'bigint', autoincrement: false })
  seq!: number;

  @Property({ length: 60 })
  type!: string;

  @Property({ length: 40 })
  objectId!: string;

  @Property({ type: 'json' })
  data!: object;

  @Property({ length: 3 })
  @Index()
  occurredAt: Date = new Date();
}

@ObjectType({ description: 'One field that changed.' })
export class FieldChange {
  @Field()
  field!: string;

  @Field(() => String, { nullable: true })
  before!: string | null;

  @Field(() => String, { nullable: true })
  after!: string | null;
}

/** Who changed what, when, from what to what, and through which entry point. */
@ObjectType('History', { description: 'Who changed what, when, and through which entry point.' })
@Entity({ tableName: 'history' })
@Index({ properties: ['companyId', 'objectId', 'id'] })
export class HistoryEntry extends TenantEntity {
  [OptionalProps]?: 'changes' | 'occurredAt';

  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('history');

  @Property({ length: 40 })
  objectId!: string;

  @Field({ description: 'What happened, such as task.moved.' })
  @Property({ length: 60 })
  type!: string;

  /** A member, an API key or a follower, or none where the operator acted. */
  @Property({ type: 'string', length: 40, nullable: true })
  actorId?: string | null;

  @Field({ description: 'The way in that the actor came by.' })
  @Property({ length: 20 })
  entryPoint!: string;

  /** Field by field: `[before, after]`. */
  @Property({ type: 'json' })
  changes: Record<string, [unknown, unknown]> = {};

  @Field()
  @Property({ length: 3 })
  occurredAt: Date = new Date();
}
