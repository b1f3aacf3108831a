// npm run check: all that can be known without running the product. One line for what is well, everything for what is not.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { cruise, findSleepingGuards } from './guards.mjs';
import { filesIn, nodePath, prepare, prepareDocuments, root } from './prepare.mjs';
import { nodeFlags } from './run-node.mjs';

/** Each answers what is wrong, or nothing. */
const checks = {
  'format and lint': () => run(join(root, 'node_modules/.bin/biome'), 'ci', '--colors=off', '--error-on-warnings', '.'),
  types: () => run(nodePath, 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'),
  floors: findBrokenFloors,
  'guards are awake': findSleepingGuards,
  'package-lock.json': findStaleLock,
  schema: () => run(nodePath, ...nodeFlags, 'dist/src/cli.js', 'schema', 'check'),
  errors: () => run(nodePath, ...nodeFlags, 'dist/src/cli.js', 'errors', 'check'),
  deprecations: () => run(nodePath, 'scripts/schema-deprecations.mjs'),
  'no breaking change of the schema': () => run(nodePath, 'scripts/schema-breaking.mjs'),
  migrations: () => run(nodePath, ...nodeFlags, 'dist/src/cli.js', 'migrations', 'check'),
};

prepare();
prepareDocuments();
for (const [name, check] of Object.entries(checks)) {
  const startedAt = Date.now();
  const faults = faultsOf(check);
  if (faults) process.exitCode = 1;
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(faults ? `✗ ${name}\n${faults}` : `✓ ${name} (${seconds} s)`);
}

function faultsOf(check) {
  try {
    return [check()].flat().join('\n');
  } catch (error) {
    return error.stack;
  }
}

function findBrokenFloors() {
  const { modules, violations } = cruise(root, ['src', 'migrations', 'test']);
  const unread = filesIn('src').filter((file) => file.endsWith('.ts') && !modules.includes(file));
  return [
    ...violations.map(({ rule, from, to, cycle }) => {
      const path = cycle ? cycle.map(({ name }) => name) : [to];
      return `${rule.name}: ${[from, ...path].join(' → ')}`;
    }),
    ...unread.map((file) => `${file} was not read.`),
  ];
}

/** Installing does not insist on a lock that fits package.json, so we do. */
function findStaleLock() {
  const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
  const wanted = read('package.json');
  const locked = read('package-lock.json').packages[''];
  const kinds = ['dependencies', 'devDependencies'];
  const fits = kinds.every((kind) => isDeepStrictEqual(wanted[kind], locked[kind]));
  return fits ? [] : 'It does not fit package.json: run npm install.';
}

function run(command, ...args) {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  return status === 0 ? [] : [stdout, stderr, error?.message, `${args.join(' ')} failed.`].filter(Boolean);
}
