// This server, started as an operator starts it: the built main.js with what is set in its environment.
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from '../../scripts/run-node.mjs';
import { freePort } from '../../test/harness/services.mjs';
import { SERVER_CORE } from '../rig/cores.mjs';
import { startNode, untilSaid } from '../rig/processes.mjs';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const READY_MS = 30_000;

/**
 * The environment of the servers and of whoever changes things beside them. As in production, but for what production
 * insists on and loopback cannot give: an issuer and an address with https. NODE_ENV decides nothing else here, for
 * what it switches on is switched off by name.
 */
export const environmentOf = ({ databaseUrl, redisUrl, issuer, dataDir }) => ({
  NODE_ENV: 'test',
  DEV_ISSUER: 'off',
  SEED_DEMO: 'off',
  GRAPHIQL: 'off',
  LOG_LEVEL: 'info',
  DATA_DIR: dataDir,
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  SECRET_KEY: 'a secret of the benchmarks, long enough to be one',
  OIDC_ISSUERS: `${issuer.url}|${issuer.audience}`,
  // A heartbeat is a frame too, and frames are what is counted.
  HEARTBEAT_MS: '600000',
  // A few people ask for all that is asked for.
  RATE_LIMIT_POINTS: '1000000000',
  // All sockets come from one machine, and at once.
  MAX_SOCKETS_PER_ADDRESS: '100000',
  MAX_SOCKETS_PER_VIEWER: '1000',
  MAX_SUBSCRIPTIONS_PER_SOCKET: '1000',
  MAX_CONNECTS_PER_SECOND: '100000',
});

/** Starts one node and waits until it says that it is ready. */
export async function startServer(environment, nodeArgs = []) {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const ports = { PORT: String(port), METRICS_PORT: String(metricsPort) };
  const server = startNode(SERVER_CORE, MAIN, [], { ...environment, ...ports }, [...nodeFlags, ...nodeArgs]);
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline && server.isRunning; ) {
    const response = await fetch(`${url}/readyz`).catch(() => null);
    if (response?.ok) return { server, port, url, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics` };
    await delay(50);
  }
  throw new Error(`The server did not start:\n${server.out}${server.err}`);
}

/** Starts what writes the same rows into the same tables, see `bare-sql.mjs`. */
export async function startBareSql(environment) {
  const port = await freePort();
  const script = fileURLToPath(new URL('bare-sql.mjs', import.meta.url));
  const server = startNode(SERVER_CORE, script, [], { ...environment, NODE_ENV: 'production', PORT: String(port) });
  await untilSaid(server, 'listening', 20);
  return { server, port, url: `http://127.0.0.1:${port}` };
}

/** Everything that the server counts, by name. */
export async function readMetrics(metricsUrl) {
  const text = await (await fetch(metricsUrl)).text();
  return Object.fromEntries([...text.matchAll(/^(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
}

/** What the engine has counted: executions of subscriptions' documents, and payloads delivered. */
export async function readCounters(metricsUrl) {
  const metrics = await readMetrics(metricsUrl);
  return { executions: metrics.aliteo_fanout_executions_total, deliveries: metrics.aliteo_fanout_deliveries_total };
}
