import { OptionalProps, type Ref } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { newId } from '../schema/ids.js';
import { Company } from './company.js';
import { TenantEntity } from './tenant.js';

/**
 * A letter that is to be sent, written with the change that it tells of, and deleted when it is on its way. What it says
 * is sealed. It is the post's, and no company's data: found by when it is due, whichever company's it is, and shown to nobody.
 */
@Entity({ tableName: 'letters' })
@Index({ properties: ['dueAt'] })
export class WaitingLetter {
  [OptionalProps]?: 'attempts' | 'dueAt' | 'createdAt';

  @PrimaryKey({ length: 40 })
  id: string = newId('letter');

  @ManyToOne(() => Company, { ref: true, deleteRule: 'restrict', updateRule: 'restrict' })
  company!: Ref<Company>;

  /** What it is about, in a word for the operator. */
  @Property({ length: 40 })
  kind!: string;

  @Property({ type: 'text', columnType: 'longtext' })
  sealed!: string;

  /** How often it has been taken to be sent: who changes it by one has it. */
  @Property()
  attempts: number = 0;

  @Property({ length: 3 })
  dueAt: Date = new Date();

  @Property({ length: 3 })
  createdAt: Date = new Date();
}

/** How many letters a company has posted on one day. */
@Entity({ tableName: 'letter_counts' })
export class LetterCount extends TenantEntity {
  /** The day in UTC, such as 2026-01-31. */
  @Property({ length: 10 })
  day!: string;

  @Property()
  number!: number;
}
