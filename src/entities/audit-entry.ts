import { Entity, Index, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { newId } from '../schema/ids.js';
import { TenantEntity } from './tenant.js';
import { AuditResult } from './vocabulary.js';

/**
 * One line of a company's audit log: who did what, or was refused, and from where. Written once, numbered without gaps, and
 * chained: its hash covers the hash before it, see `domain/audit-chain.ts`. People stand in it by pseudonyms only, the ids
 * of their memberships; where they were is told by columns that the hash covers through a salted digest, so that an erasure
 * can empty them.
 */
@ObjectType({ description: 'One line of the audit log: who did what, or was refused, and from where.' })
@Entity({ tableName: 'audit_entries' })
@Unique({ properties: ['companyId', 'number'] })
@Unique({ properties: ['companyId', 'occurredAt'] })
@Index({ properties: ['companyId', 'action', 'occurredAt'] })
@Index({ properties: ['companyId', 'actorId', 'occurredAt'] })
@Index({ properties: ['companyId', 'objectId', 'occurredAt'] })
@Index({ properties: ['companyId', 'result', 'occurredAt'] })
export class AuditEntry extends TenantEntity {
  @Field(() => ID)
  @PrimaryKey({ length: 40 })
  id: string = newId('audit');

  @Field(() => Int, { description: "Its place in the company's chain: from 1, without gaps." })
  @Property({ type: 'bigint' })
  number!: number;

  @Field({
    description: 'What was done, such as member.deactivated; of what was refused, the field that was asked for.',
  })
  @Property({ length: 60 })
  action!: string;

  @Field(() => AuditResult)
  @Property({ type: 'string', length: 20 })
  result!: AuditResult;

  @Field(() => String, { nullable: true, description: 'Of what was refused, why: a reason of the list of errors.' })
  @Property({ type: 'string', length: 40, nullable: true })
  reason?: string | null;

  @Field({ description: 'The way in that the actor came by.' })
  @Property({ length: 20 })
  entryPoint!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The member, the API key or the follow that acted. None for the operator, and for who was not let in.',
  })
  @Property({ type: 'string', length: 40, nullable: true })
  actorId?: string | null;

  @Field(() => String, { nullable: true, description: 'What it was done to.' })
  @Property({ type: 'string', length: 40, nullable: true })
  objectId?: string | null;

  /** JSON as it was hashed: a JSON column would put it into another order. */
  @Property({ type: 'text' })
  details!: string;

  @Field(() => String, { nullable: true, description: 'Where it came from: an IP address. Null once it was erased.' })
  @Property({ type: 'string', length: 45, nullable: true })
  address?: string | null;

  @Field(() => String, { nullable: true, description: "The client's own word for itself. Null once it was erased." })
  @Property({ type: 'string', length: 200, nullable: true })
  userAgent?: string | null;

  /** Makes the digest of the two above tell nothing when they are gone; it goes with them. */
  @Property({ type: 'string', length: 43, nullable: true })
  originSalt?: string | null;

  @Property({ length: 64 })
  originDigest!: string;

  @Field({ description: 'SHA-256 over this entry and the hash before it, in hexadecimal.' })
  @Property({ length: 64 })
  hash!: string;

  @Field({ description: 'No two of a company have the same, and a later one has a later one.' })
  @Property({ length: 3 })
  occurredAt!: Date;
}

/** Where a company's chain ends, sealed with the server's key: who has the database alone cannot make another chain pass. */
@Entity({ tableName: 'audit_heads' })
export class AuditHead extends TenantEntity {
  @Property({ type: 'bigint' })
  number!: number;

  @Property({ length: 64 })
  hash!: string;

  @Property({ length: 64 })
  seal!: string;

  /** Of the last entry. */
  @Property({ length: 3 })
  occurredAt!: Date;
}
