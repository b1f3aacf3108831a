import { OptionalProps } from '@mikro-orm/core';
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { TenantEntity } from './tenant.js';

/**
 * A key that a company's secrets are sealed with, wrapped by a key that never leaves its vault. The newest generation seals;
 * older ones still open what they have sealed.
 */
@Entity({ tableName: 'data_keys' })
export class DataKey extends TenantEntity {
  [OptionalProps]?: 'createdAt';

  /** From 1, without gaps. */
  @PrimaryKey({ type: 'int', autoincrement: false })
  generation!: number;

  @Property({ type: 'text' })
  wrapped!: string;

  /** By which key it is wrapped, and by which version of that. */
  @Property({ length: 127 })
  keyName!: string;

  @Property({ length: 64 })
  keyVersion!: string;

  @Property({ length: 3 })
  createdAt: Date = new Date();

  /** Since when another generation seals. */
  @Property({ type: 'datetime', length: 3, nullable: true })
  retiredAt?: Date | null;
}
