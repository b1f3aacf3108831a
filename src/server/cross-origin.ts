import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../log.js';
import type { KnownOrigins } from './known-origins.js';
import { seldom } from './seldom.js';

/** What a page of a known origin may send beside what every page may. No cookie: nothing says that credentials go along. */
const ASKED_WITH =
  'authorization, content-type, x-company-id, idempotency-key, apollo-require-preflight, x-apollo-operation-name, if-none-match';
/** And what it may read of the answer. */
const SHOWN = 'RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, ETag';
const PREFLIGHT_SECONDS = '7200';

const FOREIGN_ORIGIN = 'This origin is not one that may ask.';

/** CORS, and the end of what comes from pages of other origins, whatever they ask and by which transport. */
export class CrossOrigin {
  readonly #shouldTell = seldom();

  constructor(
    readonly origins: KnownOrigins,
    readonly log: Logger,
  ) {}

  /** Whether a request goes on. Otherwise it has been answered: it was a preflight, or came from a foreign page. */
  admit(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): boolean {
    response.setHeader('vary', 'Origin');
    if (!this.isOpenTo(request)) {
      response.setHeader('connection', 'close');
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(`${FOREIGN_ORIGIN}\n`);
      return false;
    }
    const { origin } = request.headers;
    if (origin === undefined) return true;
    response.setHeader('access-control-allow-origin', origin);
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      response.setHeader('access-control-expose-headers', SHOWN);
      return true;
    }
    response
      .writeHead(204, {
        'access-control-allow-methods': methods.join(', '),
        'access-control-allow-headers': ASKED_WITH,
        'access-control-max-age': PREFLIGHT_SECONDS,
      })
      .end();
    return false;
  }

  /** Whether a request, or an upgrade, is not from a foreign page. */
  isOpenTo(request: IncomingMessage): boolean {
    if (this.origins.judge(request) !== 'foreign') return true;
    const origin = request.headers.origin?.slice(0, 200);
    if (this.#shouldTell()) this.log.warn({ origin }, 'http: refused, for CORS_ORIGINS does not name this origin');
    return false;
  }
}
