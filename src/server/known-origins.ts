import type { IncomingMessage } from 'node:http';
import type { Config } from '../config.js';

/** `none` is who sends no Origin: apps and other programs, and browsers that fetch a page or ask their own site. */
export type Judgement = 'known' | 'foreign' | 'none';

/**
 * The one answer to whether a page's origin is one of ours: PUBLIC_URL's, or one of CORS_ORIGINS. A form of a page without
 * referrers, as all of ours are, says `null` and so is foreign: such pages ask by `fetch`.
 */
export class KnownOrigins {
  readonly #known: ReadonlySet<string>;

  constructor({ publicUrl, corsOrigins, production, port, tls }: OriginSettings) {
    const scheme = tls ? 'https' : 'http';
    // A developer opens the same server by any of its names.
    const local = production ? [] : ['localhost', '127.0.0.1', '[::1]'].map((host) => `${scheme}://${host}:${port}`);
    this.#known = new Set([new URL(publicUrl).origin, ...corsOrigins, ...local]);
  }

  judge({ headers }: Pick<IncomingMessage, 'headers'>): Judgement {
    if (headers.origin === undefined) return 'none';
    return this.#known.has(headers.origin) ? 'known' : 'foreign';
  }
}

type OriginSettings = Pick<Config, 'publicUrl' | 'corsOrigins' | 'production' | 'port' | 'tls'>;
