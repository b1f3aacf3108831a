import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../src/entities/api-key.js';
import { Follow } from '../../src/entities/follow.js';
import { Invitation } from '../../src/entities/invitation.js';
import { type EntityManager, forkFor } from '../../src/entities/orm.js';
import { SupportGrant } from '../../src/entities/support-grant.js';
import { get } from '../harness/client.js';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { untilKept } from '../harness/kept.js';
import { World } from '../harness/world.js';

/*
 * What time alone changes, or what no event tells of, is kept for nobody. Here time passes by the rows: what is told
 * anew is told because they were read again.
 */

let cluster: Cluster;
let world: World;
let rows: EntityManager;
beforeAll(async () => {
  cluster = await startCluster({ ANSWER_CACHE_BYTES: '8000000' });
  world = await World.found(cluster.parts, cluster.issuer);
  rows = forkFor(cluster.parts.orm, world);
}, 60_000);
afterAll(() => cluster?.stop());

const PAST = new Date(Date.now() - 60_000);

/** What every process answers to the administrator, asked again and again so that it would be kept if it could. */
async function told(text: string): Promise<unknown> {
  await untilKept(cluster.nodes, world);
  const answers: unknown[] = [];
  for (const node of cluster.nodes) {
    for (let i = 0; i < 3; i += 1) answers.push(await get(node, world.admin.caller, text));
  }
  expect(answers).toEqual(Array(answers.length).fill(answers[0]));
  return answers[0];
}

describe('of this moment', () => {
  it('is what the viewer may still ask for', async () => {
    const text = '{ rateLimit { remaining } members(first: 1) { nodes { id } } }';
    await untilKept([cluster.first], world);
    const left: number[] = [];
    for (let i = 0; i < 5; i += 1) left.push((await get(cluster.first, world.admin.caller, text)).rateLimit.remaining);
    const cost = (left[0] ?? 0) - (left[1] ?? 0);
    expect(cost).toBeGreaterThan(0);
    expect(left).toEqual(left.map((_, i) => (left[0] ?? 0) - i * cost));
  });

  it('is whether an invitation has expired', async () => {
    const { id } = await world.invite('late@example.com');
    const list = '{ invitations(first: 1) { nodes { id status } } }';
    const node = `{ node(id: "${id}") { id ... on Invitation { status } } }`;
    const nodes = `{ nodes(ids: ["${id}"]) { id ... on Invitation { status } } }`;
    const all = async () => [await told(list), await told(node), await told(nodes)];
    const expected = (status: string) => [
      { invitations: { nodes: [{ id, status }] } },
      { node: { id, status } },
      { nodes: [{ id, status }] },
    ];
    expect(await all()).toEqual(expected('PENDING'));
    await rows.nativeUpdate(Invitation, { id }, { expiresAt: PAST });
    expect(await all()).toEqual(expected('EXPIRED'));
  });

  it('is which ways into the company are open, and how many', async () => {
    const task = await world.task(await world.project());
    const opened = {
      INVITATION: (await world.invite('open@example.com')).id,
      API_KEY: (await world.key(['TASKS_READ'])).id,
      FOLLOW: (await world.follow(task, { expiresAt: new Date(Date.now() + 3_600_000) })).id,
      SUPPORT: (await world.support()).id,
    };
    const lists = Object.keys(opened).map((kind) => `${kind}: entryPoints(kind: ${kind}, first: 5) { nodes { id } }`);
    const counts = '{ entryPointCounts { kind count } }';
    const open = (ids: object) =>
      Object.fromEntries(Object.entries(ids).map(([kind, id]) => [kind, { nodes: id ? [{ id }] : [] }]));
    const countsOf = (count: number) => Object.keys(opened).map((kind) => ({ kind, count }));

    // Each by itself, so that none is read anew because of another one.
    const all = async () => Object.assign({}, ...(await Promise.all(lists.map((list) => told(`{ ${list} }`)))));
    expect(await all()).toEqual(open(opened));
    expect(await told(counts)).toEqual({ entryPointCounts: expect.arrayContaining(countsOf(1)) });
    await rows.nativeUpdate(Invitation, { id: opened.INVITATION }, { expiresAt: PAST });
    await rows.nativeUpdate(ApiKey, { id: opened.API_KEY }, { expiresAt: PAST });
    await rows.nativeUpdate(Follow, { id: opened.FOLLOW }, { expiresAt: PAST });
    await rows.nativeUpdate(SupportGrant, { id: opened.SUPPORT }, { expiresAt: PAST });
    expect(await all()).toEqual(open({ INVITATION: null, API_KEY: null, FOLLOW: null, SUPPORT: null }));
    expect(await told(counts)).toEqual({ entryPointCounts: expect.arrayContaining(countsOf(0)) });
  });

  it('is who has come in by a follow, and how many have', async () => {
    const follow = await world.follow(await world.task(await world.project()));
    const who = `{ node(id: "${follow.id}") { ... on Follow { followers(first: 5) { nodes { id } } } } }`;
    const count = `{ node(id: "${follow.id}") { ... on Follow { followerCount } } }`;
    const expected = (...ids: string[]) => [
      { node: { followers: { nodes: ids.map((id) => ({ id })) } } },
      { node: { followerCount: ids.length } },
    ];
    expect([await told(who), await told(count)]).toEqual(expected());
    const { id } = await world.enter(follow.secret);
    expect([await told(who), await told(count)]).toEqual(expected(id));
  });
});
