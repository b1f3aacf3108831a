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

const [QUOTE, BACKSLASH, COMMA, LIST, OBJECT] = [...'"\\,[{'].map((sign) => sign.charCodeAt(0));

/** Whether a text of JSON, which nobody has parsed yet, has more values than so many; about, and at once. */
export function hasMoreValues(most: number, json: Uint8Array): boolean {
  let count = 0;
  let isText = false;
  for (let i = 0; i < json.length; i += 1) {
    const byte = json[i];
    if (isText && byte === BACKSLASH) i += 1;
    else if (byte === QUOTE) isText = !isText;
    else if (!isText && (byte === COMMA || byte === LIST || byte === OBJECT)) count += 1;
    if (count > most) return true;
  }
  return false;
}
