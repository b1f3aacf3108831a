import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { SqliteDriver } from '@mikro-orm/sql';
import { sql } from 'kysely';
import { ConfigError } from '../config.js';
import type { Orm } from './orm.js';

/** A first start on a slow machine fills the demo in a minute or two. */
const PATIENCE_SECONDS = 600;
const LOOK_MS = 50;

/**
 * Runs `act` while no other process runs its own on this database; waits for its turn. The database gives the lock back
 * when the process dies. Not for use inside itself.
 */
export async function exclusively<T>(orm: Orm, act: () => Promise<T>): Promise<T> {
  if (!(orm.driver instanceof SqliteDriver)) return onServer(orm, act);
  const file = orm.config.get('dbName') as string;
  return file === ':memory:' ? act() : besideFile(`${file}.lock`, act);
}

/** Takes one connection of the pool for itself: the lock belongs to the connection. */
async function onServer<T>(orm: Orm, act: () => Promise<T>): Promise<T> {
  await ensureDatabase(orm);
  const client = orm.em.getConnection().getClient();
  return client.connection().execute(async (connection) => {
    // Locks are the whole server's, and their names short.
    const name = sql`concat('aliteo.', sha1(database()))`;
    const taken = await sql<{ taken: number | null }>`select get_lock(${name}, ${PATIENCE_SECONDS}) as taken`.execute(
      connection,
    );
    if (Number(taken.rows[0]?.taken) !== 1) throw tooLong();
    try {
      return await act();
    } finally {
      await sql`select release_lock(${name})`.execute(connection).catch(() => {});
    }
  });
}

/** The ORM makes a database that is not there, and closes all connections for it: so it comes before the lock. */
async function ensureDatabase(orm: Orm): Promise<void> {
  const name = orm.config.get('dbName');
  try {
    await orm.schema.ensureDatabase();
  } catch (error) {
    if ((error as { code?: string }).code !== 'ER_DB_CREATE_EXISTS') throw error;
    // Another process was quicker; the ORM has been left on the server's own database.
    orm.config.set('dbName', name);
    await orm.driver.reconnect();
  }
}

/** The lock of a file beside the database's own: that one is written meanwhile, by other connections. */
async function besideFile<T>(file: string, act: () => Promise<T>): Promise<T> {
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    const deadline = Date.now() + PATIENCE_SECONDS * 1_000;
    while (!tryToLock(lock)) {
      if (Date.now() > deadline) throw tooLong();
      await delay(LOOK_MS);
    }
    return await act();
  } finally {
    lock.close();
  }
}

function tryToLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('begin exclusive');
    return true;
  } catch (error) {
    if (/database is locked/.test(String(error))) return false;
    throw error;
  }
}

const tooLong = () =>
  new ConfigError([`DATABASE_URL: another process has held the database for more than ${PATIENCE_SECONDS} seconds`]);
