import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer, type Server } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AddressRefusedError, createGuardedFetch, isPublicAddress } from '../../src/outbound/guarded-fetch.js';
import { createAuthority, trust } from '../harness/certificates.js';

/** A name server's answers, one after the other. */
const answering = (...answers: string[][]): LookupFunction =>
  ((_name, _options, callback) => {
    const addresses = answers.length > 1 ? answers.shift() : answers[0];
    callback(null, (addresses ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })) as never);
  }) as LookupFunction;

/** By what a request is refused, however deep it lies. */
async function refusalOf(url: string, lookup = answering(['127.0.0.1'])): Promise<unknown> {
  let error: unknown = await createGuardedFetch(lookup)(url, { signal: AbortSignal.timeout(5_000) }).catch((e) => e);
  while (error instanceof Error && !(error instanceof AddressRefusedError) && error.cause) error = error.cause;
  return error;
}

describe('an address that a customer gives', () => {
  it.each([
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'ff02::1',
    '168.63.129.16',
    '::ffff:168.63.129.16',
    '::7f00:1',
    '::a00:1',
    '4000::1',
    'localhost',
    '',
  ])('is not public: %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('is public: %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it('is asked over https only', async () => {
    expect(await refusalOf('http://issuer.example/')).toBeInstanceOf(AddressRefusedError);
  });

  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://127.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/metadata',
    'https://10.0.0.1:8443/',
  ])('is refused however it is written: %s', async (url) => {
    expect(await refusalOf(url)).toBeInstanceOf(AddressRefusedError);
  });

  it.each([[['127.0.0.1']], [['8.8.8.8', '10.0.0.1']], [['::1']], [[]]])(
    'is refused when its name leads to %j',
    async (addresses) => {
      expect(await refusalOf('https://issuer.example/', answering(addresses))).toBeInstanceOf(AddressRefusedError);
    },
  );

  it('is judged by where the connection goes, whatever its name led to before', async () => {
    const server = createServer((_request, response) => response.end('inside'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const fetchOnce = createGuardedFetch(answering(['192.0.2.1'], ['127.0.0.1']));
    for (let i = 0; i < 2; i += 1)
      await expect(
        fetchOnce(`https://issuer.example:${port}/`, { signal: AbortSignal.timeout(5_000) }),
      ).rejects.toThrow();
    expect(await refusalOf(`https://issuer.example:${port}/`)).toBeInstanceOf(AddressRefusedError);
    server.close();
  });
});

describe('a public host', () => {
  const MOST_BYTES = 131_072;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    const authority = await createAuthority();
    trust(authority);
    server = createTlsServer(await authority.issue(), (request, response) => {
      const [, what, more] = (request.url ?? '').split('/');
      if (what === 'moved') response.writeHead(Number(more), { location: '/bytes/1' }).end();
      else response.end('x'.repeat(Number(more)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://localhost:${(server.address() as AddressInfo).port}`;
    // Whatever is public is here.
    const connect = tls.connect as (options: tls.ConnectionOptions) => tls.TLSSocket;
    jest
      .spyOn(tls, 'connect')
      .mockImplementation(((options: tls.ConnectionOptions) => connect({ ...options, host: '127.0.0.1' })) as never);
  });
  afterAll(() => {
    jest.restoreAllMocks();
    server?.closeAllConnections();
    server?.close();
  });

  const ask = async (path: string, init?: RequestInit) =>
    (await createGuardedFetch(answering(['8.8.8.8']))(`${url}${path}`, init)).text();

  it('is not followed to where it leads, whoever asks', async () => {
    expect(await ask('/bytes/1')).toBe('x');
    for (const status of [301, 302, 303, 307, 308]) {
      await expect(ask(`/moved/${status}`)).rejects.toThrow();
      await expect(ask(`/moved/${status}`, { redirect: 'follow' })).rejects.toThrow();
    }
  });

  it('is listened to for so long, and no longer', async () => {
    expect(await ask(`/bytes/${MOST_BYTES}`)).toHaveLength(MOST_BYTES);
    await expect(ask(`/bytes/${MOST_BYTES + 1}`)).rejects.toThrow();
  });
});
