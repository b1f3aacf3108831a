// A project's board, asked again and again: the targets Q1, Q2 and Q4. docs/performance.md tells what each cell means.
import { openHttp } from './http.mjs';

const FIGURES = [
  ['requests/s', 'requestsPerSecond'],
  ['p50 ms', 'p50'],
  ['p99 ms', 'p99'],
  ['µs/request', 'cpuMicrosPerRequest'],
];
const board = { kind: 'board', connections: 64 };

export const cells = [
  {
    ...board,
    name: 'board',
    title: 'The board of a project, 50 tasks with their people, read from the database each time',
    figures: FIGURES,
    subjects: ['a', 'b', 'c', 'e'],
    // Who asks is known from before, as always; no answer is.
    env: { ANSWER_CACHE_BYTES: '1' },
  },
  {
    ...board,
    name: 'board-kept',
    title: 'The same as it runs in production, while the company takes 10 changes a second',
    figures: [...FIGURES, ['kept', 'keptShare']],
    subjects: ['e'],
    writes: { rate: 10 },
  },
];

const rate = (of, cell, subject) => of(cell, subject, 'requestsPerSecond');
const ratio = (name, cell, peer, bound) => ({
  name,
  cells: [cell],
  what: `${cell}: aliteo : ${peer}`,
  is: '≥',
  bound,
  value: (of) => rate(of, cell, 'aliteo') / rate(of, cell, peer),
});
const spread = (cell) => ({
  name: 'Q4',
  cells: [cell],
  what: `${cell}: p99 : p50`,
  is: '≤',
  bound: 4,
  value: (of) => of(cell, 'aliteo', 'spread'),
});

export const targets = [
  ratio('Q1', 'board', 'c', 1),
  ratio('Q1', 'board', 'e', 0.6),
  ratio('Q2', 'board-kept', 'e', 2),
  spread('board'),
  spread('board-kept'),
];

export const open = openHttp;

/** Whose turn it is in a round of a cell. */
export const takers = (cell, only) => ['aliteo', ...cell.subjects].filter((name) => !only || only.includes(name));
