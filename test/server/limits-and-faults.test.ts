import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LIMITS } from '../../src/execution/limits.js';
import { ask, type Caller, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

const LIMIT_BYTES = 131_072;
const ANONYMOUS_LIMIT_BYTES = 32_768;
const PATIENCE_MS = 5_000;

let cluster: Cluster;
let world: World;
let person: Person;
beforeAll(async () => {
  cluster = await startCluster({
    LOG_LEVEL: 'debug',
    BODY_LIMIT_BYTES: String(LIMIT_BYTES),
    ANONYMOUS_BODY_LIMIT_BYTES: String(ANONYMOUS_LIMIT_BYTES),
  });
  world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member();
}, 60_000);
afterAll(() => cluster?.stop());

const headersOf = ({ authorization, companyId }: Caller): Record<string, string> => ({
  'content-type': 'application/json',
  ...(authorization && { authorization }),
  ...(companyId && { 'x-company-id': companyId }),
});

type Errors = readonly { message: string; extensions?: { code?: string; traceId?: string } }[];

const post = async (query: string, variables: object, accept: string): Promise<string> => {
  const headers = { ...headersOf(person.caller), accept };
  const body = JSON.stringify({ query, variables });
  const response = await fetch(cluster.last.graphqlUrl, { method: 'POST', headers, body });
  return response.text();
};

async function overSocket(query: string, variables: object): Promise<Errors> {
  const stream = listen(cluster.last, person.caller, query, variables);
  const good = stream
    .until(() => true)
    .then(
      () => [],
      () => stream.failed,
    );
  const errors = await Promise.race([stream.failed, good]);
  await stream.stop();
  return errors as Errors;
}

/** The errors of an answer, none when it is a good one. */
const transports: [string, (query: string, variables?: object) => Promise<Errors>][] = [
  ['HTTP', async (query, variables = {}) => JSON.parse(await post(query, variables, 'application/json')).errors ?? []],
  ['WebSocket', (query, variables = {}) => overSocket(query, variables)],
  [
    'an event stream',
    async (query, variables = {}) =>
      JSON.parse(/^data: (.+)$/m.exec(await post(query, variables, 'text/event-stream'))?.[1] ?? '').errors ?? [],
  ],
];

describe('a body', () => {
  /** The status for a body of so many bytes; with `isHeldBack` only its length is sent. */
  async function statusOf(caller: Caller, bytes: number, isHeldBack: boolean): Promise<number | undefined> {
    const query = JSON.stringify({ query: '{ __typename }' });
    const message = request(cluster.first.graphqlUrl, {
      method: 'POST',
      headers: { ...headersOf(caller), 'content-length': bytes },
    });
    message.on('error', () => {});
    if (isHeldBack) message.flushHeaders();
    else message.end(query.padEnd(bytes));
    try {
      const [response] = await once(message, 'response', { signal: AbortSignal.timeout(PATIENCE_MS) });
      response.resume();
      return response.statusCode;
    } finally {
      message.destroy();
    }
  }

  it.each<[string, () => Caller, number]>([
    ['of a member', () => person.caller, LIMIT_BYTES],
    ['of nobody', () => ({}), ANONYMOUS_LIMIT_BYTES],
  ])(
    '%s is as large as the operator says, and refused by its length before it is sent',
    async (_who, caller, limit) => {
      expect(await statusOf(caller(), limit, false)).toBe(200);
      expect(await statusOf(caller(), limit + 1, false)).toBe(413);
      expect(await statusOf(caller(), limit + 1, true)).toBe(413);
    },
  );
});

describe('a document of too many tokens is not read, one of few is answered', () => {
  it.each(transports)('over %s', async (_transport, asks) => {
    const ofNames = (count: number) => `{ viewer { user { ${'id '.repeat(count)} } } }`;
    const errors = await asks(ofNames(LIMITS.tokens));
    expect(errors.map(({ extensions }) => extensions?.code)).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(await asks(ofNames(LIMITS.sameName))).toEqual([]);
  });
});

describe('an argument that is not possible, of a list whose size is asked beforehand, is told as such', () => {
  it.each(transports)('over %s', async (_transport, asks) => {
    // That it is null is seen only when the arguments are put together.
    const errors = await asks('query ($id: ID = "x") { tasks(projectId: $id, first: 9) { nodes { id } } }', {
      id: null,
    });
    expect(errors.map(({ extensions }) => extensions?.code)).toEqual(['BAD_USER_INPUT']);
    expect(await asks('{ workspaces { name } }')).toEqual([]);
  });
});

describe('a fault of ours', () => {
  const QUERY = '{ workspaces { name } }';
  const rename = (from: string, to: string) =>
    cluster.parts.orm.em.getConnection().execute(`alter table ${from} rename to ${to}`);

  it.each(transports)('is masked over %s, and found in the log by its trace id', async (_transport, asks) => {
    expect(await asks(QUERY)).toEqual([]);
    await rename('workspaces', 'lost');
    const errors = await asks(QUERY).finally(() => rename('lost', 'workspaces'));
    expect(errors).toEqual([
      {
        message: 'Something went wrong on our side.',
        locations: expect.anything(),
        path: ['workspaces'],
        extensions: { code: 'INTERNAL_SERVER_ERROR', traceId: expect.any(String) },
      },
    ]);
    const { traceId } = errors[0]?.extensions ?? {};
    const line = await cluster.last.logged(String(traceId));
    expect(line).toMatchObject({ level: 50, error: expect.stringContaining('workspaces') });
    expect(await asks(QUERY)).toEqual([]);
  });
});

describe('the log of a server', () => {
  it('holds no credential, good or bad, on whatever way it came', async () => {
    const { secret, caller } = await world.follow(await world.task(await world.project()));
    const forged = await cluster.issuer.forged(person.email);
    const bad: Caller = { authorization: `Bearer ${forged}` };
    await ask(cluster.last, person.caller, '{ viewer { user { id } } }');
    await ask(cluster.last, caller, '{ followed { task { title } } }');
    await ask(cluster.last, bad, '{ viewer { user { id } } }');
    await fetch(`${cluster.last.url}/f/${secret}`);
    await fetch(`${cluster.last.url}/f/${secret}`, { method: 'DELETE' });
    const stream = listen(cluster.last, { follow: secret }, 'subscription { followedChanged { kind } }');
    await stream.until(({ kind }) => kind === 'READY');
    await stream.stop();
    await listen(cluster.last, bad, 'subscription { followedChanged { kind } }').closed;
    const output = cluster.last.output();
    expect(output).toContain('server: ready');
    for (const credential of [person.caller.authorization?.split(' ')[1], secret, forged]) {
      expect(output).not.toContain(credential);
    }
  });
});
