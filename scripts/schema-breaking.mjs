// What a client of the last release could not do any more: compares the committed schema with the one that was there
// before. A break is let through when CHANGELOG.md lists its path under "### Breaking", as in "- `Task.title`: …".
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const FILE = 'src/schema/schema.graphql';
const git = (...args) => {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return status === 0 ? stdout.trim() : null;
};

// The newest release; before the first one, the previous version of the file.
const base =
  process.env.SCHEMA_BASE ??
  git('describe', '--tags', '--abbrev=0') ??
  git('log', '-1', '--skip=1', '--format=%H', '--', FILE);
const before = base && git('show', `${base}:${FILE}`);
if (!before) process.exit(0);

const changelog = readFileSync('CHANGELOG.md', 'utf8');
const announced = [...changelog.matchAll(/^### Breaking\n([\s\S]*?)(?=^##|$(?![\s\S]))/gm)]
  .map(([, text]) => text)
  .join('\n');
const changes = await diff(buildSchema(before), buildSchema(readFileSync(FILE, 'utf8')));
const breaks = changes.filter(
  ({ criticality, path }) => criticality.level === CriticalityLevel.Breaking && !announced.includes(`\`${path}\``),
);
for (const { message, path } of breaks) console.error(`${path}: ${message}`);
if (breaks.length > 0) {
  console.error(
    `These break clients since ${base}. Keep what they use, or list each path under "### Breaking" in CHANGELOG.md.`,
  );
  process.exitCode = 1;
}
