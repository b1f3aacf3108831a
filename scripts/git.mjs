import { spawnSync } from 'node:child_process';

/** What git says, or null when it has nothing to say. */
export function git(...args) {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  return status === 0 ? stdout.trim() : null;
}
