import type { Cluster, Redis } from 'ioredis';
import { AccessTokenVerifier, DEVELOPMENT_MAX_AGE_SECONDS } from '../auth/access-token.js';
import { Authenticator } from '../auth/authenticate.js';
import type { DoorBook } from '../auth/door-book.js';
import { LocalSessionStore } from '../auth/local-session-store.js';
import { RedisSessionStore } from '../auth/redis-session-store.js';
import { Sessions } from '../auth/sessions.js';
import type { Config } from '../config.js';
import { AuditWriter } from '../domain/audit-writer.js';
import { DoorLog } from '../domain/door-log.js';
import { LastUses } from '../domain/last-uses.js';
import { provisionUser } from '../domain/provision-user.js';
import { Refusals } from '../domain/refusals.js';
import type { Parts } from '../domain/unit-of-work.js';
import type { TrustedIssuer } from '../trusted-issuers.js';
import { BadCredentials } from './bad-credentials.js';
import { BrowserDoor } from './browser-door.js';
import { createFirstSight } from './first-sight.js';

/** By what people and links come in, and what is written of it; `shared` is what processes have in common, if they do. */
export function openDoors(
  parts: Parts,
  { production, publicUrl, session, badCredentialsPerMinute }: Config,
  issuers: readonly TrustedIssuer[],
  shared: Redis | Cluster | null,
) {
  const { orm, keyring } = parts;
  const tokens = new AccessTokenVerifier(issuers, production ? undefined : DEVELOPMENT_MAX_AGE_SECONDS);
  const store = shared ? new RedisSessionStore(shared) : new LocalSessionStore();
  const sessions = new Sessions(store, keyring, session);
  const writer = new AuditWriter(parts);
  const refusals = new Refusals(writer);
  const firstSight = createFirstSight(shared, (key) => keyring.fingerprint('entered', key));
  const uses = new LastUses(parts);
  const log = new DoorLog(writer, refusals, firstSight, uses);
  return {
    sessions,
    refusals,
    uses,
    book: log as DoorBook,
    issuers: tokens.issuers,
    authenticator: new Authenticator(
      orm,
      tokens,
      keyring,
      (identity) => provisionUser(parts, identity),
      sessions,
      log,
      new BadCredentials(badCredentialsPerMinute),
    ),
    door: new BrowserDoor(publicUrl),
    /** Resolves when all that is to be said in the audit logs has been. */
    async close(): Promise<void> {
      refusals.close();
      await Promise.all([writer.close(), uses.close()]);
    },
  };
}
