import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { send, upgrade } from '../harness/secure-node.js';
import { until } from '../harness/until.js';
import { type Person, World } from '../harness/world.js';

const OURS = 'https://work.example.com';
const FRIEND = 'https://app.example.com';
const APP = 'capacitor://localhost';
const FOREIGN = [
  'https://evil.example.com',
  'http://app.example.com',
  'https://app.example.com.evil.example',
  'https://app.example.com:8443',
  'https://APP.example.com',
  'null',
  '',
  `${FRIEND}, https://evil.example.com`,
];

let cluster: Cluster;
let person: Person;
let url: string;
beforeAll(async () => {
  cluster = await startCluster({ PUBLIC_URL: OURS, CORS_ORIGINS: `${FRIEND}, ${APP}`, MAX_CONNECTS_PER_SECOND: '1' });
  const world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member();
  url = cluster.first.graphqlUrl;
}, 60_000);
afterAll(() => cluster?.stop());

const QUESTION = JSON.stringify({ query: '{ __typename }' });
const JSON_TYPE = { 'content-type': 'application/json' };
const credentialOf = ({ authorization, companyId }: Caller) => ({
  authorization: authorization ?? '',
  'x-company-id': companyId ?? '',
});

it('a socket that was refused does not stay, whatever its client keeps open', async () => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }).on('error', () => {});
  const lines = ['GET /graphql HTTP/1.1', `Host: ${hostname}`, 'Connection: Upgrade', 'Upgrade: websocket'];
  socket.write([...lines, 'Origin: https://evil.example.com', '', ''].join('\r\n'));
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  await once(socket, 'end');
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  try {
    // Who goes on sending is told that nobody is there.
    const isOver = () => socket.destroyed || (socket.write('x') && false);
    await until(isOver, 'the end of the socket', 3_000);
  } finally {
    socket.destroy();
  }
});

const post = (headers: OutgoingHttpHeaders, body = QUESTION) => send(url, { method: 'POST', headers }, body);

describe('a page of an origin that may ask', () => {
  it.each([OURS, FRIEND, APP])('%s is told what it may send, for two hours', async (origin) => {
    const { status, headers } = await send(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
    expect([status, headers.vary]).toEqual([204, 'Origin']);
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': expect.stringMatching(/authorization.*x-company-id.*idempotency-key/),
      'access-control-max-age': '7200',
    });
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('reads the answer, and what it may still ask for', async () => {
    const { status, headers, text } = await post({ ...JSON_TYPE, origin: FRIEND });
    expect([status, JSON.parse(text).data]).toEqual([200, { __typename: 'Query' }]);
    expect(headers['access-control-allow-origin']).toBe(FRIEND);
    expect(headers.vary).toMatch(/\borigin\b/i);
    const shown = String(headers['access-control-expose-headers']).toLowerCase().split(', ');
    for (const name of ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after', 'etag'])
      expect(shown).toContain(name);
  });

  it('reads errors as well', async () => {
    const { status, headers } = await post({ ...JSON_TYPE, origin: FRIEND, authorization: 'Bearer bad' });
    expect([status, headers['access-control-allow-origin']]).toEqual([401, FRIEND]);
  });

  it('opens WebSockets', async () => {
    for (const origin of [OURS, FRIEND]) expect(await upgrade(url, { origin })).toBe(101);
  });

  it('is, outside production, also the same server by another name of this machine, and no other server on it', async () => {
    const { port } = new URL(url);
    for (const host of ['localhost', '[::1]'])
      expect(await upgrade(url, { origin: `http://${host}:${port}` })).toBe(101);
    expect(await upgrade(url, { origin: 'http://localhost:1' })).toBe(403);
  });
});

describe.each(FOREIGN)('a page of another origin, %j,', (origin) => {
  it('is refused whatever it asks, and told of nothing that would let it read that', async () => {
    const preflight = { origin, 'access-control-request-method': 'POST' };
    const answers = [
      await send(url, { method: 'OPTIONS', headers: preflight }),
      await post({ ...JSON_TYPE, origin }),
      await post({ ...JSON_TYPE, ...credentialOf(person.caller), origin }),
      await post({ ...JSON_TYPE, ...credentialOf(person.caller), origin, accept: 'text/event-stream' }),
      await send(`${cluster.first.url}/export/audit.ndjson`, { headers: { origin } }),
    ];
    for (const { status, headers } of answers) {
      expect([status, headers.vary]).toEqual([403, 'Origin']);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('opens no WebSocket, and takes no place from who may', async () => {
    // More than the burst of ten that an address has.
    for (let i = 0; i < 12; i += 1) expect(await upgrade(url, { origin })).toBe(403);
    const { status, headers } = await send(url, { headers: { connection: 'Upgrade', upgrade: 'websocket', origin } });
    const strict = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };
    expect([status, headers]).toEqual([403, expect.objectContaining(strict)]);
  });
});

describe('who sends no origin', () => {
  it('is an app, and is answered over every transport', async () => {
    expect((await post(JSON_TYPE)).headers['access-control-allow-origin']).toBeUndefined();
    expect((await post(JSON_TYPE)).status).toBe(200);
    const events = await post({ ...JSON_TYPE, ...credentialOf(person.caller), accept: 'text/event-stream' });
    expect([events.status, events.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(await upgrade(url)).toBe(101);
  });
});

describe('what a form, a link or an image of another site can send', () => {
  const query = `?query=${encodeURIComponent('{ __typename }')}`;

  it.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain;application/json',
  ])('as %s is not run, with a credential or without', async (type) => {
    for (const credential of [{}, credentialOf(person.caller)]) {
      for (const accept of ['*/*', 'text/event-stream']) {
        const { status, text } = await post({ 'content-type': type, accept, ...credential });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(text).not.toContain('"data"');
      }
    }
  });

  it('by GET is not run, unless it has a header that they cannot send', async () => {
    for (const headers of [{}, { 'content-type': 'text/plain' }]) {
      const { status, text } = await send(url + query, { headers });
      expect([status, text.includes('"data"')]).toEqual([400, false]);
    }
    const asked = await send(url + query, { headers: { 'apollo-require-preflight': 'yes' } });
    expect(asked.status).toBe(200);
  });

  it('by GET is no mutation, whatever header it has', async () => {
    const mutation = `?query=${encodeURIComponent('mutation { __typename }')}`;
    const headers = { ...credentialOf(person.caller), 'apollo-require-preflight': 'yes' };
    expect((await send(url + mutation, { headers })).status).toBe(405);
  });
});
