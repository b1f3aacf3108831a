import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exportSPKI, importJWK, type JWTPayload } from 'jose';
import { type Caller, codeOf, get } from '../harness/client.js';
import { type Cluster, startCluster, startNode } from '../harness/cluster.js';
import { createDatabase, isEmbedded } from '../harness/column.js';
import { type Person, World } from '../harness/world.js';

const QUERY = '{ viewer { user { id } } }';
const KIB = 1024;

let cluster: Cluster;
let world: World;
let person: Person;
let follower: Caller;
beforeAll(async () => {
  cluster = await startCluster();
  world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member();
  follower = (await world.follow(await world.task(await world.project()))).caller;
}, 30_000);
afterAll(() => cluster?.stop());

interface Sent {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Without a length said beforehand. */
  isChunked?: boolean;
}

/** Every answer of the file, for what none of them may hold. */
const answers: string[] = [];
afterEach(() => {
  for (const answer of answers.splice(0)) {
    expect(answer).not.toMatch(/\bat .+:\d+:\d+|node_modules|\/src\/|select |insert |\.ts\b|\.js\b|stack/i);
  }
});

/** Sends what no well-behaved client would, as it is. */
async function send({ method = 'POST', path = '/graphql', headers = {}, body, isChunked = false }: Sent) {
  const all: Record<string, string | number> = { 'content-type': 'application/json', ...headers };
  if (isChunked) all['transfer-encoding'] = 'chunked';
  else if (body !== undefined) all['content-length'] = Buffer.byteLength(body);
  const message = request(new URL(path, cluster.first.url), { method, headers: all });
  message.on('error', () => {});
  message.end(body);
  const [response] = await once(message, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  answers.push(text);
  const { data = null, errors = [] } = text.startsWith('{') ? JSON.parse(text) : {};
  return { status: response.statusCode as number, headers: response.headers, text, data, errors };
}

const headersOf = ({ authorization, companyId }: Caller): Record<string, string> => ({
  ...(authorization && { authorization }),
  ...(companyId && { 'x-company-id': companyId }),
});
const asPerson = () => headersOf(person.caller);
const outcome = (answer: { status: number; errors: Parameters<typeof codeOf>[0]['errors'] }) => [
  answer.status,
  codeOf(answer as never),
];
const good = () => JSON.stringify({ query: QUERY });

describe('a request that is not one', () => {
  it('is answered when put right', async () => {
    const answer = await send({ headers: asPerson(), body: good() });
    expect(outcome(answer)).toEqual([200, null]);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });

  it.each<[string, Sent, number, string | null]>([
    ['malformed JSON', { body: '{"query":' }, 400, 'BAD_REQUEST'],
    ['no UTF-8', { body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) }, 400, 'BAD_REQUEST'],
    ['no body', { body: '' }, 400, 'BAD_REQUEST'],
    ['a list', { body: '[]' }, 400, 'BAD_REQUEST'],
    ['a text', { body: '"query"' }, 400, 'BAD_REQUEST'],
    ['null', { body: 'null' }, 400, 'BAD_REQUEST'],
    ['no query', { body: '{}' }, 400, 'BAD_REQUEST'],
    ['a query that is a number', { body: '{"query":7}' }, 400, 'BAD_REQUEST'],
    ['variables that are a text', { body: JSON.stringify({ query: QUERY, variables: 'x' }) }, 400, 'BAD_REQUEST'],
    ['a form of another site', { headers: { 'content-type': 'text/plain' }, body: '{}' }, 400, 'BAD_REQUEST'],
    ['a batch', { body: JSON.stringify([{ query: QUERY }]) }, 400, 'BAD_REQUEST'],
    [
      'the hash of a document that is not known',
      { body: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } } }) },
      200,
      'PERSISTED_QUERY_NOT_FOUND',
    ],
    ['no GraphQL', { body: '{"query":"{ viewer { "}' }, 400, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { body: '{"query":"{ viewer { password } }"}' }, 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an unknown argument',
      { body: '{"query":"{ companies(all: true) { role } }"}' },
      400,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'an operation that is not there',
      { body: JSON.stringify({ query: `query A ${QUERY}`, operationName: 'B' }) },
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'a document of too many tokens',
      { body: JSON.stringify({ query: `{ ${'viewer '.repeat(3_001)} }` }) },
      400,
      'GRAPHQL_PARSE_FAILED',
    ],
    [
      'a deep document',
      { body: JSON.stringify({ query: `${'{ viewer '.repeat(900)}${'}'.repeat(900)}` }) },
      400,
      'BAD_REQUEST',
    ],
    [
      'a variable of another type',
      {
        body: JSON.stringify({
          query: 'query ($n: Int!) { members(first: $n) { nodes { id } } }',
          variables: { n: 'many' },
        }),
      },
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a null in a variable that must not be',
      {
        body: JSON.stringify({
          query: 'query ($n: Int = 1) { members(first: $n) { nodes { id } } }',
          variables: { n: null },
        }),
      },
      200,
      'BAD_USER_INPUT',
    ],
    [
      'variables nested by the thousand',
      {
        body: `{"query":"query ($f: TaskFilter) { tasks(projectId: "x", first: 1, filter: $f) { nodes { id } } }",
          "variables":{"f":${'{"not":'.repeat(40_000)}{}${'}'.repeat(40_000)}}}`,
      },
      400,
      'BAD_REQUEST',
    ],
    [
      'a subscription, which an answer cannot carry',
      { body: JSON.stringify({ query: 'subscription { taskChanged(projectId: "x") { kind } }' }) },
      400,
      'BAD_REQUEST',
    ],
    [
      'a variable that is missing',
      { body: JSON.stringify({ query: 'query ($n: Int!) { members(first: $n) { nodes { id } } }' }) },
      400,
      'BAD_USER_INPUT',
    ],
    [
      'a mutation by GET',
      {
        method: 'GET',
        path: `/graphql?query=${encodeURIComponent('mutation { updatePreferences(input: { locale: "cs" }) { userErrors { code } } }')}`,
        headers: { 'apollo-require-preflight': 'yes' },
      },
      405,
      'BAD_REQUEST',
    ],
    ['another method', { method: 'PUT', body: '{}' }, 405, 'BAD_REQUEST'],
  ])('%s', async (_what, { headers, ...sent }, status, code) => {
    expect(outcome(await send({ ...sent, headers: { ...asPerson(), ...headers } }))).toEqual([status, code]);
  });

  it('of a browser for a page gets none, least of all one with scripts of other hosts', async () => {
    for (const path of ['/graphql', '/graphql?query=%7B__typename%7D']) {
      const { headers, text } = await send({ method: 'GET', path, headers: { accept: 'text/html' } });
      expect(headers['content-type']).not.toContain('text/html');
      expect(text).not.toMatch(/<html|https?:/i);
    }
  });

  it('elsewhere is not found, and a path that is none is refused', async () => {
    expect((await send({ method: 'GET', path: '/nowhere' })).status).toBe(404);
    expect((await send({ method: 'DELETE', path: '/healthz' })).status).toBe(405);
  });
});

