import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { nodePath, root } from './prepare.mjs';

/**
 * How the server runs, here and in its image. The space for new objects stays below a hundred megabytes: with many
 * connections it would grow to twice that, and be no quicker.
 */
export const nodeFlags = ['--enable-source-maps', '--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'];

/** Runs a script under the pinned Node in this process's place: same terminal, signals and exit code. */
export function runNode(script, args) {
  // A process group of its own, so that Ctrl-C reaches the child by us alone, not by the terminal as well.
  const child = spawn(nodePath, [...nodeFlags, script, ...args], {
    cwd: root,
    stdio: 'inherit',
    detached: true,
  });
  let signalledAt = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // npm repeats the Ctrl-C that the terminal has already delivered; an impatient person's second one comes later.
      if (Date.now() - signalledAt < 500) return;
      signalledAt = Date.now();
      child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
