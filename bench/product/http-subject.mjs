// This server as a subject of measurement over HTTP; `peers/subject.mjs` has the same face.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededAddress, seededId, seededViewer } from '../../dist/src/domain/seed.js';
import { listRows } from '../../dist/src/entities/rows.js';
import { Task } from '../../dist/src/entities/task.js';
import { readHeads } from '../../dist/src/pubsub/event-log.js';
import { LOAD_CORE } from '../rig/cores.mjs';
import { startNode, untilSaid } from '../rig/processes.mjs';
import { readMetrics, startBareSql, startServer } from './server.mjs';

const BOARD = `query Board($projectId: ID!, $first: Int!) {
  tasks(projectId: $projectId, first: $first) { nodes { id title status updatedAt solver { id name } } } }`;
const MOVE = `mutation Move($input: MoveTaskInput!) {
  moveTask(input: $input) { task { id title status updatedAt solver { id name } } cursor userErrors { message } } }`;

/** Whose boards are asked for unless the cell says otherwise: all of one company, by some of its people. */
const ASKED = { companies: 1, people: 16, projects: 20 };
/** Tasks whose status goes to and fro. */
const MOVED = 4_000;
const BOARD_TASKS = 50;

/** By name: this server, and its limit. */
export function httpSubjects({ parts, issuer, environment, dir, plan }) {
  const headOf = async (company, n) => ({
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${await issuer.token(seededAddress(company, n))}`,
    'x-company-id': seededId('company', company),
  });
  const numbers = (count) => Array.from({ length: count }, (_, i) => i + 1);
  const companyIds = numbers(plan.companies).map((company) => seededId('company', company));

  const aliteo = {
    name: 'aliteo',

    start: async (cell, nodeArgs) => [await startServer({ ...environment, ...cell.env }, nodeArgs)],

    async requests({ kind, asked = ASKED }, url) {
      return kind === 'board' ? boards(asked, url) : moves();
    },

    /** Changes tasks of the boards that are asked for, as another process does. */
    async write({ writes, seconds, asked = ASKED }) {
      const file = join(dir, 'writer.json');
      const boards = numbers(asked.projects).map((project) => seededId('project', 1, project));
      const tasks = await listOpenTasks(companyIds[0], { column: 'project', is: 'in', value: boards });
      const taskIds = [...Map.groupBy(tasks, ({ project }) => project.id).values()].map(([first]) => first.id);
      writeFileSync(file, JSON.stringify({ viewer: seededViewer(1, 1), taskIds, ...writes, seconds: seconds + 60 }));
      const script = fileURLToPath(new URL('publish.mjs', import.meta.url));
      const writer = startNode(LOAD_CORE, script, [file], environment);
      await untilSaid(writer, 'READY', 20);
      return writer;
    },

    async counted([{ metricsUrl }]) {
      const metrics = await readMetrics(metricsUrl);
      const { aliteo_answers_kept_total: kept, aliteo_shared_reads_sent_total: reads } = metrics;
      return { kept, reads, events: await countEvents() };
    },
  };

  /** What writes the same rows without being this server. */
  const bareSql = {
    ...aliteo,
    name: 'bare-sql',
    start: async () => [await startBareSql(environment)],
    counted: async () => ({ events: await countEvents() }),
  };

  return { aliteo, 'bare-sql': bareSql };

  async function countEvents() {
    const heads = await readHeads(parts.orm, companyIds);
    return [...heads.values()].reduce((sum, seq) => sum + seq, 0);
  }

  /** The boards of projects, asked for in turn by those of these people who see them. */
  async function boards({ companies, people, projects }, url) {
    const step = plan.companies / companies;
    const askers = numbers(companies).flatMap((i) => numbers(people).map((n) => [1 + Math.floor((i - 1) * step), n]));
    const heads = await Promise.all(askers.map(([company, n]) => headOf(company, n)));
    const candidates = askers.flatMap(([company], head) =>
      numbers(projects).map((project) => {
        const variables = { projectId: seededId('project', company, project), first: BOARD_TASKS };
        return { head, body: JSON.stringify({ query: BOARD, variables }) };
      }),
    );
    const requests = [];
    for (const request of candidates) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: heads[request.head],
        body: request.body,
      });
      const { data } = await response.json();
      if (data?.tasks.nodes.length === BOARD_TASKS) requests.push(request);
    }
    if (requests.length === 0) throw new Error('nobody sees a board of so many tasks');
    return { heads, requests };
  }

  /** Tasks that a company's administrators see. */
  function listOpenTasks(companyId, filter, limit) {
    const isOpen = { not: { column: 'privacy', is: '=', value: 'PRIVATE' } };
    const source = { orm: parts.orm, companyId };
    return listRows(source, Task, { all: [filter, isOpen] }, { columns: ['id', 'project'], limit });
  }

  /** Tasks of all companies that are in progress are suspended, one after the other, and then taken up again, for ever. */
  async function moves() {
    const heads = await Promise.all(numbers(plan.companies).map((company) => headOf(company, 1)));
    const perCompany = MOVED / plan.companies;
    const inProgress = { column: 'status', is: '=', value: 'IN_PROGRESS' };
    const tasks = await Promise.all(companyIds.map((companyId) => listOpenTasks(companyId, inProgress, perCompany)));
    const to = (status) =>
      numbers(perCompany).flatMap((n) =>
        tasks.flatMap((ofCompany, head) => {
          const taskId = ofCompany[n - 1]?.id;
          return taskId
            ? [{ head, body: JSON.stringify({ query: MOVE, variables: { input: { taskId, status } } }) }]
            : [];
        }),
      );
    return { heads, requests: [...to('SUSPENDED'), ...to('IN_PROGRESS')] };
  }
}
