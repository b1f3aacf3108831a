/** Levels of objects and lists in one another. A filter of as many conditions as it may have stays below it. */
const MAX_DEPTH = 128;

/** Whether a value is nested deeper than an honest one: whatever walks it by calling itself would run out of stack. */
export function isTooDeep(value: unknown): boolean {
  let level = isNest(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((nest) => Object.values(nest).filter(isNest));
  }
  return false;
}

const isNest = (value: unknown): value is object => typeof value === 'object' && value !== null;
