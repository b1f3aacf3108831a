import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

/** A project that has nothing but a schema, its history and a changelog. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aliteo-schema-'));
  await mkdir(join(folder, 'src/schema'), { recursive: true });
  await write('# Changelog\n', 'CHANGELOG.md');
  await git(0, 'init', '--quiet');
});
afterEach(() => rm(folder, { recursive: true }));

const write = (text: string, file = 'src/schema/schema.graphql') => writeFile(join(folder, file), text);
const daysFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const day = (days: number) => daysFromNow(days).slice(0, 10);

async function git(daysAgo: number, ...args: string[]): Promise<void> {
  const date = daysFromNow(-daysAgo);
  const person = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  const env = { PATH: process.env.PATH, HOME: folder, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date };
  await run('git', [...person, ...args], { cwd: folder, env });
}

async function commit(daysAgo: number, sdl: string): Promise<void> {
  await write(sdl);
  await git(daysAgo, 'add', '.');
  await git(daysAgo, 'commit', '--quiet', '--message', 'The schema');
}

/** What a check of the project says: nothing when all is well. */
async function said(script: string): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder };
  const done = run(process.execPath, [resolve('scripts', script)], { cwd: folder, env });
  return done.then(
    ({ stdout, stderr }) => stdout + stderr,
    ({ code, stderr }) => (code === 1 ? stderr : Promise.reject(new Error(stderr))),
  );
}

/** A schema with one deprecated field, and what else is asked for. */
const schemaWith = (reason: string, more = '') => `type Query {
  old: Int @deprecated(reason: "${reason}")
  new: Int
  things(kind: Kind): [Thing!]
  ${more}
}
enum Kind { A B }
type Thing { id: ID! }`;

describe('a deprecation', () => {
  const soon = day(89);
  const later = day(91);

  it.each<[string, string, string]>([
    ['with replacement and date', `Use \`new\`; removed after ${later}.`, ''],
    ['whose replacement is elsewhere', `Use \`Thing.id\`, which is an id; removed after ${later}.`, ''],
    ['without a replacement', `It is old; removed after ${later}.`, 'its reason names no replacement'],
    ['whose replacement is not there', `Use \`newer\`; removed after ${later}.`, '`newer` is not there'],
    ['that is replaced by itself', `Use \`old\`; removed after ${later}.`, '`old` is not there'],
    ['without a date', 'Use `new`.', 'its reason has no date'],
    ['with a date that is none', 'Use `new`; removed after 2099-02-30.', 'its reason has no date'],
    ['with too near a date', `Use \`new\`; removed after ${soon}.`, 'it stays for 90 days'],
  ])('%s', async (_what, reason, fault) => {
    await write(schemaWith(reason));
    const told = await said('schema-deprecations.mjs');
    if (fault === '') expect(told).toBe('');
    else expect(told).toContain(`Query.old: ${fault}`);
  });

  it('is looked for on arguments, inputs and values of enums too', async () => {
    const [args, values] = ['(a: Int, b: Int @deprecated(reason: "b"))', 'A B @deprecated(reason: "B")'];
    await write(`type Query { f${args}: Kind g(in: In): Int }
      enum Kind { ${values} }
      input In { x: Int y: Int @deprecated(reason: "Use \`x\`; removed after ${later}.") z: Int @deprecated }`);
    const places = (await said('schema-deprecations.mjs')).match(/^[\w.]+(?=:)/gm);
    expect(places?.sort()).toEqual(['In.z', 'Kind.B', 'Query.f.b']);
  });

  it('has its 90 days from the commit that tells of it; a later date does not begin them anew, a sooner one does', async () => {
    await commit(200, schemaWith('x').replace(/@deprecated.+/, ''));
    await commit(100, schemaWith(`Use \`new\`; removed after ${day(-5)}.`));
    expect(await said('schema-deprecations.mjs')).toBe('');
    await commit(20, schemaWith(`Use \`new\`, please; removed after ${day(10)}.`));
    expect(await said('schema-deprecations.mjs')).toBe('');
    await write(schemaWith(`Use \`new\`; removed after ${day(5)}.`));
    expect(await said('schema-deprecations.mjs')).toContain('Query.old: it stays for 90 days');
  });
});

describe('what is removed', () => {
  const without = (reason: string) => schemaWith(reason).replace(/ {2}old.+/, '');
  const deprecatedUntil = (days: number) => schemaWith(`Use \`new\`; removed after ${day(days)}.`);
  const broken = async (before: string, after: string) => {
    await commit(300, before);
    await git(300, 'tag', 'v1');
    await commit(0, after);
    return (await said('schema-breaking.mjs')).match(/^[\w.]+(?=: )/gm) ?? [];
  };

  it.each<[string, number, string[]]>([
    ['may be gone when its date has passed', -1, []],
    ['stays on the day itself', 0, ['Query.old']],
    ['stays until then', 30, ['Query.old']],
  ])('%s', async (_what, days, breaks) => {
    expect(await broken(deprecatedUntil(days), without(''))).toEqual(breaks);
  });

  it('stays when it was not deprecated, unless the changelog lists it as breaking', async () => {
    const before = deprecatedUntil(-1);
    const after = before.replace('  new: Int\n', '').replace('Kind { A B }', 'Kind { A }');
    expect(await broken(before, after)).toEqual(['Query.new', 'Kind.B']);
    await write('# Changelog\n\n## Unreleased\n\n### Breaking\n\n- `Query.new`: gone.\n', 'CHANGELOG.md');
    expect(await said('schema-breaking.mjs')).not.toContain('Query.new');
    expect(await said('schema-breaking.mjs')).toContain('Kind.B');
  });

  it('takes along the types that only it led to, and no other ones', async () => {
    const field = `other(of: In): Other @deprecated(reason: "Use \`new\`; removed after ${day(-1)}.")`;
    const types = 'type Other { id: ID! things: [Thing!] } input In { x: Int }';
    const before = `${schemaWith(`Use \`new\`; removed after ${day(30)}.`, field)} ${types}`;
    expect(await broken(before, before.replace(field, '').replace(types, ''))).toEqual([]);
    await commit(0, before.replace(types, '').replace(field, '').replace('type Thing { id: ID! }', 'scalar Thing'));
    expect(await said('schema-breaking.mjs')).toContain('Thing');
  });

  it('is compared by what it is as long as it is there', async () => {
    const before = deprecatedUntil(-1);
    expect(await broken(before, before.replace('old: Int', 'old: String'))).toEqual(['Query.old']);
  });

  const gone = `@deprecated(reason: "Use \`a\`; removed after ${day(-1)}.")`;
  it.each([
    ['may be', gone, []],
    ['may not be', '', ['In.b', 'Kind.b', 'Query.f.b']],
  ])('%s an argument, a field of an input or a value of an enum just as well', async (_what, deprecated, breaks) => {
    const inner = `input In { a: Int b: Int ${deprecated} } enum Kind { a b ${deprecated} }`;
    const before = `type Query { f(a: In, b: Int ${deprecated}): Kind } ${inner}`;
    const after = 'type Query { f(a: In): Kind } input In { a: Int } enum Kind { a }';
    expect([...(await broken(before, after))].sort()).toEqual(breaks);
  });
});