describe('a body that is too large', () => {
  const ofSize = (bytes: number) => good() + ' '.repeat(bytes - good().length);

  it.each<[string, () => Promise<Record<string, string>>, number]>([
    ['of a member', async () => asPerson(), 1024 * KIB],
    ['of a follower', async () => headersOf(follower), 1024 * KIB],
    ['of nobody', async () => ({}), 64 * KIB],
  ])('%s', async (_who, headers, limit) => {
    for (const isChunked of [false, true]) {
      const within = await send({ headers: await headers(), body: ofSize(limit), isChunked });
      expect(within.status).not.toBe(413);
      const beyond = await send({ headers: await headers(), body: ofSize(limit + 1), isChunked });
      expect(outcome(beyond)).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    }
  });

  it('is not read for a bad credential', async () => {
    const headers = { authorization: `Bearer ${await cluster.issuer.forged(person.email)}` };
    expect(outcome(await send({ headers, body: ofSize(1024 * KIB), isChunked: true }))).toEqual([
      401,
      'UNAUTHENTICATED',
    ]);
  });
});

describe('a credential that is not good', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const withClaims = async (claims: JWTPayload, header = {}) =>
    bearer(await cluster.issuer.token(person.email, claims, header));
  const unsigned = (header: object, claims: object) =>
    [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const claims = () => ({
    iss: cluster.issuer.url,
    aud: cluster.issuer.audience,
    sub: person.email,
    email: person.email,
    email_verified: true,
    exp: now() + 600,
  });

  it('is let in when it is', async () => {
    expect(outcome(await send({ headers: await withClaims({}), body: good() }))).toEqual([200, null]);
    expect(outcome(await send({ headers: await withClaims({ exp: now() - 5 }), body: good() }))).toEqual([200, null]);
  });

  it.each<[string, () => Promise<Record<string, string>>, string]>([
    ['signed by somebody else', async () => bearer(await cluster.issuer.forged(person.email)), 'TOKEN_INVALID'],
    ['expired', () => withClaims({ exp: now() - 60 }), 'TOKEN_EXPIRED'],
    ['not yet valid', () => withClaims({ nbf: now() + 600 }), 'TOKEN_INVALID'],
    ['for another audience', () => withClaims({ aud: 'somebody-else' }), 'TOKEN_INVALID'],
    ['without an audience', () => withClaims({ aud: undefined }), 'TOKEN_INVALID'],
    ['of another issuer', () => withClaims({ iss: 'https://evil.example' }), 'TOKEN_INVALID'],
    ['without an expiry', () => withClaims({ exp: undefined }), 'TOKEN_INVALID'],
    ['without a subject', () => withClaims({ sub: undefined }), 'TOKEN_INVALID'],
    ['of an unknown key', () => withClaims({}, { kid: 'unknown' }), 'TOKEN_INVALID'],
    [
      'with a changed payload',
      async () => {
        const [header, , signature] = (await cluster.issuer.token(person.email)).split('.');
        const payload = unsigned({}, { ...claims(), sub: 'admin' }).split('.')[1];
        return bearer(`${header}.${payload}.${signature}`);
      },
      'TOKEN_INVALID',
    ],
    ['alg none', async () => bearer(`${unsigned({ alg: 'none' }, claims())}.`), 'TOKEN_INVALID'],
    [
      'HS256 with the public key',
      async () => {
        const pem = await exportSPKI((await importJWK(cluster.issuer.publicJwk, 'RS256')) as CryptoKey);
        const body = unsigned({ alg: 'HS256', kid: 'test' }, claims());
        return bearer(`${body}.${createHmac('sha256', pem).update(body).digest('base64url')}`);
      },
      'TOKEN_INVALID',
    ],
    ['garbage', async () => bearer('garbage'), 'TOKEN_INVALID'],
    ['nothing', async () => bearer(''), 'TOKEN_INVALID'],
    ['another scheme', async () => ({ authorization: 'Basic YTpi' }), 'SCHEME_UNKNOWN'],
    ['a made-up follow', async () => ({ authorization: 'Follow nothing' }), 'FOLLOW_INVALID'],
  ])('%s', async (_what, headers, reason) => {
    const answer = await send({ headers: await headers(), body: good() });
    expect([...outcome(answer), answer.errors[0]?.extensions.reason]).toEqual([401, 'UNAUTHENTICATED', reason]);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.data).toBeNull();
  });

  it('an address that the issuer has not verified makes nobody a member', async () => {
    const invited = await world.member();
    const token = await cluster.issuer.token(invited.email, { email_verified: false });
    const answer = await send({ headers: bearer(token), body: good() });
    expect([...outcome(answer), answer.errors[0]?.extensions.reason]).toEqual([
      401,
      'UNAUTHENTICATED',
      'EMAIL_NOT_VERIFIED',
    ]);
  });
});

