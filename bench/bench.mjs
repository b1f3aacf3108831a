// The benchmarks: `npm run bench`, which see for how they are called. Starts everything, measures the servers in turn,
// prints tables and targets, and ends everything it has started.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keepTo, LOAD_CORE } from './rig/cores.mjs';
import { endAll } from './rig/processes.mjs';
import { circumstances, isGood, judgeAll, summarize, tableOf, verdictOf, writeResults } from './rig/report.mjs';
import { startServices } from './rig/services.mjs';
import * as fanout from './workloads/fanout.mjs';
import * as mutations from './workloads/mutations.mjs';
import * as queries from './workloads/queries.mjs';
import * as sequence from './workloads/sequence.mjs';

/** One module each: `cells`, `targets`, `takers` and `open`, as in `workloads/fanout.mjs`. */
const workloads = { fanout, queries, mutations, sequence };

const here = dirname(fileURLToPath(import.meta.url));
const resultsDir = join(here, 'results');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    window: { type: 'string', default: '64' },
    sockets: { type: 'string', default: '1000000' },
    cells: { type: 'string' },
    servers: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});
const options = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  window: Number(values.window),
  mostSockets: Number(values.sockets),
  cells: values.cells?.split(','),
  servers: values.servers?.split(','),
  profile: values.profile,
};
/** Whether all is measured that a workload has: only then the results are those that the documentation tells of. */
const isWhole =
  !options.cells && !options.servers && !options.profile && options.rounds >= 3 && options.mostSockets >= 1e6;

let isEnding = false;
const dir = mkdtempSync(join(tmpdir(), 'aliteo-bench-'));
const endings = [];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void leave(1));
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

try {
  await leave((await main()) ? 0 : 1);
} catch (error) {
  fail(error);
}

async function main() {
  const names = positionals.length > 0 ? positionals : Object.keys(workloads);
  const unknown = names.find((name) => !workloads[name]);
  if (unknown) throw new Error(`There is no workload "${unknown}", only ${Object.keys(workloads).join(', ')}.`);
  keepTo(LOAD_CORE);
  const services = await startServices(dir);
  endings.push(services.stop);
  const results = {};
  for (const name of names) {
    const startedAt = new Date();
    const result = {
      startedAt,
      ...(await play(workloads[name], services)),
      endedAt: new Date(),
      command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
      options,
      ...circumstances(dirname(here), services.versions),
    };
    results[name] = result;
    if (isWhole) writeResults(resultsDir, name, result);
  }
  console.log(`\nWritten to ${writeResults(resultsDir, 'latest', results)}`);
  return Object.values(results).every(isGood);
}

/** Every round of every cell of one workload. */
async function play(workload, services) {
  const chosen = workload.cells
    .filter(({ name }) => !options.cells || options.cells.includes(name))
    .map((cell) => ({ ...cell, ...(cell.sockets && { sockets: Math.min(cell.sockets, options.mostSockets) }) }));
  if (chosen.length === 0) throw new Error(`Cells are: ${workload.cells.map(({ name }) => name).join(', ')}.`);
  const stage = await workload.open({ services, dir, chosen, options });
  endings.push(stage.stop);
  const runs = [];
  for (const cell of chosen) {
    for (let round = 1; round <= options.rounds && !isEnding; round += 1) {
      for (const taker of workload.takers(cell, options.servers)) {
        process.stderr.write(`${cell.name}, round ${round}: ${taker} …\n`);
        runs.push({ round, ...(await stage.run(cell, taker)) });
      }
    }
    if (isEnding) throw new Error('It was ended before all was measured.');
    const ofCell = runs.filter((run) => run.cell === cell.name);
    console.log(`\n${tableOf(cell, summarize(ofCell, options.rounds), ofCell)}`);
  }

  const summaries = summarize(runs, options.rounds);
  const verdicts = judgeAll(workload.targets, chosen, summaries);
  console.log(`\n${verdicts.map(verdictOf).join('\n')}`);
  return { summaries, verdicts, runs };
}

function fail(error) {
  if (!isEnding) console.error(error);
  void leave(1);
}

/** Ends everything that was started, whatever the way out. */
async function leave(code) {
  if (isEnding) return;
  isEnding = true;
  await endAll();
  await Promise.allSettled(endings.toReversed().map((stop) => stop()));
  rmSync(dir, { recursive: true, force: true });
  process.exit(code);
}
