// A project's board, asked again and again: the targets Q1 to Q4. docs/performance.md tells what each cell means.
import { openHttp } from './http.mjs';

const FIGURES = [
  ['requests/s', 'requestsPerSecond'],
  ['p50 ms', 'p50'],
  ['p99 ms', 'p99'],
  ['µs/request', 'cpuMicrosPerRequest'],
];
/** So many different ones are asked for among companies. */
const BOARDS = 20;
const board = { kind: 'board', connections: 64 };
/** Who asks is known from before, as always; no answer is. */
const keepsNoAnswers = { ANSWER_CACHE_BYTES: '1' };

/** The same boards where there is more beside them: a database of its own, filled before the first round. */
const growing = (what, count, plan, asked) => ({
  ...board,
  name: `${what}-${count}`,
  title: `Boards where there are ${count.toLocaleString('en')} ${what}`,
  figures: FIGURES,
  subjects: [],
  env: keepsNoAnswers,
  plan,
  asked,
});
/** Five boards of one company, for four people. */
const amongTasks = (count, companies, projects) =>
  growing('tasks', count, { companies, projects, tasks: 200, members: 20 }, { companies: 1, people: 4, projects: 5 });
/** Twenty boards for the administrators of theirs, in as many companies as there are: alike ones would be read together. */
const amongCompanies = (count) => {
  const companies = Math.min(BOARDS, count);
  const projects = BOARDS / companies;
  const plan = { companies: count, projects, tasks: 80, members: 5 };
  return growing('companies', count, plan, { companies, people: 1, projects });
};
const MORE_TASKS = [amongTasks(1_000, 1, 5), amongTasks(100_000, 10, 50), amongTasks(1_000_000, 50, 100)];
const MORE_COMPANIES = [amongCompanies(1), amongCompanies(100), amongCompanies(10_000)];

export const cells = [
  {
    ...board,
    name: 'board',
    title: 'The board of a project, 50 tasks with their people, read from the database each time',
    figures: [...FIGURES, ['reads', 'readShare']],
    subjects: ['a', 'b', 'c', 'e'],
    env: keepsNoAnswers,
  },
  {
    ...board,
    name: 'board-kept',
    title: 'The same as it runs in production, while the company takes 10 changes a second',
    figures: [...FIGURES, ['kept', 'keptShare']],
    subjects: ['e'],
    writes: { rate: 10 },
  },
  ...MORE_TASKS,
  ...MORE_COMPANIES,
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
const flat = (cells) => {
  const names = cells.map(({ name }) => name);
  const value = (of) => {
    const rates = names.map((name) => rate(of, name, 'aliteo'));
    return Math.max(...rates) / Math.min(...rates);
  };
  return { name: 'Q3', cells: names, what: `${names.join(', ')}: most : least requests/s`, is: '≤', bound: 1.3, value };
};

export const targets = [
  ratio('Q1', 'board', 'c', 1),
  ratio('Q1', 'board', 'e', 0.6),
  ratio('Q2', 'board-kept', 'e', 2),
  flat(MORE_TASKS),
  flat(MORE_COMPANIES),
  spread('board'),
  spread('board-kept'),
];

export const open = openHttp;

/** Whose turn it is in a round of a cell. */
export const takers = (cell, only) => ['aliteo', ...cell.subjects].filter((name) => !only || only.includes(name));
