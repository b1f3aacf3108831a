import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { keptAnswersOf, untilKept } from '../harness/kept.js';
import { type Person, World } from '../harness/world.js';

const POINTS = 1_000;

let cluster: Cluster;
let world: World;
let person: Person;
beforeAll(async () => {
  cluster = await startCluster({ ANSWER_CACHE_BYTES: '8000000', RATE_LIMIT_POINTS: String(POINTS) });
  world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member();
}, 60_000);
afterAll(() => cluster?.stop());

const MEMBERS = '{ members(first: 99) { nodes { id } } }';

/** Asks the first process, with nothing said that is not in `headers`. */
async function send({ caller }: Person, query: string, headers: Record<string, string>, method = 'POST') {
  const isGet = method === 'GET';
  const response = await fetch(cluster.first.graphqlUrl + (isGet ? `?query=${encodeURIComponent(query)}` : ''), {
    method,
    headers: { authorization: caller.authorization ?? '', 'x-company-id': caller.companyId ?? '', ...headers },
    ...(!isGet && { body: JSON.stringify({ query }) }),
  });
  const { status } = response;
  const type = response.headers.get('content-type')?.split(';')[0];
  return { status, type, remaining: Number(response.headers.get('ratelimit-remaining')), text: await response.text() };
}
const JSON_BODY = { 'content-type': 'application/json' };

/** What an act answers, and how many answers were given meanwhile from those that are kept. */
async function counting<T>(act: () => Promise<T>): Promise<{ result: T; kept: number }> {
  await untilKept([cluster.first], world);
  const before = await keptAnswersOf(cluster.first);
  const result = await act();
  return { result, kept: (await keptAnswersOf(cluster.first)) - before };
}

describe('an answer that is kept', () => {
  it('costs as many points as it did when it was made, until there are none left', async () => {
    const spender = await world.member();
    const { result, kept } = await counting(async () => {
      const answers = [];
      for (let i = 0; i < 12; i += 1) answers.push(await send(spender, MEMBERS, JSON_BODY));
      return answers;
    });
    expect(kept).toBeGreaterThan(5);
    expect(result.map(({ status }) => status)).toEqual([...Array(10).fill(200), 429, 429]);
    expect(result.slice(0, 10).map(({ remaining }) => remaining)).toEqual(
      Array.from({ length: 10 }, (_, i) => POINTS - 100 * (i + 1)),
    );
  });

  it.each(['POST', 'GET'])('is of the type that was asked for by %s', async (method) => {
    const query = `{ members(first: 3) { nodes { id name } } } # ${method}`;
    const more: Record<string, string> = method === 'GET' ? { 'apollo-require-preflight': 'yes' } : JSON_BODY;
    const types = ['application/json', 'application/graphql-response+json'];
    const { result, kept } = await counting(async () => {
      const given = [];
      for (let i = 0; i < 4; i += 1) {
        for (const accept of types) given.push((await send(person, query, { ...more, accept }, method)).type);
      }
      return given;
    });
    expect(kept).toBeGreaterThan(2);
    expect(result).toEqual(Array(4).fill(types).flat());
  });

  it('is not for a page of another site that says it sends a form', async () => {
    const query = '{ members(first: 2) { nodes { id name } } }';
    const { result, kept } = await counting(async () => {
      const given = [];
      for (let i = 0; i < 4; i += 1) {
        for (const type of ['application/json', 'text/plain'])
          given.push((await send(person, query, { 'content-type': type }, 'GET')).status);
      }
      return given;
    });
    expect(kept).toBeGreaterThan(1);
    expect(result).toEqual(Array(4).fill([200, 400]).flat());
  });
});
