import { OptionalProps } from '@mikro-orm/core';
import { Entity, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { TenantEntity, UserEntity } from './tenant.js';

/**
 * What came of a member's command, under the key that it was sent with: who sends it again is answered from here. The
 * key, the field of the document and the request are there as fingerprints, and the outcome is sealed.
 */
@Entity({ tableName: 'idempotency_records' })
@Index({ properties: ['companyId', 'createdAt'] })
export class IdempotencyRecord extends TenantEntity {
  [OptionalProps]?: 'createdAt';

  @PrimaryKey({ length: 64 })
  keyHash!: string;

  @PrimaryKey({ length: 64 })
  fieldHash!: string;

  @Property({ length: 64 })
  bodyHash!: string;

  /** None while the transaction that wrote the row is at work; nobody else sees that. */
  @Property({ type: 'text', columnType: 'longtext', nullable: true })
  outcome?: string | null;

  @Property({ length: 3 })
  createdAt: Date = new Date();
}

/** The same for commands on what is the user's own. */
@Entity({ tableName: 'user_idempotency_records' })
@Index({ properties: ['userId', 'createdAt'] })
export class UserIdempotencyRecord extends UserEntity {
  [OptionalProps]?: 'createdAt';

  @PrimaryKey({ length: 64 })
  keyHash!: string;

  @PrimaryKey({ length: 64 })
  fieldHash!: string;

  @Property({ length: 64 })
  bodyHash!: string;

  @Property({ type: 'text', columnType: 'longtext', nullable: true })
  outcome?: string | null;

  @Property({ length: 3 })
  createdAt: Date = new Date();
}
