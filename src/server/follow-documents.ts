const FACE =
  'number title publicStatus priority startOn dueOn progressPercent comments(first: 100) { nodes { body createdAt } }';

/** What the page behind a follow link asks: the first look, and what comes after it. */
export const FOLLOWED = `{ followed { task { ${FACE} } } }`;
export const FOLLOWED_CHANGED = `subscription ($after: String) { followedChanged(after: $after) { kind cursor task { ${FACE} } } }`;

/** The documents that every follower may run. */
export const followDocuments = [FOLLOWED, FOLLOWED_CHANGED];
