import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SecureNode, send, startSecureNode, upgrade } from '../harness/secure-node.js';

const PUBLIC_URL = 'https://work.example.com';

let secure: SecureNode;
let plain: string;
beforeAll(async () => {
  secure = await startSecureNode({ PUBLIC_URL });
  plain = `http://127.0.0.1:${secure.httpPort}`;
}, 60_000);
afterAll(() => secure?.cluster.stop());

it('the operator is told that a certificate is for other names than the public one', async () => {
  const line = await secure.cluster.first.logged('tls: the certificate is not for the host of PUBLIC_URL');
  expect(line).toMatchObject({ level: 40, host: 'work.example.com', names: 'IP Address:127.0.0.1, DNS:localhost' });
});

describe('over plain HTTP', () => {
  it.each(['/', '/f/some-secret', '/graphql?query=%7B__typename%7D', '//evil.example.com/x', '/nowhere'])(
    'a page at %s is led to the public address, whatever host was asked for',
    async (path) => {
      for (const method of ['GET', 'HEAD']) {
        const headers = { host: 'evil.example.com', 'x-forwarded-host': 'evil.example.com' };
        const { status, headers: answer } = await send(plain, { method, path, headers });
        expect([status, answer.location]).toEqual([
          308,
          `${PUBLIC_URL}${path === '//evil.example.com/x' ? '/x' : path}`,
        ]);
        expect(answer['strict-transport-security']).toBeUndefined();
        expect(answer['x-content-type-options']).toBe('nosniff');
      }
    },
  );

  it.each([
    ['http://evil.example.com/a?b', /^location: https:\/\/work\.example\.com\/a\?b\r$/m],
    ['x:.evil.example.com/', /^(HTTP\/1\.1 400|location: https:\/\/work\.example\.com\/\r$)/m],
    ['@evil.example.com/', /^(HTTP\/1\.1 400|location: https:\/\/work\.example\.com\/)/m],
    ['\\\\evil.example.com/', /^(HTTP\/1\.1 400|location: https:\/\/work\.example\.com\/)/m],
  ])('the target %s leads nowhere else either', async (target, answer) => {
    const socket = connect(secure.httpPort, '127.0.0.1');
    socket.write(`GET ${target} HTTP/1.1\r\nhost: evil.example.com\r\n\r\n`);
    expect(String((await once(socket, 'data'))[0])).toMatch(answer);
    socket.destroy();
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    const { status, headers } = await send(`${plain}/graphql`, { method });
    expect([status, headers.location, headers.connection]).toEqual([403, undefined, 'close']);
  });

  it('what has a credential with it is refused, not led on to send it again', async () => {
    const { status, headers } = await send(`${plain}/graphql`, { headers: { authorization: 'Bearer x' } });
    expect([status, headers.location]).toEqual([403, undefined]);
  });

  it('a body is not asked for', async () => {
    const asked = request(`${plain}/graphql`, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 1_000 },
    });
    let isContinued = false;
    asked.on('continue', () => {
      isContinued = true;
    });
    asked.on('error', () => {});
    asked.flushHeaders();
    const [response] = await once(asked, 'response');
    expect([response.statusCode, isContinued]).toEqual([403, false]);
    asked.destroy();
  });

  it('an upgrade is refused', async () => {
    expect(await upgrade(`${plain}/graphql`)).toBe(403);
    expect(await upgrade(`${plain}/healthz`)).toBe(403);
    expect(await upgrade(secure.cluster.first.graphqlUrl)).toBe(101);
  });

  it('a probe is answered, and nothing else by its name', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await send(`${plain}${path}`)).status).toBe(200);
    expect((await send(`${plain}/healthz`, { method: 'POST' })).status).toBe(403);
    expect((await send(`${plain}/healthz/x`)).status).toBe(308);
  });

  it('the header of a stranger changes none of it', async () => {
    const headers = { 'x-forwarded-proto': 'https' };
    expect((await send(`${plain}/graphql`, { method: 'POST', headers })).status).toBe(403);
    expect(await secure.cluster.first.logged('http: turned away')).toMatchObject({ level: 40, peer: '127.0.0.1' });
  });
});