describe('a company', () => {
  it.each([
    ['that does not exist', 'company_01m860nd42fk5asp7hx7f2mzcm'],
    ['that is no id', "' or 1=1 --"],
    ['that is the id of something else', 'task_01m860nd42fk5asp7hx7f2mzcm'],
    ['that is empty', ''],
  ])('%s is not found', async (_what, companyId) => {
    const headers = { ...asPerson(), 'x-company-id': companyId };
    expect(outcome(await send({ headers, body: good() }))).toEqual([404, 'NOT_FOUND']);
  });

  it('of others is not found, by the same words as one that does not exist', async () => {
    const other = await World.found(cluster.parts, cluster.issuer);
    const answerFor = async (id: string) =>
      (await send({ headers: { ...asPerson(), 'x-company-id': id }, body: good() })).text;
    expect(await answerFor(other.companyId)).toBe(await answerFor('company_01m860nd42fk5asp7hx7f2mzcm'));
  });

  it('is asked for where somebody has several', async () => {
    const other = await World.found(cluster.parts, cluster.issuer);
    const both = await other.member();
    const members = JSON.stringify({ query: '{ members(first: 1) { nodes { id } } }' });
    const headers = headersOf({ authorization: both.caller.authorization });
    expect(outcome(await send({ headers, body: members }))).toEqual([200, null]);
    await world.member({ email: both.email });
    const answer = await send({ headers, body: members });
    expect([...outcome(answer), answer.errors[0]?.extensions.reason]).toEqual([200, 'FORBIDDEN', 'COMPANY_REQUIRED']);
  });
});

if (isEmbedded) {
  describe('a fault of ours', () => {
    it('is masked, and found in the log by its trace id', async () => {
      const database = await createDatabase();
      const broken = await startNode(database, cluster.issuer, { LOG_LEVEL: 'error' });
      try {
        const { DatabaseSync } = await import('node:sqlite');
        const file = new DatabaseSync(`${database.dataDir}/aliteo.sqlite`);
        file.exec('pragma foreign_keys = off; alter table users rename to lost');
        file.close();
        const token = await cluster.issuer.token('anna@example.com');
        const response = await fetch(broken.graphqlUrl, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: good(),
        });
        const text = await response.text();
        answers.push(text);
        const [error] = JSON.parse(text).errors;
        expect([response.status, error.extensions.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
        expect(error.message).toBe('Something went wrong on our side.');
        expect(await broken.logged(error.extensions.traceId)).toMatchObject({
          traceId: error.extensions.traceId,
          error: expect.stringContaining('no such table'),
        });
        expect(broken.output()).not.toContain(token);
      } finally {
        await broken.stop();
        await database.drop();
      }
    });
  });
}

it('after all this the server still answers', async () => {
  expect((await get(cluster.first, person.caller, QUERY)).viewer.user.id).toBe(person.viewer.userId);
});
