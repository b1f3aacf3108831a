// What a client of the last release could not do any more: compares the committed schema with the one that was there
// before. What was deprecated there may be gone when its date has passed. Any other break is let through when
// CHANGELOG.md lists its path under "### Breaking", as in "- `Task.title`: …".
import { readFileSync } from 'node:fs';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { MapperKind, mapSchema, pruneSchema } from '@graphql-tools/utils';
import { buildSchema } from 'graphql';
import { dayOf, deprecationsOf, pathsOf, SCHEMA_FILE } from './deprecations.mjs';
import { git } from './git.mjs';

// The newest release; before the first one, the previous version of the file.
const base =
  process.env.SCHEMA_BASE ??
  git('describe', '--tags', '--abbrev=0') ??
  git('log', '-1', '--skip=1', '--format=%H', '--', SCHEMA_FILE);
const sdl = base && git('show', `${base}:${SCHEMA_FILE}`);
if (!sdl) process.exit(0);

const before = buildSchema(sdl);
const after = buildSchema(readFileSync(SCHEMA_FILE, 'utf8'));
const changelog = readFileSync('CHANGELOG.md', 'utf8');
const announced = [...changelog.matchAll(/^### Breaking\n([\s\S]*?)(?=^##|$(?![\s\S]))/gm)]
  .map(([, text]) => text)
  .join('\n');
const changes = await diff(withoutEnded(before, after), after);
const breaks = changes.filter(
  ({ criticality, path }) => criticality.level === CriticalityLevel.Breaking && !announced.includes(`\`${path}\``),
);
for (const { message, path } of breaks) console.error(`${path}: ${message}`);
if (breaks.length > 0) {
  console.error(
    `These break clients since ${base}. Keep what they use until it has been deprecated for long enough, or list each path under "### Breaking" in CHANGELOG.md.`,
  );
  process.exitCode = 1;
}

/** The schema of before, but for what is gone, had been deprecated and had its time, and for the types that only this led to. */
function withoutEnded(before, after) {
  const today = dayOf(Date.now());
  const deprecations = deprecationsOf(before);
  const left = pathsOf(after);
  const hasEnded = (path) => !left.has(path) && (deprecations.get(path)?.removedAfter ?? today) < today;
  const ended = [...deprecations.keys()].filter(hasEnded);
  if (ended.length === 0) return before;

  const dropField = (field, name, type) => {
    const path = `${type}.${name}`;
    if (hasEnded(path)) return null;
    if (!field.args) return undefined;
    const args = Object.entries(field.args).filter(([arg]) => !hasEnded(`${path}.${arg}`));
    return { ...field, args: Object.fromEntries(args) };
  };
  return pruneSchema(
    mapSchema(before, {
      [MapperKind.FIELD]: dropField,
      [MapperKind.ENUM_VALUE]: (_value, type, _schema, name) => (hasEnded(`${type}.${name}`) ? null : undefined),
    }),
  );
}
