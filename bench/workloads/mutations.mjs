// The status of a task, changed again and again: the targets M1 and M2. docs/performance.md tells what each cell means.
import { openHttp } from './http.mjs';

const FIGURES = [
  ['requests/s', 'requestsPerSecond'],
  ['p50 ms', 'p50'],
  ['p99 ms', 'p99'],
  ['µs/request', 'cpuMicrosPerRequest'],
];

export const cells = [
  {
    kind: 'status',
    name: 'status',
    title: "A task's status, 16 connections; ours with history, event and its number, the peers (a to e) one row",
    connections: 16,
    figures: [...FIGURES, ['events', 'eventShare']],
    subjects: ['bare-sql', 'a', 'b', 'c', 'c-outbox', 'e'],
  },
];

const ratio = (name, peer, bound) => ({
  name,
  cells: ['status'],
  what: `status: aliteo : ${peer}`,
  is: '≥',
  bound,
  value: (of) => of('status', 'aliteo', 'requestsPerSecond') / of('status', peer, 'requestsPerSecond'),
});

export const targets = [ratio('M1', 'a', 2), ratio('M2', 'c-outbox', 0.8)];

export const open = openHttp;

/** Whose turn it is in a round of a cell. */
export const takers = (cell, only) => ['aliteo', ...cell.subjects].filter((name) => !only || only.includes(name));
