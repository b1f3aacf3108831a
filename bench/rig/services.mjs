// The database and Redis that all servers use, the ones of the tests, set as for production.
import { createRequire } from 'node:module';
import * as services from '../../test/harness/services.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));

/** As an operator would set them: a commit is on the disk before it is told. Both families know all of these. */
const DATABASE_SETTINGS = {
  innodb_flush_log_at_trx_commit: 1,
  innodb_buffer_pool_size: 512 * 1024 * 1024,
  max_connections: 300,
  max_prepared_stmt_count: 100_000,
};

/** Starts both below `dir`. Answers where Redis is and how a database is opened, what both are, and how to stop them. */
export async function startServices(dir) {
  const isMysql = services.canRunMysql();
  if (!isMysql) console.log('MariaDB stands in for MySQL, which takes Maven (mvn) and Linux x86-64.');
  services.ensurePackages([isMysql ? 'mysql' : 'mariadb', 'redis']);
  const started = [];
  const stop = () => Promise.allSettled(started.map((service) => service.stop()));
  try {
    const database = await (isMysql ? services.startMysql : services.startMariadb)(dir);
    started.push(database);
    const redis = await services.startRedis(dir);
    started.push(redis);
    const versions = { database: await prepareDatabase(database.url), redis: await prepareRedis(redis.url) };
    const openDatabase = async (name) => {
      await ask(database.url, `create database if not exists ${name} character set utf8mb4`);
      return new URL(`/${name}`, database.url).href;
    };
    return { openDatabase, redisUrl: redis.url, versions, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepareDatabase(url) {
  for (const [name, value] of Object.entries(DATABASE_SETTINGS)) await ask(url, `set global ${name} = ${value}`);
  const [{ version }] = await ask(url, 'select version() as version');
  return version;
}

async function ask(url, sql) {
  const connection = await require('mysql2/promise').createConnection(url);
  try {
    const [rows] = await connection.query(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

/** A subscriber that lags is not cut off: what it costs to lag is for the servers to show. */
async function prepareRedis(url) {
  const { Redis } = require('ioredis');
  const redis = new Redis(url);
  await redis.config('SET', 'client-output-buffer-limit', 'pubsub 0 0 0');
  const version = /redis_version:(\S+)/.exec(await redis.info('server'))[1];
  await redis.quit();
  return version;
}
