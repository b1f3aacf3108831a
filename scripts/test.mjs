// npm test: the suites on each database that the product promises, with real servers that end with the run.
//   npm test                        every column, and the faults in their short form
//   npm run test:faults             the faults in their long form, told as they happen
//   npm test -- --column=embedded   one of them
//   npm test -- tenancy             arguments go on to jest
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as services from '../test/harness/services.mjs';
import { nodePath, prepare, prepareDocuments, root } from './prepare.mjs';

/** The databases, and what happens when everything fails around them. */
const COLUMNS = ['embedded', 'mysql', 'mariadb', 'faults'];
/** A machine that others use may take twice as long as one that is ours alone. */
const LIMIT_MINUTES = 75;
const LINGER_MS = 10_000;
const KILL_MS = 5_000;
/** More than so many suites do not fail by chance. */
const MOST_AGAIN = 3;

const args = process.argv.slice(2);
const isLive = args.includes('--live');
const jestArgs = args.filter((arg) => arg !== '--live' && !arg.startsWith('--column='));
const chosen = args.filter((arg) => arg.startsWith('--column=')).map((arg) => arg.slice('--column='.length));

// Whatever ends the run early goes through here, so that the servers are stopped on every way out.
const cut = new AbortController();
const endBy = (reason) => cut.abort(new Error(`Ended by ${reason}.`));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, endBy);
process.on('uncaughtException', (error) => cut.abort(error));
setTimeout(endBy, LIMIT_MINUTES * 60_000, `the limit of ${LIMIT_MINUTES} minutes`).unref();

prepare();
prepareDocuments();
const dir = mkdtempSync(join(tmpdir(), 'aliteo-test-'));
const stops = [];
let isGood = false;
try {
  isGood = await run();
} catch (error) {
  console.error(error.message);
} finally {
  await Promise.allSettled(stops.map((stop) => stop()));
  rmSync(dir, { recursive: true, force: true });
}
process.exit(isGood ? 0 : 1);

async function run() {
  const unknown = chosen.find((column) => !COLUMNS.includes(column));
  if (unknown) throw new Error(`There is no column "${unknown}", only ${COLUMNS.join(', ')}.`);
  const { columns, urls } = await startServices(chosen.length > 0 ? chosen : COLUMNS);
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const column of columns) {
    const result = await runColumn(column, urls);
    for (const count of Object.keys(sum)) sum[count] += result[count];
  }
  if (sum.passed + sum.failed === 0) console.log('No test ran.');
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : '';
  console.log(`${sum.passed} passed, ${sum.failed} failed${skipped}`);
  return sum.passed > 0 && sum.failed === 0;
}

/** Starts what the columns need and is not given by DATABASE_URL or REDIS_URL; leaves out a column that would repeat another. */
async function startServices(columns) {
  const { DATABASE_URL, REDIS_URL } = process.env;
  const wantsMysql = columns.includes('mysql');
  const standsIn = wantsMysql && !DATABASE_URL && !services.canRunMysql();
  if (standsIn) console.log('MariaDB stands in for MySQL, which takes Maven (mvn) and Linux x86-64.');

  const isMariadb = standsIn || (wantsMysql && DATABASE_URL && (await services.isMariadb(DATABASE_URL)));
  if (isMariadb) columns = columns.filter((column) => column !== 'mariadb');
  const startsMysql = wantsMysql && !DATABASE_URL && !standsIn;
  const startsMariadb = standsIn || columns.includes('mariadb');
  const startsRedis = !REDIS_URL && columns.some((column) => column !== 'faults');
  // The faults stop what they run on, so they start servers of their own, whatever is given.
  const ownDatabase = services.canRunMysql() ? 'mysql' : 'mariadb';
  const needed = { redis: startsRedis, mysql: startsMysql, mariadb: startsMariadb };
  if (columns.includes('faults') && !chosen.includes('faults') && (DATABASE_URL || REDIS_URL)) {
    console.log('The faults are left out: they kill servers, so they do not run on yours (npm run test:faults).');
    columns = columns.filter((column) => column !== 'faults');
  }
  if (columns.includes('faults')) Object.assign(needed, { redis: true, [ownDatabase]: true });
  services.ensurePackages(Object.keys(needed).filter((server) => needed[server]));

  const start = async (begin) => {
    cut.signal.throwIfAborted();
    const { url, stop } = await begin(dir);
    stops.push(stop);
    return url;
  };
  const urls = startsRedis
    ? { redis: await start(services.startRedis), redisDatabases: services.REDIS_DATABASES }
    : { redis: REDIS_URL };
  if (startsMariadb) urls.mariadb = await start(services.startMariadb);
  if (startsMysql) urls.mysql = await start(services.startMysql);
  urls.mysql ??= DATABASE_URL ? new URL('/', DATABASE_URL).href : urls.mariadb;
  return { columns, urls };
}

