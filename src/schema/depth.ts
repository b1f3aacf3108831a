/** Whether objects and lists stand in one another in more levels: what walks a value by calling itself has to know. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  let nests = isNest(value) ? [value] : [];
  for (let level = 1; nests.length > 0; level += 1) {
    if (level > levels) return true;
    nests = nests.flatMap((nest) => Object.values(nest).filter(isNest));
  }
  return false;
}

const isNest = (value: unknown): value is object => typeof value === 'object' && value !== null;
