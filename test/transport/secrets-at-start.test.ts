import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const MARKER = 'planted-and-never-to-be-seen';
const dataDir = mkdtempSync(join(tmpdir(), 'aliteo-start-'));

describe('the operator is told by name, and no secret is repeated', () => {
  it.each<[string, NodeJS.ProcessEnv]>([
    ['DATABASE_URL', { DATABASE_URL: `mysql://user:${MARKER}@127.0.0.1:1/aliteo` }],
    ['DATABASE_URL', { DATABASE_URL: `mysql://user:${MARKER}#@127.0.0.1:1/aliteo` }],
    ['REDIS_URL', { REDIS_URL: `http://:${MARKER}@127.0.0.1:1` }],
    ['REDIS_URL', { REDIS_URL: `redis://:${MARKER}%zz@127.0.0.1:1` }],
    ['MAIL_URL', { MAIL_URL: `smtps://user:${MARKER}@mail.example.com/?a`, MAIL_FROM: 'a@example.com' }],
    ['MAIL_FROM', { MAIL_URL: `smtps://user:${MARKER}@mail.example.com` }],
    ['SECRET_KEY', { SECRET_KEY: MARKER }],
    ['TLS_KEY', { TLS_CERT: 'package.json', TLS_KEY: MARKER }],
    ['TLS_CERT', { TLS_CERT: MARKER, TLS_KEY: 'package.json' }],
    ['TRUSTED_PROXIES', { NODE_ENV: 'production', SECRET_KEY: MARKER }],
  ])('when %s keeps it from starting', async (name, env) => {
    const { output, code } = await new Promise<{ code: unknown; output: string }>((resolve) => {
      const all = { PATH: process.env.PATH, DATA_DIR: dataDir, SEED_DEMO: 'off', DEV_ISSUER: 'off', ...env };
      execFile(process.execPath, ['dist/src/main.js'], { env: all, timeout: 20_000 }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: stdout + stderr }),
      );
    });
    expect(code).toBe(1);
    expect(output).toContain(name);
    expect(output).not.toContain(MARKER);
  });
});
