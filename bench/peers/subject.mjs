// The peers as subjects of measurement; `product/subject.mjs` has the same face.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/harness/services.mjs';
import { SERVER_CORE } from '../rig/cores.mjs';
import { startNode, untilSaid } from '../rig/processes.mjs';

const QUERY = `subscription TaskChanged($projectId: ID!) {
  taskChanged(projectId: $projectId) { id title status updatedAt assignee { id name } } }`;

const PEERS = {
  a: { what: 'Apollo + graphql-ws + graphql-redis-subscriptions', script: 'a-apollo.mjs' },
  b: { what: 'Yoga + its Redis event target', script: 'b-yoga.mjs', format: 'bare', channel: 'taskChanged:' },
  c: { what: 'Mercurius + mqemitter-redis', script: 'c-mercurius.mjs', format: 'msgpack' },
  'c-outbox': {
    what: 'Mercurius, with an outbox row in the same transaction',
    script: 'c-mercurius.mjs',
    env: { OUTBOX: '1' },
  },
  e: { what: 'node:http + mysql2, no GraphQL', script: 'e-raw-http.mjs' },
  'd-send': { what: 'plain ws, one frame sent to each', script: 'd-raw-ws.mjs', env: { MODE: 'send' } },
  'd-batch': { what: "plain ws, a tick's frames joined", script: 'd-raw-ws.mjs', env: { MODE: 'batch' } },
};

export const peerNames = Object.keys(PEERS);
/** Those that know subscriptions. */
export const fanoutPeers = ['a', 'b', 'c', 'd-send', 'd-batch'];
export const describePeer = (name) => PEERS[name].what;

const BOARD = `query Board($projectId: ID!, $first: Int!) {
  board(projectId: $projectId, first: $first) { id title status updatedAt assignee { id name } } }`;
const MOVE = `mutation Move($id: ID!, $status: String!) {
  setStatus(id: $id, status: $status) { id title status updatedAt assignee { id name } } }`;
const STATUSES = ['todo', 'doing', 'done'];
const MOVED = 4_000;

/** The boards of the first company's projects, or changes of its tasks. */
function requestsOf(kind) {
  const bodyOf = (query, variables) => ({ head: 0, body: JSON.stringify({ query, variables }) });
  if (kind === 'board')
    return Array.from({ length: 20 }, (_, i) => bodyOf(BOARD, { projectId: String(i + 1), first: 50 }));
  return Array.from({ length: MOVED * STATUSES.length }, (_, i) => {
    const status = STATUSES[(i + Math.floor(i / MOVED)) % STATUSES.length];
    return bodyOf(MOVE, { id: String((i % MOVED) + 1), status });
  });
}

const pathOf = (script) => fileURLToPath(new URL(script, import.meta.url));

/** Fills the peers' database. */
export function seedPeers(environment) {
  const env = { PATH: process.env.PATH, ...environment };
  const { status, stderr } = spawnSync(process.execPath, [pathOf('seed.mjs')], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The peers' database could not be filled: ${stderr}`);
}

export function peerSubject(name, environment) {
  const { script, env, format = 'json', channel = 'TASK_CHANGED.' } = PEERS[name];
  const variablesOf = (from, to) => Array.from({ length: to - from }, (_, i) => ({ projectId: String(from + i + 1) }));

  return {
    name,
    windowed: { least: 1, lanes: 1_000 },

    async start(_cell, nodeArgs) {
      const port = await freePort();
      // As each is run in production.
      const all = { NODE_ENV: 'production', ...environment, ...env, PORT: String(port) };
      const server = startNode(SERVER_CORE, pathOf(script), [], all, nodeArgs);
      await untilSaid(server, 'listening', 20);
      return [{ server, port, url: `http://127.0.0.1:${port}` }];
    },

    load({ sockets, projects = 1, isTimed }, [port]) {
      const place = (i) => Math.floor((i * projects) / sockets);
      const all = Array.from({ length: sockets }, (_, i) => ({ port, variables: variablesOf(place(i), place(i) + 1) }));
      return { query: QUERY, greets: false, sockets: all, stamp: isTimed ? '"updatedAt":"([^"]+)"' : undefined };
    },

    publisher({ projects = 1 }, [port]) {
      const sockets = [{ port, variables: variablesOf(0, projects) }];
      return {
        script: pathOf('publish.mjs'),
        env: environment,
        plan: { format, channel, projects, tap: { query: QUERY, greets: false, sockets } },
      };
    },

    /** A change carries the time of its publishing with it, to the microsecond. */
    publishedAt(stamp) {
      const [, toMs, micros] = /^(.*\.\d{3})(\d*)Z$/.exec(stamp);
      return Date.parse(`${toMs}Z`) + Number(`0.${micros}`);
    },

    counters: async () => null,

    /** Over HTTP. */
    requests: async ({ kind }) => ({
      heads: [{ 'content-type': 'application/json', accept: 'application/json' }],
      requests: requestsOf(kind),
    }),
    write: async () => null,
    counted: async () => null,
  };
}
