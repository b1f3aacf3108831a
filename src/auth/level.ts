import { Level } from '../entities/vocabulary.js';

const LEVELS: readonly Level[] = [Level.VIEW, Level.COMMENT, Level.EDIT, Level.MANAGE];

/** A level's place among the levels; no level comes before all. */
export const rank = (level: Level | null): number => (level === null ? -1 : LEVELS.indexOf(level));

/** Whether a level, which may be none, is enough. */
export const isAtLeast = (level: Level | null, needed: Level): boolean => rank(level) >= rank(needed);

export const lower = (a: Level, b: Level): Level => (rank(a) <= rank(b) ? a : b);
