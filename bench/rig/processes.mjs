// Processes that end with the run, whatever ends it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from './clock.mjs';

const END_MS = 3_000;

/** All that were started and have not ended. */
const running = new Set();

/** Starts a script under this Node on one core. `env` is all that it gets beside PATH. */
export function startNode(core, script, args = [], env = {}, nodeArgs = []) {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...nodeArgs];
  const child = spawn('taskset', ['-c', String(core), ...node, script, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C is for the bench, which ends what it has started.
    detached: true,
  });
  const started = { pid: child.pid, out: '', err: '', exited: once(child, 'close'), isRunning: true };
  child.stdout.on('data', (chunk) => {
    started.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    started.err += chunk;
  });
  started.kill = (signal) => child.kill(signal);
  running.add(started);
  started.exited.finally(() => {
    started.isRunning = false;
    running.delete(started);
  });
  return started;
}

/** Waits until a process has said a word; throws with what it said instead. */
export async function untilSaid(started, word, seconds) {
  const hear = async () => {
    while (!started.out.includes(word) && !started.err.includes(word)) {
      if (!started.isRunning) throw new Error(`It ended before it said ${word}.`);
      await delay(20);
    }
  };
  await within(seconds, word, hear()).catch((error) => {
    throw new Error(`${error.message} ${told(started)}`);
  });
}

const told = ({ out, err }) => `${out.slice(0, 500)} ${err.slice(-1500)}`;

/** Throws when a process that is to go on has ended. */
export function expectRunning(started) {
  if (!started.isRunning) throw new Error(`Process ${started.pid} has ended early. ${told(started)}`);
}

/** Rejects when a process ends with an error, and never resolves. */
export const failureOf = (started) =>
  new Promise((_, reject) => {
    started.exited.then(([code]) => code && reject(new Error(`It ended with ${code}. ${told(started)}`)));
  });

/** What a process that ends by itself has written as JSON. */
export async function answerOf(started, seconds) {
  await within(seconds, `the end of process ${started.pid}`, started.exited);
  const line = started.out.trim().split('\n').at(-1);
  if (!line) throw new Error(`said nothing: ${told(started)}`);
  return JSON.parse(line);
}

/** Ends a process by its own id, and by force when it takes its time. */
export async function end(started) {
  if (!started?.isRunning) return;
  started.kill('SIGTERM');
  const force = setTimeout(() => started.kill('SIGKILL'), END_MS);
  await started.exited;
  clearTimeout(force);
}

export const endAll = () => Promise.all([...running].map(end));
