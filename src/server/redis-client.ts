import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../log.js';
import { parseRedisUrl } from '../redis-url.js';

/** Longer than Redis takes; whoever asks has something to do without the answer. */
const PATIENCE_MS = 500;

/** What processes share beside the bus. Every command fails soon while Redis is away. */
export function createRedisClient(url: string, log: Logger): Redis | Cluster {
  const { isCluster, servers, username, password, database, tls } = parseRedisUrl(url);
  const options: RedisOptions = {
    username,
    password,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: PATIENCE_MS,
    ...(tls ? { tls: {} } : {}),
  };
  const client = isCluster
    ? new Cluster([...servers], { redisOptions: options, enableOfflineQueue: false })
    : new Redis({ ...options, ...servers[0], db: database });
  let isTold = false;
  client.on('error', (error) => {
    if (!isTold) log.warn({ error: String(error) }, 'redis: what is shared is kept in this process until it is back');
    isTold = true;
  });
  client.on('ready', () => {
    isTold = false;
  });
  return client;
}
