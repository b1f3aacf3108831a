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
  'd-send': { what: 'plain ws, one frame sent to each', script: 'd-raw-ws.mjs', env: { MODE: 'send' } },
  'd-batch': { what: "plain ws, a tick's frames joined", script: 'd-raw-ws.mjs', env: { MODE: 'batch' } },
};

export const peerNames = Object.keys(PEERS);
export const describePeer = (name) => PEERS[name].what;

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
  };
}
