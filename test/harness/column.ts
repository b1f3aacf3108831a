import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';

/** Which of the product's two columns a run tests: everything in one process, or MySQL (or MariaDB) and Redis. */
export const column = process.env.COLUMN ?? 'embedded';
export const isEmbedded = column === 'embedded';

/** Each suite counts by itself what its addresses ask for: they are one address. Servers of somebody else may have one database. */
const redisDatabase = randomInt(Number(process.env.TEST_REDIS_DATABASES ?? 1));

/** A Redis of the run's own. Throws when the run was not started by `npm test`. */
export function redisUrl(): string {
  const url = process.env.TEST_REDIS_URL;
  if (!url) throw new Error('TEST_REDIS_URL is not set: run the tests with "npm test".');
  return redisDatabase === 0 ? url : `${url}/${redisDatabase}`;
}

export interface TestDatabase {
  dataDir: string;
  databaseUrl: string | undefined;
  drop(): Promise<void>;
}

/** A new, empty database in this run's column, with a data folder of its own. */
export async function createDatabase(): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'aliteo-test-'));
  const removeFolder = () =>
    // Who is just ending may write there still.
    rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  if (isEmbedded) return { dataDir, databaseUrl: undefined, drop: removeFolder };

  const server = process.env.TEST_DATABASE_URL;
  if (!server) throw new Error('TEST_DATABASE_URL is not set: run the tests with "npm test".');
  const url = new URL(server);
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name} character set utf8mb4`);
  url.pathname = `/${name}`;
  return {
    dataDir,
    databaseUrl: url.href,
    async drop() {
      await onServer(server, `drop database ${name}`);
      await removeFolder();
    },
  };
}

async function onServer(url: string, sql: string): Promise<void> {
  const connection = await createConnection(url);
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
