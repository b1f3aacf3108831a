import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient as createStreamClient } from 'graphql-sse';
import { ask, type Caller, get, listen } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let person: Person;
beforeAll(async () => {
  cluster = await startCluster();
  const world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member({ name: 'Eve' });
}, 60_000);
afterAll(() => cluster?.stop());

const VIEWER = 'query ($a: Boolean!) { viewer { user { id name @include(if: $a) email @skip(if: $a) } } }';

/** The data that somebody is answered with over one of the ways to ask. */
type Way = (caller: Caller, query: string, variables: { a: boolean }) => Promise<unknown>;
const WAYS: Record<string, Way> = {
  HTTP: (caller, query, variables) => get(cluster.last, caller, query, variables),
  async WebSocket(caller, query, variables) {
    const stream = listen(cluster.last, caller, query, variables);
    const viewer = await Promise.race([stream.until(() => true), stream.failed]);
    await stream.stop();
    return { viewer };
  },
  async 'event stream'({ authorization = '', companyId = '' }, query, variables) {
    const headers = { authorization, 'x-company-id': companyId };
    const client = createStreamClient({ url: cluster.last.graphqlUrl, headers, retryAttempts: 0 });
    const { value } = await client.iterate({ query, variables }).next();
    client.dispose();
    return value?.data ?? value;
  },
};

describe.each(Object.entries(WAYS))('@include and @skip, over %s', (_name, way) => {
  it.each([true, false])('show and leave out fields when the condition is %s', async (a) => {
    const { member, email, caller } = person;
    const user = { id: member.user.id, ...(a ? { name: 'Eve' } : { email }) };
    expect(await way(caller, VIEWER, { a })).toEqual({ viewer: { user } });
  });

  it.each([true, false])('show and leave out fragments when the condition is %s', async (a) => {
    const { member, email, caller } = person;
    const query = `query ($a: Boolean!) { viewer { user { id ...Name @include(if: $a) ... @skip(if: $a) { email } } } }
      fragment Name on User { name }`;
    const user = { id: member.user.id, ...(a ? { name: 'Eve' } : { email }) };
    expect(await way(caller, query, { a })).toEqual({ viewer: { user } });
  });
});

it('all directives of the standard are shown', async () => {
  const { errors, data } = await ask(cluster.first, person.caller, '{ __schema { directives { name locations } } }');
  expect(errors).toEqual([]);
  expect(data.__schema.directives).toEqual(
    expect.arrayContaining([
      { name: 'include', locations: ['FIELD', 'FRAGMENT_SPREAD', 'INLINE_FRAGMENT'] },
      { name: 'skip', locations: ['FIELD', 'FRAGMENT_SPREAD', 'INLINE_FRAGMENT'] },
      expect.objectContaining({ name: 'deprecated' }),
      expect.objectContaining({ name: 'specifiedBy' }),
    ]),
  );
});
