import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { type Person, World } from '../harness/world.js';

let cluster: Cluster;
let person: Person;
let tag: string;
beforeAll(async () => {
  cluster = await startCluster();
  const world = await World.found(cluster.parts, cluster.issuer);
  person = await world.member();
  tag = (await get()).headers.get('etag')?.replace(/^W\//, '') ?? '';
}, 60_000);
afterAll(() => cluster?.stop());

const QUERY = '{ members(first: 100) { nodes { id name email } } }';
const get = (ifNoneMatch?: string, query = QUERY) =>
  fetch(`${cluster.first.graphqlUrl}?query=${encodeURIComponent(query)}`, {
    headers: {
      authorization: person.caller.authorization ?? '',
      'x-company-id': person.caller.companyId ?? '',
      'apollo-require-preflight': 'yes',
      ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
    },
  });

/** RFC 9110, 13.1.2: the tags are compared weakly (8.8.3.2), so that it does not matter which of them are weak. */
describe('If-None-Match', () => {
  it.each<[string, (tag: string) => string]>([
    ['has the tag', (tag) => `W/${tag}`],
    ['has the strong form of the tag', (tag) => tag],
    ['has a list with the tag', (tag) => `"one", W/${tag}, W/"other"`],
    ['has a list with the strong form of the tag', (tag) => `W/"one",${tag}`],
    ['has a list with the tag beside one with a comma', (tag) => `"one, two" , W/${tag}`],
    ['takes whatever there is', () => '*'],
  ])('is answered with 304 when it %s', async (_what, headerOf) => {
    const answer = await get(headerOf(tag));
    expect([answer.status, await answer.text()]).toEqual([304, '']);
    expect(answer.headers.get('etag')).toBe(`W/${tag}`);
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    expect(answer.headers.get('vary')).toContain('authorization');
  });

  it.each<[string, (tag: string) => string]>([
    ['another tag', () => 'W/"another"'],
    ['a list of others', () => '"one", W/"another"'],
    ['a tag that ends with it', (tag) => `W/"more-${tag.slice(1)}`],
    ['a tag that begins with it', (tag) => `W/${tag.slice(0, -1)}-more"`],
    ['a tag of which it is a part behind a comma', (tag) => `"one,${tag.slice(1, -1)}"`],
    ['what is no tag and has it inside', (tag) => `xW/${tag}`],
    ['what is no tag and begins with it', (tag) => `W/${tag}x`],
    ['the tag without its quotes', (tag) => tag.slice(1, -1)],
    ['an asterisk in quotes', () => '"*"'],
    ['nothing', () => ''],
  ])('is answered with all of it when it has %s', async (_what, headerOf) => {
    const answer = await get(headerOf(tag));
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, `W/${tag}`]);
    expect((await answer.json()).data.members.nodes).toHaveLength(2);
  });

  it('saves nobody from being told what is wrong', async () => {
    const refused = await get('*', '{ nothing }');
    expect([refused.status, refused.headers.get('etag')]).toEqual([400, null]);
  });
});
