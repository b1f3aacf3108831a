import type { EntityClass } from '@mikro-orm/core';
import { Filter, ManyToOne, PrimaryKey } from '@mikro-orm/decorators/legacy';

/** Company data. The filter's parameter is required: a query that no company was bound to throws. */
@Filter({ name: 'tenant', cond: (args) => ({ companyId: args.companyId }), default: true })
export abstract class TenantEntity {
  @PrimaryKey({ length: 40 })
  companyId!: string;
}

/** User data, closed in the same way by the user's key. */
@Filter({ name: 'user', cond: (args) => ({ userId: args.userId }), default: true })
export abstract class UserEntity {
  @PrimaryKey({ length: 40 })
  userId!: string;
}

interface RelationOptions {
  nullable?: boolean;
  primary?: boolean;
  /** False where a longer index begins with the same columns. */
  index?: boolean;
}

/**
 * A relation inside one tenant: the key's first column is this row's own `company_id`, so a row of another company
 * cannot be referred to, not even by raw SQL.
 */
export const WithinCompany = (target: () => EntityClass<object>, column: string, options: RelationOptions = {}) =>
  within('company_id', target, column, options);

/** The same for the data of one user. */
export const WithinUser = (target: () => EntityClass<object>, column: string, options: RelationOptions = {}) =>
  within('user_id', target, column, options);

/** The key itself refers to the company; for the tables that everything else of a company hangs on. */
export const OfCompany = (target: () => EntityClass<object>) => ofRoot('company_id', target);

/** The same for the tables that a user's data hangs on. */
export const OfUser = (target: () => EntityClass<object>) => ofRoot('user_id', target);

const ofRoot = (key: string, target: () => EntityClass<object>) =>
  ManyToOne(target, { joinColumns: [key], ownColumns: [], deleteRule: 'restrict', updateRule: 'restrict', ref: true });

const within = (key: string, target: () => EntityClass<object>, column: string, options: RelationOptions) =>
  ManyToOne(target, {
    joinColumns: [key, column],
    ownColumns: [column],
    deleteRule: 'restrict',
    updateRule: 'restrict',
    ref: true,
    ...options,
  });
