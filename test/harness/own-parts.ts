import { afterAll, beforeAll } from '@jest/globals';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { closeParts, openParts } from './cluster.js';
import { createDatabase, type TestDatabase } from './column.js';

/** What the domain works with, on a database of the suite's own: `take` is given it before the tests, and it goes after them. */
export function withOwnParts(take: (parts: Parts, database: TestDatabase) => void): void {
  let database: TestDatabase | undefined;
  let opened: Parts | undefined;
  beforeAll(async () => {
    database = await createDatabase();
    opened = await openParts(database);
    take(opened, database);
  }, 60_000);
  afterAll(async () => {
    await closeParts(opened);
    await database?.drop();
  });
}
