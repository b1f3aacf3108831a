/** Of objects and lists in one another, in a body or a message; a saved filter that is at its limit has half of it. */
export const MAX_DEPTH = 128;

/** Items of lists and fields of objects, likewise: what is beside the variables has a fifth as many. */
export const MAX_VALUES = 2_500;

/** How long a reader that is too slow has to take its last words. */
export const LAST_WORDS_MS = 5_000;
