/** What an API key can be allowed: an area, to read or to write; who writes in an area reads in it. None adds people. */
export const SCOPES = [
  'PROJECTS_READ',
  'PROJECTS_WRITE',
  'TASKS_READ',
  'TASKS_WRITE',
  'COMMENTS_READ',
  'COMMENTS_WRITE',
  'MEMBERS_READ',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Whether scopes are enough for what asks for one; people have none, and are asked about most. */
export const hasScope = (scopes: readonly Scope[], needed: Scope): boolean =>
  scopes.length > 0 &&
  (scopes.includes(needed) ||
    (needed.endsWith('_READ') && scopes.includes(needed.replace('_READ', '_WRITE') as Scope)));
