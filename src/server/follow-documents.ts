const TASK =
  'task { number title publicStatus priority startOn dueOn progressPercent comments(last: 100) { nodes { id body createdAt followerName } } }';
const FACE = `${TASK} project { key name publicStatus progressPercent }`;

/** What the page behind a follow link asks: the first look, and what comes after it. */
export const FOLLOWED = `{ followed { canComment ${FACE} } }`;
export const FOLLOWED_CHANGED = `subscription ($after: String) { followedChanged(after: $after) { kind cursor ${FACE} } }`;
/** What its form sends, where the link allows it. */
export const ADD_COMMENT =
  'mutation ($input: AddFollowerCommentInput!) { addFollowerComment(input: $input) { userErrors { field code message } } }';

/** The documents that every follower may run. */
export const followDocuments = [FOLLOWED, FOLLOWED_CHANGED, ADD_COMMENT];
