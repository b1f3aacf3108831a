import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyring } from '../../src/crypto.js';
import { SharedTransactions } from '../../src/domain/shared-transactions.js';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { openOrm } from '../../src/entities/orm.js';
import { migrate } from '../../src/entities/schema-state.js';
import { createLogger } from '../../src/log.js';
import { LetterBox } from '../../src/mail/letter-box.js';
import { createLocalBus } from '../../src/pubsub/bus.js';
import { FeedRegistry } from '../../src/pubsub/company-feed.js';
import { SECRET_KEY, withKeys } from './cluster.js';

/** In memory whatever the column: for what does not depend on the database. */
export async function openInMemory(): Promise<Parts> {
  const log = createLogger('silent');
  const orm = await openOrm({ dataDir: ':memory:' });
  await migrate(orm);
  const keyring = new Keyring(SECRET_KEY);
  const feeds = new FeedRegistry(orm, createLocalBus(), log, 250);
  const together = new SharedTransactions(orm, log);
  const foundation = { orm, feeds, keyring, log, letterBox: new LetterBox(keyring), together };
  return withKeys(foundation, mkdtempSync(join(tmpdir(), 'aliteo-keys-')));
}