/** Runs jest on one column and prints one line, or everything that jest said when not all is well. */
async function runColumn(column, urls) {
  const startedAt = Date.now();
  const variables = {
    COLUMN: column,
    TEST_DATABASE_URL: urls[column],
    TEST_REDIS_URL: urls.redis,
    TEST_REDIS_DATABASES: urls.redisDatabases,
  };
  if (column === 'faults') variables.FAULTS_DIR = services.folder(dir, 'faults');
  const first = await runSuites(column, variables, jestArgs);
  const again = await tryAgain(column, variables, first);
  const { passed, failed, skipped } = again ?? first;
  const late = again && failed === 0 ? `, ${first.failed} of them at the second try only: see above` : '';
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${column.padEnd(8)}  ${passed} passed${late}, ${failed} failed, ${skipped} skipped in ${seconds} s`);
  return { passed, failed, skipped };
}

/**
 * Of some thousand tests on a machine that others use too, one may fail by its timing: such suites are run once more, by
 * themselves, and what they said the first time is shown. Null where there is nothing to try again.
 */
async function tryAgain(column, variables, first) {
  const { suites } = first;
  if (column === 'faults' || first.failed === 0 || suites.length === 0 || suites.length > MOST_AGAIN) return null;
  const second = await runSuites(column, variables, ['--runTestsByPath', ...suites.map(({ name }) => name)]);
  const before = suites.reduce((sum, suite) => sum + suite.passed, 0);
  const skippedBefore = suites.reduce((sum, suite) => sum + suite.skipped, 0);
  return {
    passed: first.passed - before + second.passed,
    failed: second.failed,
    skipped: first.skipped - skippedBefore + second.skipped,
  };
}

/** Runs jest once; `suites` are those that failed. */
async function runSuites(column, variables, args) {
  const report = join(dir, `${column}.json`);
  rmSync(report, { force: true });
  const own = ['--ci', '--passWithNoTests', '--json', `--outputFile=${report}`];
  const { code, output } = await runJest([...own, ...args], variables);
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const { numPassedTests: passed = 0, numPendingTests: skipped = 0, testResults = [] } = counts;
  const { numFailedTests = 0, numRuntimeErrorTestSuites = 0 } = counts;
  const numberOf = (suite, status) => suite.assertionResults.filter((test) => test.status === status).length;
  const suites = testResults
    .filter(({ status }) => status === 'failed')
    .map((suite) => ({ name: suite.name, passed: numberOf(suite, 'passed'), skipped: numberOf(suite, 'pending') }));

  // A suite that could not be loaded has no test to fail, and jest may die with none failed: both count as one.
  let failed = numFailedTests + numRuntimeErrorTestSuites;
  if (failed === 0 && (code !== 0 || (passed === 0 && jestArgs.length === 0))) failed = 1;
  if (failed > 0 && !isLive) console.log(output);
  return { passed, failed, skipped, suites };
}

async function runJest(jestArgs, variables) {
  // The developer's own database and Redis, if they are named, are for the tests' databases only, never for a server under test.
  const { DATABASE_URL, REDIS_URL, NODE_OPTIONS = '', ...inherited } = process.env;
  const env = {
    ...inherited,
    ...variables,
    TMPDIR: dir, // what a test that dies leaves behind goes with the run
    NODE_OPTIONS: `${NODE_OPTIONS} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
  };
  cut.signal.throwIfAborted();
  const jest = spawn(nodePath, ['node_modules/jest/bin/jest.js', ...jestArgs], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, which can be ended whole, with what the tests have started
  });
  const end = () => {
    signalGroup(jest.pid, 'SIGTERM');
    setTimeout(() => signalGroup(jest.pid, 'SIGKILL'), KILL_MS).unref();
  };
  cut.signal.addEventListener('abort', end);

  let output = '';
  const listen = (chunk) => {
    output += chunk;
    if (isLive) process.stdout.write(chunk);
    // Something was left open, and jest would wait for it for ever. Ended by us, it counts as failed and its output says why.
    if (String(chunk).includes('Jest did not exit')) setTimeout(end, LINGER_MS).unref();
  };
  jest.stdout.on('data', listen);
  jest.stderr.on('data', listen);
  const closed = once(jest, 'close');
  const [code] = await once(jest, 'exit');
  cut.signal.removeEventListener('abort', end);
  signalGroup(jest.pid, 'SIGKILL');
  await Promise.race([closed, delay(1000)]); // the rest of the output, unless somebody who fled the group holds it open
  cut.signal.throwIfAborted();
  return { code, output };
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}
