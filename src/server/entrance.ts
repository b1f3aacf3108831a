import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../log.js';
import type { TrustedProxies } from '../transport/trusted-proxies.js';
import { isSecure, peerOf, protocolsOf } from './forwarded.js';
import { seldom } from './seldom.js';
import { STRICT_HEADERS } from './strict-headers.js';

export interface EntranceOptions {
  /** Whether nothing is served in the clear: in production, and wherever this server speaks TLS. */
  refusesPlain: boolean;
  publicUrl: string;
  trustedProxies: TrustedProxies;
  log: Logger;
}

/** Probes tell and take nothing, and who sends them often has neither a name for us nor our certificate. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
const HSTS = 'max-age=31536000';

/** What comes in by which transport: over TLS everything, in the clear nothing where that is not allowed. */
export class Entrance {
  readonly #publicOrigin: string;
  /** Outside production, a browser would from then on want HTTPS of everything else on this machine. */
  readonly #sendsHsts: boolean;
  readonly #shouldTell = seldom();

  constructor(readonly options: EntranceOptions) {
    const { origin, protocol, hostname } = new URL(options.publicUrl);
    this.#publicOrigin = origin;
    this.#sendsHsts = protocol === 'https:' && hostname !== 'localhost';
  }

  /** Whether a request, or an upgrade, may be looked at. */
  isOpenTo(request: IncomingMessage): boolean {
    return !this.options.refusesPlain || isSecure(request, this.options.trustedProxies) || isProbe(request);
  }

  /**
   * What every answer says. Over HTTPS also that a browser is to speak to this host over that only: said in the clear it would be
   * anybody's word.
   */
  headersFor(request: IncomingMessage): Readonly<Record<string, string>> {
    const isSafe = this.#sendsHsts && isSecure(request, this.options.trustedProxies);
    return isSafe ? { ...STRICT_HEADERS, 'strict-transport-security': HSTS } : STRICT_HEADERS;
  }

  /**
   * Answers what came in the clear and should not have; its body is not read. A page's address is led to where it is
   * served. Whatever may have had a credential with it is refused: led on, it would send that in the clear each time.
   */
  turnAway(request: IncomingMessage, response: ServerResponse): void {
    this.tell(request);
    response.setHeader('connection', 'close');
    response.setHeader('cache-control', 'no-store');
    if (this.#isForPage(request)) {
      response.writeHead(308, { location: this.#publicOrigin + pathOf(request) }).end();
    } else {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(`${HTTPS_ONLY}\n`);
    }
  }

  #isForPage(request: IncomingMessage): boolean {
    const { method, headers } = request;
    if (headers.authorization !== undefined || headers.upgrade !== undefined) return false;
    // Led on, it would come back by the same proxy and look the same.
    const isFromMuteProxy = this.options.trustedProxies.includes(peerOf(request)) && !headers['x-forwarded-proto'];
    return (method === 'GET' || method === 'HEAD') && !isFromMuteProxy;
  }

  /** The operator's proxy may be what is wrong. */
  tell(request: IncomingMessage): void {
    if (!this.#shouldTell()) return;
    const { trustedProxies, log } = this.options;
    const peer = peerOf(request);
    const saidBy = protocolsOf(request, trustedProxies);
    const isForwarded = Boolean(request.headers['x-forwarded-proto']);
    let why = 'a request came over plain HTTP';
    if (trustedProxies.includes(peer) && !isForwarded) why = 'a proxy of ours does not send X-Forwarded-Proto';
    else if (isForwarded && saidBy.length === 0)
      why = 'X-Forwarded-Proto is not believed: TRUSTED_PROXIES does not name this peer';
    log.warn({ peer }, `http: turned away: ${why}`);
  }
}

const HTTPS_ONLY = 'This server is spoken to over HTTPS only.';

/** Begins with a slash, whatever was asked for: it stands behind a host's name, which must end there. */
function pathOf({ url = '/' }: IncomingMessage): string {
  const { pathname, search } = URL.parse(url, 'http://localhost') ?? { pathname: '/', search: '' };
  return pathname.startsWith('/') ? pathname + search : '/';
}

function isProbe({ method, url, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && headers.upgrade === undefined && PROBES.has(url ?? '');
}
