import type { Follow } from '../entities/follow.js';
import type { Row } from '../entities/rows.js';
import type { Columns, Facts, Policy } from './rule.js';

export type FollowFact = 'grantedById';

/** Who sees an anonymous follow with its followers, and ends it. Nobody else knows that there is one. */
export const followPolicy: Policy<FollowFact> = {
  rules: [
    { why: 'administrator', who: (v) => v.isAdmin, level: 'MANAGE' },
    { why: 'who granted it', who: (v) => v.isInternal, where: { isViewer: 'grantedById' }, level: 'MANAGE' },
  ],
  forExternals: { atMost: 'EDIT' },
};

/** Where the facts stand in a row. */
export const followColumns = { grantedById: 'grantedBy' } satisfies Columns<FollowFact>;

export const followFacts = (follow: Pick<Row<Follow>, 'grantedBy'>): Facts<FollowFact> => ({
  grantedById: follow.grantedBy.id,
});
