// What a bench tells: a table of each cell, the targets, and all of it as JSON.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { columns, median, percent, short } from './figures.mjs';

/**
 * The medians of a subject's runs in a cell, and whether they count: not when one of the rounds that were asked for is
 * missing, has failed, or had faults.
 */
export function summarize(runs, rounds) {
  const groups = Map.groupBy(runs, ({ cell, subject }) => `${cell} ${subject}`);
  return [...groups.values()].map((group) => {
    const good = group.filter(({ failed }) => failed === undefined);
    const names = new Set(
      good.flatMap((run) => Object.keys(run).filter((name) => name !== 'round' && typeof run[name] === 'number')),
    );
    const medians = Object.fromEntries([...names].map((name) => [name, median(good.map((run) => run[name]))]));
    const remarks = new Set(
      group.flatMap(({ failed, faults = [] }) => (failed === undefined ? faults : [`failed: ${failed}`])),
    );
    const limits = new Set(good.map(({ limit }) => limit).filter(Boolean));
    const { cell, subject } = group[0];
    const isSound = group.length >= rounds && remarks.size === 0;
    return { cell, subject, runs: group.length, isSound, medians, limits: [...limits], remarks: [...remarks] };
  });
}

/** The table of one cell: `figures` are `[heading, name of the figure]`. */
export function tableOf({ title, figures }, summaries, runs) {
  const [[, main]] = figures;
  const hasCores = summaries.some(({ medians }) => 'serverBusy' in medians);
  const heading = [
    '',
    ...figures.map(([name]) => name),
    'rounds',
    ...(hasCores ? ['server', 'core 0', 'core 1', 'client'] : []),
    'limit',
  ];
  const rows = summaries.map(({ cell, subject, medians, limits, remarks }) => {
    const rounds = runs.filter((run) => run.cell === cell && run.subject === subject).map((run) => short(run[main]));
    const busy = ['serverBusy', 'serverCore', 'loadCore', 'clientBusy'].map((name) => percent(medians[name]));
    const said = [limits.join(', '), ...remarks.map((remark) => `! ${remark}`)].filter(Boolean).join(' ');
    const values = figures.map(([, name]) => short(medians[name]));
    return [subject, ...values, rounds.join(' / '), ...(hasCores ? busy : []), said];
  });
  return [title, ...columns([heading, ...rows]).map((line) => `  ${line}`)].join('\n');
}

/** The verdict on each target whose cells were all chosen. What does not count is no measurement. */
export function judgeAll(targets, chosen, summaries) {
  const of = (cell, subject, figure) => {
    const summary = summaries.find((each) => each.cell === cell && each.subject === subject);
    return summary?.isSound ? summary.medians[figure] : Number.NaN;
  };
  return targets
    .filter(({ cells }) => cells.every((name) => chosen.some((cell) => cell.name === name)))
    .map((target) => judge({ ...target, value: target.value(of) }));
}

/** Whether all that a workload was asked for was measured without a fault, and its targets are met. */
export const isGood = ({ summaries, verdicts }) =>
  summaries.every(({ isSound }) => isSound) && verdicts.every(({ isMet }) => isMet);

/** Whether a target is met: `value` stands in the relation `is` (`≥` or `≤`) to `bound`. What was not measured is missed. */
export function judge({ name, what, value, is, bound }) {
  const isMeasured = Number.isFinite(value);
  const isMet = isMeasured && (is === '≥' ? value >= bound : value <= bound);
  return { name, what, value: isMeasured ? value : null, is, bound, isMet };
}

export const verdictOf = ({ name, what, value, is, bound, isMet }) =>
  `${isMet ? '✓' : '✗'} ${name}  ${what}: ${value === null ? 'not measured' : short(value)} (${is} ${bound})`;

/** Writes everything to a file of this name and answers where that is. */
export function writeResults(dir, name, results) {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.json`);
  const rounded = (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
  writeFileSync(file, `${JSON.stringify(results, rounded, 2)}\n`);
  return file;
}

/** What a figure depends on beside the code. */
export function circumstances(root, services) {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim() || null;
  const version = (folder, name) =>
    JSON.parse(readFileSync(join(root, folder, 'node_modules', name, 'package.json'), 'utf8')).version;
  const peers = [
    '@apollo/server',
    'graphql',
    'graphql-ws',
    'graphql-redis-subscriptions',
    'graphql-yoga',
    'mercurius',
    'ws',
    '@mikro-orm/core',
  ];
  return {
    commit: git('rev-parse', 'HEAD'),
    isModified: git('status', '--porcelain', '--', 'src', 'bench', 'package-lock.json') !== null,
    node: process.version,
    ...services,
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, memoryGib: totalmem() / 2 ** 30 },
    peers: Object.fromEntries(peers.map((name) => [name, version('bench', name)])),
  };
}
