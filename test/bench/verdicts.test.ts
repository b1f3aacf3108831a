import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isGood, judgeAll, type Run, summarize, type Target, verdictOf } from '../../bench/rig/report.mjs';

const CELLS = [{ name: 'board' }];
const TARGETS: Target[] = [
  {
    name: 'Q1',
    cells: ['board'],
    what: 'board: aliteo : a',
    is: '≥',
    bound: 2,
    value: (of) => of('board', 'aliteo', 'requestsPerSecond') / of('board', 'a', 'requestsPerSecond'),
  },
  { name: 'Q4', cells: ['board'], what: 'p99', is: '≤', bound: 4, value: (of) => of('board', 'aliteo', 'p99') },
];
const run = (subject: string, round: number, requestsPerSecond: number, more: Partial<Run> = {}): Run => ({
  cell: 'board',
  subject,
  round,
  requestsPerSecond,
  p99: 2,
  faults: [],
  ...more,
});
const OURS = [1, 2, 3].map((round) => run('aliteo', round, 400 + round));
const PEERS = [1, 2, 3].map((round) => run('a', round, 100));

/** What a bench of three rounds says of its targets, and whether it ends well. */
function judged(runs: readonly Run[]) {
  const summaries = summarize(runs, 3);
  const verdicts = judgeAll(TARGETS, CELLS, summaries);
  return {
    values: verdicts.map(({ value }) => value),
    met: verdicts.map(({ isMet }) => isMet),
    said: verdicts.map((verdict) => verdictOf(verdict as Parameters<typeof verdictOf>[0])),
    good: isGood({ summaries, verdicts }),
  };
}

describe('the targets of a bench', () => {
  it('are met by the medians of rounds in which nothing failed', () => {
    expect(judged([...OURS, ...PEERS])).toMatchObject({ values: [4.02, 2], met: [true, true], good: true });
  });

  it('are missed when a figure is beyond its bound', () => {
    const slow = OURS.map((each) => ({ ...each, p99: 5 }));
    expect(judged([...slow, ...PEERS])).toMatchObject({ values: [4.02, 5], met: [true, false], good: false });
  });

  it.each<[string, Run[]]>([
    ['requests failed in one round', OURS.with(1, run('aliteo', 2, 900, { faults: ['1 requests failed'] }))],
    ['one round crashed', OURS.with(2, { cell: 'board', subject: 'aliteo', round: 3, failed: 'wrk said nothing' })],
    ['one round crashed without a word', OURS.with(2, { cell: 'board', subject: 'aliteo', round: 3, failed: '' })],
    ['one round is missing', OURS.slice(0, 2)],
    ['all rounds are missing', []],
  ])('are not measured, and so missed, when %s', (_what, ours) => {
    const { said, ...rest } = judged([...ours, ...PEERS]);
    expect(rest).toEqual({ values: [null, null], met: [false, false], good: false });
    for (const line of said) expect(line).toMatch(/^✗ .*: not measured/);
  });

  it('are not measured where it was the other server that failed', () => {
    const peers = PEERS.with(0, run('a', 1, 1, { faults: ['70 requests failed'] }));
    expect(judged([...OURS, ...peers])).toMatchObject({ values: [null, 2], met: [false, true], good: false });
  });
});

it('a bench does not end well when a server failed of which no target tells', () => {
  const others = PEERS.map((each) => ({ ...each, subject: 'b', faults: ['3 requests failed'] }));
  expect(judged([...OURS, ...PEERS, ...others])).toMatchObject({ met: [true, true], good: false });
});

// Cores are told apart by what Linux says of them.
(process.platform === 'linux' ? describe : describe.skip)('a run', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'aliteo-run-'));
    writeFileSync(join(dir, 'taskset'), '#!/bin/sh\nshift 2\nexec "$@"\n', { mode: 0o755 });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** With a load that says this. */
  function runWith(said: string): Run {
    writeFileSync(join(dir, 'wrk'), `#!/bin/sh\necho '${said}'\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${dir}:${process.env.PATH}` };
    return JSON.parse(execFileSync(process.execPath, ['test/bench/one-run.mjs', dir], { env, encoding: 'utf8' }));
  }
  const result = (errors: number) =>
    `RESULT ${JSON.stringify({ requests: 100, seconds: 0.5, p50: 1, p99: 2, errors })}`;

  it.each<[string, string, boolean]>([
    ['is sound when all requests were answered', result(0), true],
    ['is not when one of them failed', result(1), false],
    ['is not when the load has come to nothing', 'unable to connect', false],
  ])('%s', (_what, said, isSound) => {
    expect(summarize([runWith(said)], 1)).toMatchObject([{ cell: 'board', subject: 'aliteo', isSound }]);
  });
});
