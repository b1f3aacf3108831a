import { once } from 'node:events';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { Keyring } from '../../src/crypto.js';
import { SharedTransactions } from '../../src/domain/shared-transactions.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { openOrm } from '../../src/entities/orm.js';
import { migrate } from '../../src/entities/schema-state.js';
import { createLogger } from '../../src/log.js';
import { createLocalBus } from '../../src/pubsub/bus.js';
import { FeedRegistry } from '../../src/pubsub/company-feed.js';
import { type Node, SECRET_KEY, startNode, withKeys } from '../harness/cluster.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { canRunMysql, type Service, startMariadb, startMysql, startRedis } from '../harness/services.mjs';
import { plan } from './plan.js';

/** Everybody comes from this machine, which the limits for one address would not let through. */
const ONE_ADDRESS = {
  MAX_SOCKETS_PER_ADDRESS: '10000',
  MAX_CONNECTS_PER_SECOND: '10000',
  MAX_SOCKETS_PER_VIEWER: '1000',
};

/** Where a server process stands; another one takes its place when it dies. */
export interface Place {
  node: Node | null;
  /** Whether it gets writes, too. */
  takesWrites: boolean;
  /** Processes that ended here without having been told to. */
  deaths: string[];
}

/** Two server processes, a database and a Redis that belong to this run alone, so that all may be killed. */
export class Installation {
  readonly keyring = new Keyring(SECRET_KEY);
  readonly places: readonly [Place, Place] = [place(), place()];

  readonly #nodes: Node[] = [];

  private constructor(
    readonly database: Service,
    readonly redis: Service,
    readonly issuer: TestIssuer,
    readonly databaseUrl: string,
    readonly dataDir: string,
  ) {}

  static async start(): Promise<Installation> {
    const dir = process.env.FAULTS_DIR;
    if (!dir) throw new Error('FAULTS_DIR is not set: run the tests with "npm test" or "npm run test:faults".');
    // Not detached: they end with the run, on every way out.
    const options = { isDetached: false };
    const redis = await startRedis(dir, options);
    const database = await (canRunMysql() ? startMysql(dir, options) : startMariadb(dir, options));
    const connection = await createConnection(database.url);
    await connection.query('create database faults character set utf8mb4');
    await connection.end();
    const databaseUrl = new URL('/faults', database.url).href;
    return new Installation(database, redis, await startIssuer(), databaseUrl, join(dir, 'data'));
  }

  /** Lets `fill` make what is there before the servers start. */
  async prepare<T>(fill: (parts: Parts) => Promise<T>): Promise<T> {
    const log = createLogger('silent');
    const orm = await openOrm({ databaseUrl: this.databaseUrl, dataDir: this.dataDir });
    await migrate(orm);
    const feeds = new FeedRegistry(orm, createLocalBus(), log, 250);
    try {
      return await fill(
        withKeys({ orm, feeds, keyring: this.keyring, log, together: new SharedTransactions(orm, log) }, this.dataDir),
      );
    } finally {
      await feeds.close();
      await orm.close(true);
    }
  }

  /** Starts a server at a place, and returns when it is ready. */
  async startAt(place: Place, env: NodeJS.ProcessEnv = {}): Promise<Node> {
    const database = { databaseUrl: this.databaseUrl, dataDir: this.dataDir, drop: async () => {} };
    const own = {
      REDIS_URL: this.redis.url,
      HEARTBEAT_MS: String(plan.heartbeatMs),
      LOG_LEVEL: 'warn',
      ...ONE_ADDRESS,
    };
    const node = await startNode(database, this.issuer, { ...own, ...env });
    place.node = node;
    this.#nodes.push(node);
    void once(node.process, 'exit').then(([code, signal]) => {
      if (place.node !== node) return;
      place.node = null;
      place.takesWrites = false;
      if (!env.FAILPOINT) place.deaths.push(`ended with ${signal ?? code}: ${node.output().slice(-2_000)}`);
    });
    return node;
  }

  /** Kills the process at a place, as a crash of the machine would. */
  async killAt(place: Place): Promise<void> {
    const { node } = place;
    place.node = null;
    place.takesWrites = false;
    await node?.stop('SIGKILL');
  }

  /** The place asked for when somebody is there, any other one otherwise; null when nobody is. */
  at(index: number, canBe: (place: Place) => boolean = () => true): Node | null {
    const order = [this.places[index % 2], this.places[(index + 1) % 2]] as Place[];
    return order.find((place) => place.node && canBe(place))?.node ?? null;
  }

  /** What the servers have logged, each message once, with its number. */
  logged(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const line of this.#nodes.flatMap((node) => node.output().split('\n'))) {
      if (!line.startsWith('{')) continue;
      const { msg, error = '' } = JSON.parse(line) as { msg: string; error?: string };
      const message = `${msg}: ${error.split('\n')[0]}`;
      counts.set(message, (counts.get(message) ?? 0) + 1);
    }
    return counts;
  }

  async stop(): Promise<void> {
    await Promise.all(this.places.map((place) => this.killAt(place)));
    await this.issuer.stop();
    await Promise.all([this.database.stop('SIGKILL'), this.redis.stop('SIGKILL')]);
  }
}

function place(): Place {
  return { node: null, takesWrites: false, deaths: [] };
}
