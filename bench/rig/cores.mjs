// Which core works how much. One core is the server's; everything else, this process included, shares the other one.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
const TICKS_PER_SECOND = 100;

/** Keeps this process, and with it all that it starts from now on, on one core. */
export function keepTo(core) {
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)]);
  if (status !== 0) throw new Error(`taskset failed, and two cores are needed: ${stderr}`);
}

/** What every core has done since the machine started, in ticks. */
export const readCores = () =>
  readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => {
      const ticks = line.split(/\s+/).slice(1, 9).map(Number);
      return { idle: ticks[3] + ticks[4], all: ticks.reduce((sum, each) => sum + each) };
    });

/** Of each core, the share of the time between two readings in which it worked. */
export const busyBetween = (before, after) =>
  before.map(({ idle, all }, core) => {
    const passed = after[core].all - all;
    return passed > 0 ? 1 - (after[core].idle - idle) / passed : 0;
  });

/** Processor time of a process so far, in seconds, of user and system together. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process. */
export const residentKib = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
