// Who uses what is deprecated is told by what to replace it, and for how long it stays: at least 90 days from the commit
// that says so. CONTRIBUTING.md has the words.
import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { dayOf, deprecationsOf, pathsOf, SCHEMA_FILE } from './deprecations.mjs';
import { git } from './git.mjs';

const NOTICE_DAYS = 90;
const DAY_MS = 86_400_000;

const schema = buildSchema(readFileSync(SCHEMA_FILE, 'utf8'));
const deprecations = deprecationsOf(schema);
const versions = committedVersions();
const paths = pathsOf(schema);
for (const [path, deprecation] of deprecations) {
  const fault = faultOf(path, deprecation);
  if (!fault) continue;
  console.error(`${path}: ${fault}`);
  process.exitCode = 1;
}

function faultOf(path, { replacement, removedAfter }) {
  if (replacement === null) return 'its reason names no replacement, as in "Use `name`".';
  const whole = paths.has(replacement) ? replacement : path.replace(/\w+$/, replacement);
  if (!paths.has(whole) || deprecations.has(whole)) return `\`${replacement}\` is not there to replace it.`;
  if (removedAfter === null) return 'its reason has no date, as in "removed after 2027-01-31".';
  const earliest = dayOf(Date.parse(announcedOn(path, removedAfter)) + NOTICE_DAYS * DAY_MS);
  return removedAfter < earliest ? `it stays for ${NOTICE_DAYS} days: removed after ${earliest} or later.` : null;
}

/** The day of the commit from which on it was to go by then, or sooner; today where no commit says so. */
function announcedOn(path, removedAfter) {
  let announced = dayOf(Date.now());
  for (const version of versions) {
    const told = version.deprecations().get(path)?.removedAfter;
    if (!told || told > removedAfter) return announced;
    announced = version.day;
  }
  return announced;
}

/** The schema as it was committed, the newest first; each is read when it is asked for. */
function committedVersions() {
  const commits = git('log', '--format=%H %cs', '--', SCHEMA_FILE)?.split('\n').filter(Boolean) ?? [];
  return commits.map((commit) => {
    const [hash, day] = commit.split(' ');
    let known = null;
    const deprecations = () => (known ??= deprecationsOf(buildSchema(git('show', `${hash}:${SCHEMA_FILE}`))));
    return { day, deprecations };
  });
}
