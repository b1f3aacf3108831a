import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { TenantEntity } from './tenant.js';

/** When somebody came in last by one of the company's ways in: by a membership, a key, a follow, a grant to support. */
@Entity({ tableName: 'last_uses' })
export class LastUse extends TenantEntity {
  /** The way in: `member_…`, `apikey_…` and so on. */
  @PrimaryKey({ length: 40 })
  objectId!: string;

  /** To the minute. */
  @Property({ length: 3 })
  usedAt!: Date;
}
