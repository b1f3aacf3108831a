/** Of objects and lists in one another, in a body or a message; a saved filter that is at its limit has half of it. */
export const MAX_DEPTH = 128;

/** How long a reader that is too slow has to take its last words. */
export const LAST_WORDS_MS = 5_000;
