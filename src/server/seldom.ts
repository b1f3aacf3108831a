/** Says yes once in so many milliseconds: for what strangers can cause, and should not fill the log with. */
export function seldom(ms = 60_000): () => boolean {
  let saidAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - saidAt < ms) return false;
    saidAt = now;
    return true;
  };
}
