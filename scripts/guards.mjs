// A guard that looks at nothing passes too. So violations are planted in a folder that is thrown away, and each has to
// be reported: imports between floors by dependency-cruiser, ways around the tenant filter by Biome.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { nodePath, root } from './prepare.mjs';

/** One import each, of a type only, and the rule that forbids it; none for what is allowed. */
const imports = [
  [undefined, 'src/server/allowed.ts', 'src/entities/below.ts'],
  ['ground-looks-down', 'src/errors.ts', 'src/schema/ids.ts'],
  ['schema-looks-down', 'src/schema/up.ts', 'src/entities/below.ts'],
  ['entities-looks-down', 'src/entities/up.ts', 'src/auth/viewer.ts'],
  ['capabilities-looks-down', 'src/pubsub/up.ts', 'src/domain/tasks.ts'],
  ['domain-looks-down', 'src/domain/up.ts', 'src/resolvers/task.ts'],
  ['resolvers-looks-down', 'src/resolvers/up.ts', 'src/server/http.ts'],
  ['server-looks-down', 'src/server/up.ts', 'src/main.ts'],
  ['capabilities-apart', 'src/auth/aside.ts', 'src/pubsub/bus.ts'],
  ['imports-from-a-floor', 'src/cli.ts', 'src/utils/anything.ts'],
  ['is-on-a-floor', 'src/stray.ts', 'src/entities/below.ts'],
  ['src-stands-alone', 'src/domain/tested.ts', 'test/harness/world.ts'],
  ['migrations-stay', 'migrations/first.ts', 'src/entities/below.ts'],
  ['no-cycles', 'src/domain/about.ts', 'src/domain/round.ts'],
  [undefined, 'src/domain/round.ts', 'src/domain/about.ts'], // the way back; the cycle is reported once
];

const bypasses = [
  'em.getKysely();',
  "em.fork().getKysely<Tables>({ plugins: [] }).selectFrom('tasks');",
  "em?.getConnection('read').execute('select 1');",
  "em.createQueryBuilder('tasks');",
  "orm.em.execute('select 1');",
  'em.find(Task, {}, { limit: 1, filters: false });',
  'em.find(Task, {}, { filters: { tenant: false } });',
];

/** Answers which guards missed a violation, or saw one where none was. */
export function findSleepingGuards() {
  const dir = mkdtempSync(join(tmpdir(), 'aliteo-guards-'));
  try {
    return [...sleepingFloors(join(dir, 'floors')), ...sleepingLint(join(dir, 'lint'))];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function sleepingFloors(dir) {
  for (const [, , to] of imports) plant(dir, to, 'export type T = 1;\n');
  for (const [, from, to] of imports) {
    const path = `./${relative(dirname(from), to)}`.replace(/\.ts$/, '.js');
    plant(dir, from, `import type { T as Other } from '${path}';\nexport type T = Other;\n`);
  }
  const expected = imports.filter(([rule]) => rule).map(([rule, from]) => `${rule}: ${from}`);
  const { violations } = cruise(dir, ['src', 'migrations', 'test']);
  const reported = violations.map(({ rule, from }) => `${rule.name}: ${from}`);
  return differences(expected, reported);
}

function sleepingLint(dir) {
  const configs = ['biome.json', 'lint', '.gitignore'];
  for (const config of configs) cpSync(join(root, config), join(dir, config), { recursive: true });
  // In domain/ each is one too many; entities/ is among those that may.
  for (const folder of ['domain', 'entities']) plant(dir, `src/${folder}/bypass.ts`, bypasses.join('\n'));
  const lint = ['lint', '--reporter=json', '--max-diagnostics=none', 'src'];
  const { diagnostics } = JSON.parse(run(join(root, 'node_modules/.bin/biome'), lint, dir));
  const place = (file, line) => `tenant filter: ${file}: ${bypasses[line - 1]}`;
  const expected = bypasses.map((_, index) => place('src/domain/bypass.ts', index + 1));
  const reported = diagnostics
    .filter(({ category }) => category === 'plugin')
    .map(({ location }) => place(location.path, location.start.line));
  return differences(expected, reported);
}

/** What dependency-cruiser says of the folders below `dir`, judged by the project's floors. */
export function cruise(dir, folders) {
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  const args = [depcruise, '--config', config, '--output-type', 'json', ...folders];
  const { modules, summary } = JSON.parse(run(nodePath, args, dir));
  return { modules: modules.map(({ source }) => source), violations: summary.violations };
}

function differences(expected, reported) {
  return [
    ...expected.filter((each) => !reported.includes(each)).map((each) => `planted, not reported: ${each}`),
    ...reported.filter((each) => !expected.includes(each)).map((each) => `reported, not planted: ${each}`),
  ];
}

function plant(dir, file, text) {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), text);
}

function run(command, args, cwd) {
  const { stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (!stdout) throw new Error(`${command} said nothing: ${error?.message ?? stderr}`);
  return stdout;
}
