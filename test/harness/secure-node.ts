import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, createAuthority, trust, writePair } from './certificates.js';
import { type Cluster, freePort, startCluster } from './cluster.js';

export interface SecureNode {
  /** With TLS of their own, whose authority this process trusts; the first one also listens for plain HTTP. */
  cluster: Cluster;
  authority: Authority;
  /** Where the certificate's files are. */
  dir: string;
  httpPort: number;
}

/** Servers that speak TLS themselves, as clients and operators meet them. */
export async function startSecureNode(env: NodeJS.ProcessEnv = {}): Promise<SecureNode> {
  const authority = await createAuthority();
  trust(authority);
  const dir = mkdtempSync(join(tmpdir(), 'aliteo-tls-'));
  const httpPort = await freePort();
  const files = writePair(dir, await authority.issue());
  const cluster = await startCluster({ ...files, TLS_RELOAD_MS: '100', ...env }, { HTTP_PORT: String(httpPort) });
  return { cluster, authority, dir, httpPort };
}

export interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** One request with headers as the test wants them, which `fetch` would not send. */
export async function send(url: string, options: RequestOptions = {}, body?: string): Promise<Reply> {
  const asked = (url.startsWith('https') ? requestTls : request)(url, { agent: false, ...options }).end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** The status that answers an upgrade: 101 when it is let in. */
export async function upgrade(url: string, headers: Record<string, string> = {}): Promise<number> {
  const asked = (url.startsWith('https') ? requestTls : request)(url, {
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'graphql-transport-ws',
      ...headers,
    },
  }).end();
  const refused = once(asked, 'response').then(([response]) => {
    response.resume();
    return response.statusCode as number;
  });
  const taken = once(asked, 'upgrade').then(([response, socket]) => {
    socket.destroy();
    return response.statusCode as number;
  });
  return Promise.race([refused, taken]);
}
