import type { Verdict } from './comparison.js';
import type { Subscriber } from './subscriber.js';
import type { Answered } from './writers.js';

/** The time of one fault, from its beginning until everybody was live again. Milliseconds since the epoch. */
export interface Phase {
  name: string;
  round: number;
  from: number;
  to: number;
}

const startedAt = Date.now();

/** One line, at once: the run is long enough for somebody to watch it. */
export function say(line: string): void {
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
  process.stdout.write(`${seconds.padStart(6)} s  ${line}\n`);
}

export function tell(
  phase: Phase,
  subscribers: readonly Subscriber[],
  writes: readonly Answered[],
  what: string,
): void {
  const { name, round, from, to } = phase;
  const absences = absencesIn(subscribers, from, to);
  const away = absences.length > 0 ? `; ${absences.length} streams lost, live again after ${spread(absences)}` : '';
  const seconds = ((to - from) / 1_000).toFixed(1);
  say(`${name} (${round + 1}): ${what}; ${seconds} s, ${rateIn([phase], writes).toFixed(0)} writes a second${away}`);
}

/** Writes answered a second. */
export function rateIn(phases: readonly Phase[], writes: readonly Answered[]): number {
  const isIn = ({ at }: Answered) => phases.some(({ from, to }) => at >= from && at < to);
  const ms = phases.reduce((sum, { from, to }) => sum + to - from, 0);
  return (writes.filter(isIn).length * 1_000) / ms;
}

/** Of each kind of fault: how long streams were away, and how late each subscriber's latest change was. */
export function table(phases: readonly Phase[], verdicts: ReadonlyMap<Subscriber, Verdict>): string {
  const subscribers = [...verdicts.keys()];
  const names = [...new Set(phases.map(({ name }) => name))];
  const rows = names.map((name) => {
    const own = phases.filter((phase) => phase.name === name);
    const absences = own.flatMap(({ from, to }) => absencesIn(subscribers, from, to));
    const latest = own.flatMap(({ from, to }) => latestIn(verdicts, from, to));
    return `  ${name.padEnd(40)}${spread(absences).padEnd(36)}${spread(latest)}`;
  });
  const head = `  ${''.padEnd(40)}${'until live again (p50, p99, max)'.padEnd(36)}latest change (p50, p99, max)`;
  return [head, ...rows].join('\n');
}

function absencesIn(subscribers: readonly Subscriber[], from: number, to: number): number[] {
  return subscribers
    .flatMap(({ absences }) => absences)
    .filter((absence) => absence.to >= from && absence.to < to)
    .map((absence) => absence.to - absence.from);
}

/** The largest delay of each subscriber, among the changes that arrived in that time. */
function latestIn(verdicts: ReadonlyMap<Subscriber, Verdict>, from: number, to: number): number[] {
  return [...verdicts.values()].flatMap(({ delays }) => {
    let latest = -1;
    for (const { at, ms } of delays) if (at >= from && at < to && ms > latest) latest = ms;
    return latest < 0 ? [] : [latest];
  });
}

function spread(figures: number[]): string {
  if (figures.length === 0) return '–';
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
  return [at(0.5), at(0.99), at(1)].map((ms) => `${(ms / 1_000).toFixed(2)} s`).join(', ');
}
