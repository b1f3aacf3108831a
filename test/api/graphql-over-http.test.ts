import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let world: World;
let person: Person;
beforeAll(async () => {
  cluster = await startCluster({ ANSWER_CACHE_BYTES: '1000000' });
  world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member();
}, 30_000);
afterAll(() => cluster?.stop());

/** The suite of the GraphQL Foundation. It asks for `__typename`, which is open to everybody. */
const audits = serverAudits({ url: () => cluster.first.graphqlUrl, fetchFn: fetch });

/** Optional, and refused: a GET without a header that no form or link of another site can send. */
const NOT_FROM_OTHER_SITES = ['5A70', 'D6D5', '6A70'];

describe('the audit of GraphQL over HTTP', () => {
  it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))('%s: %s', async (id, name, audit) => {
    const result = await audit.fn();
    const reason = result.status === 'ok' ? null : result.reason;
    if (!NOT_FROM_OTHER_SITES.includes(id)) expect([result.status, reason]).toEqual(['ok', null]);
    else expect([result.status, name]).toEqual(['notice', expect.stringMatching(/^MAY /)]);
  });
});

const QUERY = '{ members(first: 100) { nodes { id name email role kind createdAt } } }';
const url = (query = QUERY) => `${cluster.first.graphqlUrl}?query=${encodeURIComponent(query)}`;
const headers = (more: Record<string, string> = {}) => ({
  authorization: person.caller.authorization ?? '',
  'x-company-id': person.caller.companyId ?? '',
  'apollo-require-preflight': 'yes',
  ...more,
});

describe('an answer by GET', () => {
  it('has a tag, and is not sent again to who has it', async () => {
    const first = await fetch(url(), { headers: headers() });
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\/"/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(first.headers.get('vary')).toContain('authorization');
    const again = await fetch(url(), { headers: headers({ 'if-none-match': tag }) });
    expect([again.status, await again.text()]).toEqual([304, '']);
    await world.member();
    const query = `${QUERY} # since`;
    const changed = await fetch(url(query), { headers: headers({ 'if-none-match': tag }) });
    expect(changed.status).toBe(200);
  });

  it('has a tag by GET only', async () => {
    const post = await fetch(cluster.first.graphqlUrl, {
      method: 'POST',
      headers: headers({ 'content-type': 'application/json' }),
      body: JSON.stringify({ query: QUERY }),
    });
    expect([post.headers.get('etag'), post.headers.get('cache-control')]).toEqual([null, 'no-store']);
  });

  it('is not given to who asks without the header that keeps other sites out, though it is kept', async () => {
    for (let i = 0; i < 3; i += 1) expect((await fetch(url(), { headers: headers() })).status).toBe(200);
    const { 'apollo-require-preflight': _, ...rest } = headers();
    expect((await fetch(url(), { headers: rest })).status).toBe(400);
  });
});

describe('an answer', () => {
  const MANY = `{ ${Array.from({ length: 10 }, (_, i) => `m${i}: members(first: 50) { nodes { id name email } }`).join(' ')} }`;
  const asked = async (encoding: string) => {
    const response = await fetch(cluster.first.graphqlUrl, {
      method: 'POST',
      headers: headers({ 'content-type': 'application/json', 'accept-encoding': encoding }),
      body: JSON.stringify({ query: MANY }),
    });
    return { encoding: response.headers.get('content-encoding'), text: await response.text() };
  };

  it.each([
    ['br', 'br'],
    ['gzip', 'gzip'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['zstd', null],
    ['identity', null],
    ['br;q=0', null],
  ])('to "%s" is encoded as %s, kept or not', async (accepted, encoding) => {
    const plain = (await asked('identity')).text;
    for (let i = 0; i < 3; i += 1) expect(await asked(accepted)).toEqual({ encoding, text: plain });
  });

  it('is as many bytes as it says when it is compressed', async () => {
    const { request } = await import('node:http');
    for (const [encoding, open] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const body = JSON.stringify({ query: MANY });
      const more = { 'content-type': 'application/json', 'accept-encoding': encoding };
      const bytes = await new Promise<Buffer>((resolve, reject) => {
        const message = request(cluster.first.graphqlUrl, { method: 'POST', headers: headers(more) }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () => {
            expect(Number(response.headers['content-length'])).toBe(Buffer.concat(chunks).length);
            resolve(Buffer.concat(chunks));
          });
        });
        message.on('error', reject).end(body);
      });
      expect(JSON.parse(open(bytes).toString()).data.m0.nodes.length).toBeGreaterThan(1);
    }
  });
});
