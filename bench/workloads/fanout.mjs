// One object's changes to many sockets: the targets F1 to F6. What each cell means is told in docs/performance.md.
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../dist/src/config.js';
import { openParts } from '../../dist/src/server/server.js';
import { fanoutPeers, peerSubject, seedPeers } from '../peers/subject.mjs';
import { startIssuer } from '../product/issuer.mjs';
import { environmentOf } from '../product/server.mjs';
import { productSubject } from '../product/subject.mjs';
import { createWorld } from '../product/world.mjs';
import { measure } from '../rig/measure.mjs';

const OURS = 'aliteo';
const RATE = [['deliveries/s', 'deliveriesPerSecond']];
const LATENCY = [
  ['p99 ms', 'p99'],
  ['p50 ms', 'p50'],
];
const MEMORY = [['KiB/socket', 'kibPerSocket']];
const COST = [
  ['µs/delivery', 'cpuMicrosPerDelivery'],
  ['deliveries/s', 'deliveriesPerSecond'],
];
const EXECUTIONS = [['executions/event', 'executionsPerEvent']];

/** Samples are every so many sockets; odd, so that all kinds of people are among them. */
const SPARSE = 101;
const DENSE = 49;
const flood = (sockets) => ({
  name: `flood-${sockets}`,
  title: `One project, ${sockets.toLocaleString('en')} sockets, as many changes as it takes`,
  sockets,
  publish: { window: true },
  sampleEvery: SPARSE,
  figures: RATE,
  subjects: fanoutPeers,
});
const nodes = (count) => ({
  name: `nodes-${count}`,
  title: `5,000 sockets on ${count === 1 ? 'one node' : `${count} nodes`}, 10 changes a second`,
  sockets: 5_000,
  nodes: count,
  publish: { rate: 10 },
  sampleEvery: SPARSE,
  figures: COST,
  subjects: [],
});

export const cells = [
  flood(1_000),
  flood(5_000),
  {
    name: 'latency',
    title: 'One project, 1,000 sockets, 10 changes a second: from the commit to the client',
    sockets: 1_000,
    publish: { rate: 10 },
    isTimed: true,
    // At ten changes a second it takes a while until everything that tells of one is compiled.
    warmupSeconds: 12,
    sampleEvery: DENSE,
    figures: LATENCY,
    subjects: fanoutPeers,
  },
  {
    name: 'memory',
    title: 'Memory of one of 5,000 subscribed sockets while nothing happens',
    sockets: 5_000,
    isIdle: true,
    wave: 500,
    figures: MEMORY,
    subjects: fanoutPeers,
  },
  {
    name: 'objects',
    title: '1,000 projects, 10 sockets each, as many changes as can be made meanwhile',
    sockets: 10_000,
    projects: 1_000,
    publish: { window: true },
    sampleEvery: SPARSE,
    figures: RATE,
    subjects: ['a'],
  },
  {
    name: 'backlog',
    title: '1,000 projects, 10 sockets each: a server that was held up works off 30,000 changes',
    sockets: 10_000,
    projects: 1_000,
    backlog: 30_000,
    sampleEvery: SPARSE,
    figures: RATE,
    subjects: ['a'],
  },
  {
    name: 'classes',
    title: '1,000 sockets with 50 classes of rights on one task',
    sockets: 1_000,
    people: 'classes',
    publish: { rate: 10 },
    sampleEvery: DENSE,
    figures: EXECUTIONS,
    subjects: [],
  },
  nodes(1),
  nodes(2),
];

/** The targets: each names the cells that it needs, and says what is compared with what. */
export const targets = [
  ...[1_000, 5_000].flatMap((sockets) => [
    ratio(`F1 ${sockets}`, `flood-${sockets}`, 'deliveriesPerSecond', 'a', '≥', 20),
    ratio(`F1 ${sockets}`, `flood-${sockets}`, 'deliveriesPerSecond', 'd-send', '≥', 5),
  ]),
  ratio('F2', 'latency', 'p99', 'a', '≤', 0.6),
  figure('F3', 'memory', 'kibPerSocket', 'KiB per idle socket', '≤', 12),
  ratio('F3', 'memory', 'kibPerSocket', 'a', '≤', 0.3),
  ratio('F4', 'backlog', 'deliveriesPerSecond', 'a', '≥', 3),
  figure('F5', 'classes', 'executionsPerEvent', 'executions per event', '≤', 50),
  {
    name: 'F6',
    cells: ['nodes-1', 'nodes-2'],
    what: 'processor time per delivery, two nodes : one',
    is: '≤',
    bound: 1.1,
    value: (of) => of('nodes-2', OURS, 'cpuMicrosPerDelivery') / of('nodes-1', OURS, 'cpuMicrosPerDelivery'),
  },
];

function ratio(name, cell, what, peer, is, bound) {
  const value = (of) => of(cell, OURS, what) / of(cell, peer, what);
  return { name, cells: [cell], what: `${cell}: ${OURS} : ${peer}`, is, bound, value };
}

function figure(name, cell, what, words, is, bound) {
  return { name, cells: [cell], what: words, is, bound, value: (of) => of(cell, OURS, what) ?? Number.NaN };
}

/** Fills both databases with what the chosen cells need. Answers how a cell is run, and how it is all put away. */
export async function open({ services, dir, chosen, options }) {
  const peersEnvironment = {
    PEERS_DATABASE_URL: await services.openDatabase('peers'),
    PEERS_REDIS_URL: services.redisUrl,
  };
  seedPeers(peersEnvironment);

  const issuer = await startIssuer();
  const databaseUrl = await services.openDatabase('aliteo');
  const environment = environmentOf({ databaseUrl, redisUrl: services.redisUrl, issuer, dataDir: dir });
  const { parts, close } = await openParts(readConfig({ ...environment, LOG_LEVEL: 'warn' }));
  const most = (count) => Math.max(0, ...chosen.map(count));
  const world = await createWorld(parts, issuer, {
    people: most(({ sockets, people }) => (people ? 0 : sockets)),
    projects: most(({ projects = 0 }) => projects),
    classPeople: most(({ sockets, people }) => (people === 'classes' ? sockets : 0)),
  });
  await close();

  const subjects = new Map(fanoutPeers.map((name) => [name, peerSubject(name, peersEnvironment)]));
  subjects.set(OURS, productSubject(world, environment));
  return {
    run: (cell, name) => {
      const profile = options.profile && [
        `--cpu-prof`,
        `--cpu-prof-dir=${fileURLToPath(new URL('../results', import.meta.url))}`,
      ];
      const { seconds, window } = options;
      return measure(
        subjects.get(name),
        { warmupSeconds: 3, seconds, ...cell },
        { dir, window, nodeArgs: profile || [] },
      );
    },
    stop: async () => issuer.stop(),
  };
}

/** Whose turn it is in a round of a cell. */
export const takers = (cell, only) => [OURS, ...cell.subjects].filter((name) => !only || only.includes(name));
