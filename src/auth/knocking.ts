import type { Keyring } from '../crypto.js';
import type { Orm } from '../entities/orm.js';
import type { DoorBook, Origin } from './door-book.js';

/** What every way in works with. */
export interface Door {
  readonly orm: Orm;
  readonly keyring: Keyring;
  readonly book: DoorBook | null;
}

/** The cause of a refusal of what was good once: it is told to the door alone. */
export const ENDED = new Error('It was good once.');

/** What somebody shows at the door, over HTTP or in `connection_init`. */
export interface Credential {
  /** `Bearer TOKEN`, which may be an API key's secret or a support token, or `Follow` with a follower's token or a link's secret. */
  authorization?: string | undefined;
  /** A session's secret, as the browser's cookie has it; `authorization` goes before it. */
  session?: string | undefined;
  companyId?: string | undefined;
  /** Where it is shown. */
  origin?: Origin | undefined;
}
