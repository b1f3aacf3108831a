import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Keyring } from '../../src/crypto.js';
import { DataKeys } from '../../src/domain/data-keys.js';
import { SharedTransactions } from '../../src/domain/shared-transactions.js';
import type { Foundation, Parts } from '../../src/domain/unit-of-work.js';
import { FileKeyWrapper } from '../../src/encryption/file-key-wrapper.js';
import { openOrm } from '../../src/entities/orm.js';
import { migrate } from '../../src/entities/schema-state.js';
import { createLogger } from '../../src/log.js';
import { LetterBox } from '../../src/mail/letter-box.js';
import { createOutbound } from '../../src/outbound/outbound.js';
import { createLocalBus, createRedisBus } from '../../src/pubsub/bus.js';
import { FeedRegistry } from '../../src/pubsub/company-feed.js';
import { createDatabase, isEmbedded, redisUrl, type TestDatabase } from './column.js';
import { startIssuer, type TestIssuer } from './issuer.js';
import { until } from './until.js';

/** Another secret would make other fingerprints and cursors: the processes of one installation share it. */
export const SECRET_KEY = 'a secret of the tests, long enough to be one';
/** A first start fills the demo, perhaps on a machine that has other things to do. */
const START_PATIENCE_MS = 60_000;

export interface Node {
  url: string;
  graphqlUrl: string;
  wsUrl: string;
  metricsUrl: string;
  process: ChildProcess;
  /** Everything that it has written. */
  output(): string;
  /** The line of its log with this in it, as soon as it is there. */
  logged(part: string): Promise<Record<string, unknown>>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Real server processes on one database: one when embedded, two around a Redis otherwise. */
export interface Cluster {
  nodes: Node[];
  /** Where requests go, and another process where there is one: the same one otherwise. */
  first: Node;
  last: Node;
  issuer: TestIssuer;
  database: TestDatabase;
  /** The same database and bus from inside the test, for arranging what is there before a test acts. */
  parts: Parts;
  stop(): Promise<void>;
}

/** `ofFirst` is what only one process can have, such as a port. */
export async function startCluster(env: NodeJS.ProcessEnv = {}, ofFirst: NodeJS.ProcessEnv = {}): Promise<Cluster> {
  const database = await createDatabase();
  const issuer = await startIssuer();
  const parts = await openParts(database);
  const nodes: Node[] = [];
  for (let i = 0; i < (isEmbedded ? 1 : 2); i += 1)
    nodes.push(await startNode(database, issuer, i === 0 ? { ...env, ...ofFirst } : env));
  const [first = fail(), last = first] = nodes;
  return {
    nodes,
    first,
    last,
    issuer,
    database,
    parts,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await closeParts(parts);
      await issuer.stop();
      await database.drop();
    },
  };
}

/** The parts inside the test's own process, on a migrated database. */
export async function openParts(database: TestDatabase): Promise<Parts> {
  const log = createLogger('silent');
  const orm = await openOrm(database);
  await migrate(orm);
  const bus = isEmbedded ? createLocalBus() : createRedisBus(redisUrl(), log);
  const keyring = new Keyring(SECRET_KEY);
  const feeds = new FeedRegistry(orm, bus, log, 200);
  const together = new SharedTransactions(orm, log);
  return withKeys({ orm, feeds, keyring, log, letterBox: new LetterBox(keyring), together }, database.dataDir);
}

/** With the keys of the processes that have the same folder, and asking what may be asked in development. */
export const withKeys = (foundation: Foundation, dataDir: string): Parts => ({
  ...foundation,
  encryption: new DataKeys(foundation, new FileKeyWrapper(join(dataDir, 'encryption.key'))),
  outbound: createOutbound({ production: false, dnsServers: undefined }),
});

/** Closes what was opened, if it was. */
export async function closeParts(parts: Parts | undefined): Promise<void> {
  await parts?.feeds.close();
  await parts?.feeds.bus.close();
  await parts?.orm.close(true);
}

/** Starts `main.js` as the operator would, and waits until it is ready. */
export async function startNode(
  database: TestDatabase,
  issuer: TestIssuer,
  env: NodeJS.ProcessEnv = {},
): Promise<Node> {
  const [port, metricsPort] = [env.PORT ?? (await freePort()), await freePort()];
  const s = env.TLS_CERT ? 's' : '';
  const url = `http${s}://127.0.0.1:${port}`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--enable-source-maps', 'dist/src/main.js'],
    {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
        DATA_DIR: database.dataDir,
        DATABASE_URL: database.databaseUrl ?? '',
        REDIS_URL: env.REDIS_URL ?? (isEmbedded ? '' : redisUrl()),
        SECRET_KEY,
        OIDC_ISSUERS: `${issuer.url}|${issuer.audience}|${issuer.client}`,
        DEV_ISSUER: 'off',
        SEED_DEMO: 'off',
        DRAIN_MS: '200',
        // What a test arranges is not a second old when it asks; what is kept has tests of its own.
        ANSWER_CACHE_BYTES: '0',
        // Tests show bad credentials by the hundred, all from one address.
        BAD_CREDENTIALS_PER_MINUTE: '1000000',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  await ready(url, child, () => output);
  return {
    url,
    graphqlUrl: `${url}/graphql`,
    wsUrl: `ws${s}://127.0.0.1:${port}/graphql`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    process: child,
    output: () => output,
    async logged(part) {
      const find = () =>
        output
          .split('\n')
          .slice(0, -1)
          .find((line) => line.includes(part));
      await until(() => find() !== undefined, `${part} in the log`);
      return JSON.parse(find() ?? '');
    },
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

async function ready(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}:\n${output()}`);
    const response = await fetch(`${url}/readyz`).catch(() => null);
    if (response?.ok) return;
    await delay(50);
  }
  child.kill('SIGKILL');
  throw new Error(`The server was not ready after ${START_PATIENCE_MS} ms:\n${output()}`);
}

/** The ports that this process has been given: two that are asked for at once are two. */
const given = new Set<number>();

/**
 * A port that nobody listens on, below those that the system gives to outgoing connections: of these one would take it before
 * the server does, where many connect.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer().listen(randomInt(20_000, 32_000), '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

function fail(): never {
  throw new Error('No server was started.');
}
