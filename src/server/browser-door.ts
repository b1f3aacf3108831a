import type { IncomingMessage, ServerResponse } from 'node:http';
import { forbidden } from '../errors.js';
import { Cookie } from './cookie.js';
import { mediaTypeOf } from './http-question.js';

/**
 * The session's cookie, and whether a request that brings it comes from a page of ours: a browser sends the cookie along
 * whoever made it ask.
 */
export class BrowserDoor {
  readonly #cookie: Cookie;
  readonly #origin: string;

  constructor(publicUrl: string) {
    this.#cookie = new Cookie('aliteo-session', publicUrl);
    this.#origin = new URL(publicUrl).origin;
  }

  /**
   * The session of a request over HTTP, or none where it has none or shows another credential. Throws FORBIDDEN for one
   * that another site made the browser send.
   */
  enter(request: IncomingMessage): string | undefined {
    if (request.headers.authorization !== undefined) return undefined;
    const session = this.#cookie.read(request);
    if (session !== undefined) this.expectOwnPage(request);
    return session;
  }

  /** The session of a WebSocket's handshake, where a page of ours opens it. */
  enterSocket(request: IncomingMessage): string | undefined {
    return request.headers.origin === this.#origin ? this.#cookie.read(request) : undefined;
  }

  /** The session that the browser has, whoever made it ask. */
  sessionOf(request: IncomingMessage): string | undefined {
    return this.#cookie.read(request);
  }

  /**
   * Throws FORBIDDEN for a request that is not from a page of ours. Browsers say so in `Sec-Fetch-Site`, which no script
   * can write; old ones in `Origin`, and of a reading request in nothing. A form of ours has the origin `null`: our pages
   * send no referrer (Fetch, section 3.2).
   */
  expectOwnPage({ method, headers }: IncomingMessage): void {
    const { origin, 'sec-fetch-site': site } = headers;
    const isReading = method === 'GET' || method === 'HEAD';
    const isOwn =
      site === undefined
        ? origin === this.#origin || (origin === undefined && isReading)
        : site === 'same-origin' && [undefined, 'null', this.#origin].includes(origin);
    if (!isOwn) throw forbidden('CROSS_SITE', 'With the cookie of a session, ask from a page of this server.');
  }

  /** The same for a question: as a form it could be sent from anywhere. */
  expectJson(request: IncomingMessage): void {
    if (request.method === 'POST' && mediaTypeOf(request) !== 'application/json')
      throw forbidden('CROSS_SITE', 'With the cookie of a session, ask as application/json.');
  }

  letIn(response: ServerResponse, secret: string, ms: number): void {
    this.#cookie.write(response, secret, ms);
  }

  letOut(response: ServerResponse): void {
    this.#cookie.clear(response);
  }
}
