import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CLOSE_CODES } from '../../src/errors/close-codes.js';
import { ERROR_CODES } from '../../src/errors/error-codes.js';
import { REASONS } from '../../src/errors/reasons.js';
import { USER_ERROR_CODES } from '../../src/errors/user-error-codes.js';
import { ApiError, badInput, forbidden, UserError } from '../../src/errors.js';

/** All code that may use an entry: everything but the catalogue itself. */
let code: string;
beforeAll(async () => {
  const files = globSync('src/**/*.ts').filter((file) => !file.startsWith('src/errors/'));
  code = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
});

/** Whether something is thrown with this word: it stands first among what a constructor is given. */
const isThrown = (word: string) => new RegExp(`\\(\\s*'${word}'\\s*[,)]`).test(code);
const isCodeOfReason = (word: string) => Object.values(REASONS).some((reason) => reason.code === word);

describe('the catalogue of errors has no entry that nobody uses', () => {
  it.each<[string, object, (word: string) => boolean]>([
    ['reason', REASONS, isThrown],
    ['user error', USER_ERROR_CODES, isThrown],
    ['code', ERROR_CODES, (word) => isCodeOfReason(word) || code.includes(`'${word}'`)],
    ['close code', CLOSE_CODES, (word) => new RegExp(`\\bCloseCode\\.${word}\\b`).test(code)],
  ])('as a %s', (_kind, entries, isUsed) => {
    expect(Object.keys(entries).length).toBeGreaterThan(10);
    expect(Object.keys(entries).filter((word) => !isUsed(word))).toEqual([]);
    expect(isUsed('NEVER_USED')).toBe(false);
  });

  it('and none of two meanings', () => {
    expect(Object.keys(REASONS).filter((word) => word in USER_ERROR_CODES)).toEqual([]);
    const codes = Object.values(CLOSE_CODES).map((entry) => entry.code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('an error', () => {
  it('has the code of its reason', () => {
    expect(new ApiError('BODY_LIMIT', 'Too large.')).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      extensions: { code: 'PAYLOAD_TOO_LARGE', reason: 'BODY_LIMIT' },
    });
  });

  it('without an entry does not compile, and neither does one of another code', () => {
    const unwritten = [
      // @ts-expect-error: no such reason
      () => new ApiError('NEVER_HEARD_OF', ''),
      // @ts-expect-error: no such reason
      () => forbidden('NEVER_HEARD_OF'),
      // @ts-expect-error: a reason of another code
      () => badInput('ROLE_REQUIRED', ''),
      // @ts-expect-error: no such code
      () => new UserError('NEVER_HEARD_OF', ''),
      // @ts-expect-error: a reason is not for the person at the screen
      () => new UserError('ROLE_REQUIRED', ''),
    ];
    expect(unwritten).toHaveLength(5);
  });
});

describe('docs/errors.md', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aliteo-errors-'));
    await mkdir(join(folder, 'docs'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const aliteo = (...args: string[]) =>
    new Promise<{ code: unknown; output: string }>((settle) => {
      const cli = ['--disable-warning=ExperimentalWarning', resolve('dist/src/cli.js')];
      execFile(process.execPath, [...cli, ...args], { cwd: folder }, (error, stdout, stderr) =>
        settle({ code: error?.code ?? 0, output: stdout + stderr }),
      );
    });

  it('is what `errors print` writes, and `errors check` finds when it is not', async () => {
    expect(await aliteo('errors', 'print')).toEqual({ code: 0, output: '' });
    const file = join(folder, 'docs/errors.md');
    const text = await readFile(file, 'utf8');
    expect(text).toBe(await readFile('docs/errors.md', 'utf8'));
    const words = [ERROR_CODES, REASONS, USER_ERROR_CODES].flatMap((entries) => Object.keys(entries));
    expect(words.filter((word) => !text.includes(`\n| \`${word}\` |`))).toEqual([]);
    expect(await aliteo('errors', 'check')).toEqual({ code: 0, output: '' });

    await writeFile(file, text.replace('`NOT_FOUND`', '`FOUND`'));
    const told = 'docs/errors.md is not what the code says: run "npm run errors".\n';
    expect(await aliteo('errors', 'check')).toEqual({ code: 1, output: told });
  });
});
