/**
 * A value that the database cannot answer when something is so: asked for as `select`, what comes behind it in a text, the
 * commit, is not reached then.
 */
export const unless = (condition: string): string => `if(${condition}, (select 1 union all select 2), 0) as expected`;

/** What the database says then; nothing else asks for a single row and gets two. */
export const UNMET = 'ER_SUBQUERY_NO_1_ROW';
