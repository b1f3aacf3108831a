// How events get their numbers: one company that many write to, and the same load spread over a hundred.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../dist/src/config.js';
import { foundCompany } from '../../dist/src/domain/companies.js';
import { createProject } from '../../dist/src/domain/projects.js';
import { createTask } from '../../dist/src/domain/tasks.js';
import { migrate } from '../../dist/src/entities/schema-state.js';
import { openParts } from '../../dist/src/server/server.js';
import { startIssuer } from '../product/issuer.mjs';
import { environmentOf } from '../product/server.mjs';
import { viewerOf } from '../product/world.mjs';
import { SERVER_CORE } from '../rig/cores.mjs';
import { answerOf, startNode } from '../rig/processes.mjs';

const WRITERS = 16;
const COMPANIES = 100;
const EXTRA_SECONDS = 20;
const script = fileURLToPath(new URL('../sequence/writers.mjs', import.meta.url));
const FIGURES = [
  ['changes/s', 'changesPerSecond'],
  ['p50 ms', 'p50'],
  ['p99 ms', 'p99'],
];
const cell = (name, title, companies) => ({ name, title, companies, figures: FIGURES });

export const cells = [
  cell('hot', `${WRITERS} writers in one company`, 1),
  cell('cold', `${WRITERS} writers, spread over ${COMPANIES} companies`, COMPANIES),
];

export const targets = [
  {
    name: 'M3',
    cells: ['hot', 'cold'],
    what: 'changes a second in one company : spread over a hundred',
    is: '≥',
    bound: 0.5,
    value: (of) => of('hot', 'aliteo', 'changesPerSecond') / of('cold', 'aliteo', 'changesPerSecond'),
  },
];

/** This server, and bare SQL in the three ways that were compared. */
export const takers = (_cell, only) =>
  ['aliteo', 'lock', 'insert-id', 'sequencer'].filter((name) => !only || only.includes(name));

export async function open({ services, dir, options }) {
  const issuer = await startIssuer();
  const databaseUrl = await services.openDatabase('sequence');
  const environment = {
    ...environmentOf({ databaseUrl, redisUrl: services.redisUrl, issuer, dataDir: dir }),
    LOG_LEVEL: 'warn',
    DATABASE_POOL: String(WRITERS + 4),
  };
  const { parts, close } = await openParts(readConfig(environment));
  await migrate(parts.orm);
  const companies = [];
  for (let i = 0; i < COMPANIES; i += 1) companies.push(await createCompany(parts, i));
  await close();
  return {
    async run({ name, companies: count }, way) {
      const { seconds } = options;
      const plan = { way, companies: companies.slice(0, count), writers: WRITERS, warmupSeconds: 3, seconds };
      const file = join(dir, 'writers.json');
      writeFileSync(file, JSON.stringify(plan));
      const child = startNode(SERVER_CORE, script, [file], environment);
      try {
        return { cell: name, subject: way, ...(await answerOf(child, seconds + EXTRA_SECONDS)) };
      } catch (error) {
        return { cell: name, subject: way, failed: error.message };
      }
    },
    stop: async () => issuer.stop(),
  };
}

/** A company with one task for each writer. */
async function createCompany(parts, i) {
  const founder = { email: `founder-${i}@example.com`, name: 'Founder' };
  const { company, administrator, workspace } = await foundCompany(parts, `Company ${i}`, founder);
  const viewer = viewerOf(company.id, administrator);
  const input = { workspaceId: workspace.id, key: 'MAIN', name: 'Main' };
  const project = (await createProject(parts, viewer, input)).result;
  const taskIds = [];
  for (let n = 0; n < WRITERS; n += 1) {
    const { id } = (await createTask(parts, viewer, project.id, { title: `Task ${n}`, privacy: 'PUBLIC' })).result;
    taskIds.push(id);
  }
  return { companyId: company.id, viewer, taskIds };
}
