import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { Cookie } from '../../src/server/cookie.js';

/** What a cookie writes, and what it reads of a header. */
async function tryOut(cookie: Cookie, header = ''): Promise<{ written: string[]; read: string | undefined }> {
  let read: string | undefined;
  const server = createServer((request, response) => {
    read = cookie.read(request);
    cookie.write(response, 'value', 1_500);
    cookie.clear(response);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}`, { headers: { cookie: header } });
  server.close();
  return { written: response.headers.getSetCookie(), read };
}

const secure = new Cookie('aliteo-session', 'https://work.example.com');

it('a cookie over https is for its host alone, for no script, and for no other site', async () => {
  expect((await tryOut(secure)).written).toEqual([
    '__Host-aliteo-session=value; Max-Age=2; Path=/; HttpOnly; SameSite=Lax; Secure',
    '__Host-aliteo-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure',
  ]);
});

it.each([
  ['a=b; __Host-aliteo-session=mine; c=d', 'mine'],
  ['__Host-aliteo-session=a=b', 'a=b'],
  ['aliteo-session=planted', undefined],
  ['__host-aliteo-session=planted', undefined],
  ['__Host-aliteo-session=', undefined],
  ['__Host-aliteo-session=mine; __Host-aliteo-session=planted', undefined],
  ['x__Host-aliteo-session=planted', undefined],
  ['', undefined],
])('of %j it reads %j', async (header, value) => {
  expect((await tryOut(secure, header)).read).toBe(value);
});
