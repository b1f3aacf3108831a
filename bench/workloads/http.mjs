// What the workloads over HTTP have in common: the same companies for us and for the peers, and how a cell is run.
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../dist/src/config.js';
import { seedCompanies } from '../../dist/src/domain/seed.js';
import { migrate } from '../../dist/src/entities/schema-state.js';
import { openParts } from '../../dist/src/server/server.js';
import { ensurePackages } from '../../test/harness/services.mjs';
import { peerNames, peerSubject, seedPeers } from '../peers/subject.mjs';
import { httpSubjects } from '../product/http-subject.mjs';
import { startIssuer } from '../product/issuer.mjs';
import { environmentOf } from '../product/server.mjs';
import { measureHttp } from '../rig/measure-http.mjs';

/** As the peers' database is filled, see `peers/seed.mjs`. */
export const PLAN = { companies: 10, projects: 20, tasks: 200, members: 50 };

let opened;

/**
 * Fills the peers' database, once for all workloads, and ours when a cell first asks for it. Answers how a cell is run,
 * and how it is all put away.
 */
export function openHttp(given) {
  opened ??= fill(given);
  return opened;
}

async function fill({ services, dir, options }) {
  ensurePackages(['wrk']);
  const peersEnvironment = {
    PEERS_DATABASE_URL: await services.openDatabase('peers'),
    PEERS_REDIS_URL: services.redisUrl,
  };
  seedPeers(peersEnvironment);

  const issuer = await startIssuer();
  const peers = new Map(peerNames.map((name) => [name, peerSubject(name, peersEnvironment)]));
  /** This server and its companies, by the plan that these were made of. */
  const worlds = new Map();

  async function openWorld(plan) {
    const databaseUrl = await services.openDatabase(`boards_${worlds.size}`);
    const environment = environmentOf({ databaseUrl, redisUrl: services.redisUrl, issuer, dataDir: dir });
    const { parts, close } = await openParts(readConfig({ ...environment, LOG_LEVEL: 'warn' }));
    await migrate(parts.orm);
    await seedCompanies(parts, plan);
    return { subjects: httpSubjects({ parts, issuer, environment, dir, plan }), close };
  }

  return {
    run: async (cell, name) => {
      const { plan = PLAN } = cell;
      if (!worlds.has(plan)) worlds.set(plan, openWorld(plan));
      const world = await worlds.get(plan);
      const subject = peers.get(name) ?? world.subjects[name];
      const profile = options.profile && [
        '--cpu-prof',
        `--cpu-prof-dir=${fileURLToPath(new URL('../results', import.meta.url))}`,
      ];
      return measureHttp(subject, { seconds: options.seconds, ...cell }, { dir, nodeArgs: profile || [] });
    },
    stop: async () => {
      issuer.stop();
      for (const world of await Promise.allSettled(worlds.values())) await world.value?.close();
    },
  };
}
