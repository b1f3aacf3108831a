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
import { readMetrics, startServer } from './server.mjs';

const BOARD = `query Board($projectId: ID!, $first: Int!) {
  tasks(projectId: $projectId, first: $first) { nodes { id title status updatedAt solver { id name } } } }`;
const MOVE = `mutation Move($input: MoveTaskInput!) {
  moveTask(input: $input) { task { id title status updatedAt solver { id name } } cursor userErrors { message } } }`;

const COMPANY = 1;
const PROJECTS = 20;
const PEOPLE = 16;
const COMPANIES = 10;
/** Tasks whose status goes to and fro. */
const MOVED = 4_000;

export function httpSubject({ parts, issuer, environment, dir }) {
  const headOf = async (company, n) => ({
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${await issuer.token(seededAddress(company, n))}`,
    'x-company-id': seededId('company', company),
  });
  const numbers = (count) => Array.from({ length: count }, (_, i) => i + 1);
  const companyIds = numbers(COMPANIES).map((company) => seededId('company', company));

  return {
    name: 'aliteo',

    start: async (cell, nodeArgs) => [await startServer({ ...environment, ...cell.env }, nodeArgs)],

    async requests({ kind }) {
      return kind === 'board' ? boards() : moves();
    },

    /** Changes tasks of the boards that are asked for, as another process does. */
    async write({ writes, seconds }) {
      const file = join(dir, 'writer.json');
      const taskIds = numbers(PROJECTS).map((project) => seededId('task', COMPANY, project, 7));
      const plan = { viewer: seededViewer(COMPANY, 1), taskIds, ...writes, seconds: seconds + 60 };
      writeFileSync(file, JSON.stringify(plan));
      const script = fileURLToPath(new URL('publish.mjs', import.meta.url));
      const writer = startNode(LOAD_CORE, script, [file], environment);
      await untilSaid(writer, 'READY', 20);
      return writer;
    },

    async counted([{ metricsUrl }]) {
      const { aliteo_answers_kept_total: kept } = await readMetrics(metricsUrl);
      const heads = await readHeads(parts.orm, companyIds);
      return { kept, events: [...heads.values()].reduce((sum, seq) => sum + seq, 0) };
    },
  };

  /** The boards of one company's projects, asked by several of its people in turn. */
  async function boards() {
    const heads = await Promise.all(numbers(PEOPLE).map((n) => headOf(COMPANY, n)));
    const requests = heads.flatMap((_, head) =>
      numbers(PROJECTS).map((project) => {
        const variables = { projectId: seededId('project', COMPANY, project), first: 50 };
        return { head, body: JSON.stringify({ query: BOARD, variables }) };
      }),
    );
    return { heads, requests };
  }

  /** Tasks of all companies that are in progress are suspended, one after the other, and then taken up again, for ever. */
  async function moves() {
    const heads = await Promise.all(numbers(COMPANIES).map((company) => headOf(company, 1)));
    const perCompany = MOVED / COMPANIES;
    const tasks = await Promise.all(
      companyIds.map((companyId) =>
        listRows(
          { orm: parts.orm, companyId },
          Task,
          {
            all: [
              { column: 'status', is: '=', value: 'IN_PROGRESS' },
              { not: { column: 'privacy', is: '=', value: 'PRIVATE' } },
            ],
          },
          { columns: ['id'], limit: perCompany },
        ),
      ),
    );
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
