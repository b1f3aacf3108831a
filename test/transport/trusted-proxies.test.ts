import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/log.js';
import { CrossOrigin } from '../../src/server/cross-origin.js';
import { Entrance } from '../../src/server/entrance.js';
import { addressOf, isSecure } from '../../src/server/forwarded.js';
import { KnownOrigins } from '../../src/server/known-origins.js';
import { createRouter } from '../../src/server/router.js';
import { TrustedProxies } from '../../src/transport/trusted-proxies.js';
import { send } from '../harness/secure-node.js';

const PUBLIC_URL = 'https://work.example.com';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** A router behind proxies of these names, which answers where a request comes from and how. */
async function behind(names: string[], lines: string[] = []): Promise<string> {
  const trustedProxies = new TrustedProxies(names);
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  const settings = { publicUrl: PUBLIC_URL, corsOrigins: [], production: true, port: 4000, tls: null };
  const entrance = new Entrance({ refusesPlain: true, publicUrl: PUBLIC_URL, trustedProxies, log });
  const crossOrigin = new CrossOrigin(new KnownOrigins(settings), log);
  const route = createRouter(
    [
      { path: '/healthz', handle: (_request, response) => void response.end('alive') },
      { path: '/', handle: (request, response) => void response.end(addressOf(request, trustedProxies)) },
    ],
    { entrance, crossOrigin },
    log,
  );
  server = createServer(route).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const HTTPS = { 'x-forwarded-proto': 'https' };

describe('the address of a request', () => {
  it.each<[string, string[], string, string]>([
    ['is what the proxy says', ['127.0.0.1'], '203.0.113.7', '203.0.113.7'],
    [
      'is what the nearest proxy says, not what the client has sent',
      ['127.0.0.1'],
      '1.1.1.1, 203.0.113.7',
      '203.0.113.7',
    ],
    ['is found behind several proxies', ['127.0.0.0/8', '10.0.0.0/8'], '1.1.1.1, 203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['ends at a proxy that nobody has named', ['127.0.0.1'], '203.0.113.7, 10.1.2.3', '10.1.2.3'],
    [
      'is the farthest proxy, when the request began there',
      ['127.0.0.1', '10.0.0.0/8'],
      '10.9.9.9, 10.1.2.3',
      '10.9.9.9',
    ],
    ['may have a port', ['127.0.0.1'], '203.0.113.7:51234', '203.0.113.7'],
    ['may be of IPv6', ['127.0.0.1'], '2001:db8::7', '2001:db8::7'],
    ['may be of IPv6 with a port', ['127.0.0.1', '2001:db8:1::/48'], '2001:db8::7, [2001:db8:1::1]:443', '2001:db8::7'],
    ['may be of IPv4 in IPv6', ['127.0.0.1', '10.0.0.0/8'], '203.0.113.7, ::ffff:10.1.2.3', '203.0.113.7'],
    ['is the last one known, where something else is said', ['127.0.0.1'], '203.0.113.7, unknown', '127.0.0.1'],
    ['is the proxy, when it says nothing', ['127.0.0.1'], '', '127.0.0.1'],
  ])('%s', async (_what, names, forwarded, address) => {
    const url = await behind(names);
    const headers: OutgoingHttpHeaders = { ...HTTPS, ...(forwarded && { 'x-forwarded-for': forwarded }) };
    expect((await send(url, { headers })).text).toBe(address);
  });

  it('is the peer itself for a stranger, whatever it says', () => {
    const request = { socket: { remoteAddress: '192.0.2.1' }, headers: { ...HTTPS, 'x-forwarded-for': '10.0.0.1' } };
    for (const names of [[], ['10.0.0.0/8']]) {
      expect(addressOf(request as never, new TrustedProxies(names))).toBe('192.0.2.1');
      expect(isSecure(request as never, new TrustedProxies(names))).toBe(false);
    }
  });

  it('of a dual-stack socket is compared as the IPv4 address that it is', () => {
    const request = {
      socket: { remoteAddress: '::ffff:10.0.0.1' },
      headers: { ...HTTPS, 'x-forwarded-for': '192.0.2.9' },
    };
    expect(addressOf(request as never, new TrustedProxies(['10.0.0.1']))).toBe('192.0.2.9');
    expect(isSecure(request as never, new TrustedProxies(['10.0.0.1']))).toBe(true);
  });
});

describe('behind a proxy', () => {
  it.each(['https', 'HTTPS', 'https, https', 'wss'])('what came by %s is served, and marked so', async (protocol) => {
    const { status, headers } = await send(await behind(['127.0.0.1']), { headers: { 'x-forwarded-proto': protocol } });
    expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
  });

  it.each(['http', 'ws', 'https, http', 'http, https', 'httpsx', 'https,'])(
    'what came by %j is not',
    async (protocol) => {
      const url = await behind(['127.0.0.1']);
      const headers = { 'x-forwarded-proto': protocol };
      const page = await send(`${url}/a?b`, { headers });
      expect([page.status, page.headers.location]).toEqual([308, `${PUBLIC_URL}/a?b`]);
      expect(page.headers['strict-transport-security']).toBeUndefined();
      expect((await send(url, { method: 'POST', headers }, 'x')).status).toBe(403);
    },
  );

  it('that does not say how it was asked nothing is served, nor led round in circles, and the operator is told', async () => {
    const lines: string[] = [];
    const { status } = await send(await behind(['127.0.0.1'], lines));
    expect(status).toBe(403);
    expect(lines.join()).toContain('a proxy of ours does not send X-Forwarded-Proto');
  });

  it('that is not named nothing is believed, and the operator is told', async () => {
    const lines: string[] = [];
    const url = await behind(['10.0.0.0/8'], lines);
    for (let i = 0; i < 3; i += 1) expect((await send(url, { method: 'POST', headers: HTTPS })).status).toBe(403);
    expect(lines).toEqual([expect.stringContaining('TRUSTED_PROXIES does not name this peer')]);
    expect(lines.join()).toContain('"peer":"127.0.0.1"');
  });

  it('a probe comes as it likes', async () => {
    expect((await send(`${await behind(['10.0.0.0/8'])}/healthz`)).text).toBe('alive');
  });
});
