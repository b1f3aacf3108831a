import type { EntityClass } from '@mikro-orm/core';
import { SsoProvider } from '../entities/single-sign-on.js';

/** A column whose values are sealed with the company's data key, in a table whose rows have an id. */
export interface SealedColumn {
  readonly table: string;
  readonly type: EntityClass<{ companyId: string; id: string }>;
  readonly property: string;
}

export const SSO_SECRET: SealedColumn = { table: 'sso_providers', type: SsoProvider, property: 'clientSecret' };

/** All of them: a column that is not here keeps the generation that it was sealed with when keys are renewed. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [SSO_SECRET];
