import type { Level } from '../entities/vocabulary.js';

const RANKS: Record<Level, number> = { VIEW: 0, COMMENT: 1, EDIT: 2, MANAGE: 3 };

/** A level's place among the levels; no level comes before all. */
export const rank = (level: Level | null): number => (level === null ? -1 : RANKS[level]);

/** Whether a level, which may be none, is enough. */
export const isAtLeast = (level: Level | null, needed: Level): boolean => rank(level) >= rank(needed);

export const lower = (a: Level, b: Level): Level => (rank(a) <= rank(b) ? a : b);
