// Makes a clone runnable: packages, then dist/. Runs on the machine's own Node, before any package is there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Node that the project pins; it is there after `prepare`. */
export const nodePath = join(root, 'node_modules/.bin/node');

const packageFile = (path) => join(root, 'node_modules', path);

const lockFile = 'package-lock.json';
const dist = join(root, 'dist');
const stamp = join(dist, '.stamp');

/** Installs packages and builds dist/, each only when its inputs changed. Says nothing unless it fails; then it exits. */
export function prepare() {
  preparePackages('.');

  const sources = [...filesIn('src'), ...filesIn('migrations')];
  const build = hashOf([lockFile, ...configs(), ...sources]);
  if (read(stamp) !== build) {
    // From nothing, so that the output of a deleted source does not linger.
    rmSync(dist, { recursive: true, force: true });
    runQuietly(nodePath, [packageFile('typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
    for (const asset of sources.filter((file) => !file.endsWith('.ts'))) {
      cpSync(join(root, asset), join(dist, asset));
    }
    writeFileSync(stamp, build);
  }
}

/** Installs the packages of a folder that has a lock of its own, when the lock has changed. */
export function preparePackages(folder) {
  const lock = join(folder, lockFile);
  const lockHash = join(root, folder, 'node_modules/.lock-hash');
  const packages = hashOf([lock]);
  if (read(lockHash) === packages) return;
  // Not `npm ci`: it refuses a lock that lacks the optional builds of other platforms, and a registry need not
  // serve all of them. `--no-save` reads the lock all the same and writes nothing.
  runQuietly('npm', ['install', '--no-save', '--no-audit', '--no-fund'], join(root, folder));
  writeFileSync(lockHash, packages);
}

/** What is made from documents of tests and examples; codegen.yml says how. */
const TYPED = ['test', 'examples'];

/** Makes the typed documents anew when their inputs changed. Apart from `prepare`, so that what makes the schema needs none. */
export function prepareDocuments() {
  const documents = TYPED.flatMap(filesIn).filter((file) => file.endsWith('.graphql'));
  const inputs = hashOf([lockFile, 'codegen.yml', 'src/schema/schema.graphql', ...documents]);
  const generated = TYPED.map((folder) => join(root, folder, 'generated'));
  const isFresh = (folder) => existsSync(join(folder, 'documents.ts')) && read(join(folder, '.stamp')) === inputs;
  if (generated.every(isFresh)) return;
  const hint = 'The documents have to fit the committed schema, which "npm run schema" writes.';
  runQuietly(nodePath, [packageFile('@graphql-codegen/cli/esm/bin.js'), '--config', 'codegen.yml'], root, hint);
  for (const folder of generated) writeFileSync(join(folder, '.stamp'), inputs);
}

const configs = () => readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name));

/** Files below a folder, or none when there is no such folder; all paths are relative to the project's folder. */
export function filesIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
}

/** Contents, not times: a checkout or a copy touches times without changing anything. */
function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files.toSorted())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : null);

function runQuietly(command, args, cwd = root, hint = '') {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  console.error(
    `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n"${command} ${args.join(' ')}" failed. ${hint}`,
  );
  process.exit(1);
}
