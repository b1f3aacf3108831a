import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Config } from '../config.js';
import type { Logger } from '../log.js';
import { secureOptions } from '../transport/certificate.js';
import { CertificateWatch } from './certificate-watch.js';
import type { Entrance } from './entrance.js';
import type { createRouter } from './router.js';

export type MainServer = Server | TlsServer;

const TIMEOUTS = { requestTimeout: 30_000, headersTimeout: 10_000 };
const HANDSHAKE_MS = 10_000;
const PATIENCE_MS = 5_000;

/** The ports that clients come to: one that is served, and with TLS perhaps one that leads to it. */
export class Listeners {
  readonly main: MainServer;
  readonly watch: CertificateWatch | null = null;
  readonly #plain: Server | null;

  constructor(
    readonly config: Config,
    log: Logger,
  ) {
    const { tls, httpPort } = config;
    this.#plain = httpPort ? createServer(TIMEOUTS) : null;
    if (tls) {
      const pair = { cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
      const server = createTlsServer({ ...TIMEOUTS, ...secureOptions(pair), handshakeTimeout: HANDSHAKE_MS });
      this.watch = new CertificateWatch(server, tls, pair, config.publicUrl, log);
      this.main = server;
    } else {
      this.main = createServer(TIMEOUTS);
    }
  }

  /** Begins to listen. What `entrance` does not let in is not asked for its body either. */
  async listen(route: ReturnType<typeof createRouter>, entrance: Entrance): Promise<void> {
    for (const server of this.#all()) {
      server.on('request', route);
      server.on('checkContinue', (request, response) => {
        if (entrance.isOpenTo(request)) response.writeContinue();
        route(request, response);
      });
    }
    const { host, port, httpPort } = this.config;
    await bind(this.main, host, port);
    if (this.#plain && httpPort) await bind(this.#plain, host, httpPort);
  }

  /** Lets what is being answered end, for a while. */
  async close(): Promise<void> {
    this.watch?.stop();
    await Promise.all(this.#all().map(closeGently));
  }

  #all(): MainServer[] {
    return this.#plain ? [this.main, this.#plain] : [this.main];
  }
}

function bind(server: MainServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function closeGently(server: MainServer): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  const patience = setTimeout(() => server.closeAllConnections(), PATIENCE_MS);
  server.closeIdleConnections();
  await closed;
  clearTimeout(patience);
}
