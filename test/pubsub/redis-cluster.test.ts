import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command, Redis } from 'ioredis';
import type { Bus } from '../../src/pubsub/bus.js';
import type { LoggedEvent } from '../../src/pubsub/event-log.js';
import { newId } from '../../src/schema/ids.js';
import { anEvent, throughCluster } from '../harness/buses.js';
import { isEmbedded } from '../harness/column.js';
import { canRunRedisCluster } from '../harness/services.mjs';
import { until } from '../harness/until.js';

const channelOf = (company: string) => `aliteo:{${company}}:events`;
const slotOf = (company: string) => new Command('spublish', [channelOf(company)]).getSlot();
const suite = isEmbedded || !canRunRedisCluster() ? describe.skip : describe;

suite('a Redis Cluster of three masters', () => {
  let carrier: Awaited<ReturnType<typeof throughCluster>>;
  let here: Bus;
  let there: Bus;
  let servers: Redis[];
  beforeAll(async () => {
    carrier = await throughCluster({ replicas: 1 });
    servers = carrier.nodes.map(({ port }) => new Redis({ port, retryStrategy: () => 100 }));
    for (const server of servers) server.on('error', () => {});
    [here, there] = [await carrier.open(), await carrier.open()];
  });
  afterAll(async () => {
    for (const server of servers ?? []) server.disconnect();
    await carrier?.stop();
  });

  /** Which servers have a subscription to the company's channel, by their place in the cluster. */
  async function holders(company: string, kind: 'SHARDCHANNELS' | 'CHANNELS' = 'SHARDCHANNELS'): Promise<number[]> {
    const lists = await Promise.all(servers.map((server) => server.call('PUBSUB', kind, channelOf(company))));
    return lists.flatMap((list, index) => ((list as string[]).length > 0 ? [index] : []));
  }

  async function hear(company: string): Promise<LoggedEvent[]> {
    const heard: LoggedEvent[] = [];
    await there.subscribe(company, (events) => heard.push(...events));
    return heard;
  }

  it('holds each subscription on the one master that owns the channel, as a sharded one', async () => {
    const companies = Array.from({ length: 60 }, () => newId('company'));
    const leaves = await Promise.all(companies.map((company) => there.subscribe(company, () => {})));
    const held = await Promise.all(companies.map((company) => holders(company)));
    expect(held.map(({ length }) => length)).toEqual(companies.map(() => 1));
    expect([...new Set(held.flat())].sort()).toEqual([0, 1, 2]);
    expect((await Promise.all(companies.map((company) => holders(company, 'CHANNELS')))).flat()).toEqual([]);

    for (const leave of leaves) leave();
    const areLeft = async () => (await Promise.all(companies.map((company) => holders(company)))).flat().length === 0;
    await until(areLeft, 'nobody listens where nobody is');
  });

  it('follows a slot that moves to another master', async () => {
    const company = newId('company');
    const others = Array.from({ length: 30 }, () => newId('company'));
    const heard = await hear(company);
    const heardOthers = await Promise.all(others.map(hear));
    const [from = 0] = await holders(company);
    const to = (from + 1) % 3;
    const id = (await servers[to]?.call('CLUSTER', 'MYID')) as string;
    for (const index of [to, from, (from + 2) % 3]) {
      await servers[index]?.call('CLUSTER', 'SETSLOT', slotOf(company), 'NODE', id);
    }
    await until(async () => (await holders(company)).join() === String(to), 'the subscription has moved');
    await until(() => here.isHealthy() && there.isHealthy(), 'both ends are whole');

    await arrives(company, heard);
    for (const [index, other] of others.entries()) await arrives(other, heardOthers[index] ?? []);
  });

  it('follows a replica that takes over', async () => {
    const companies = Array.from({ length: 30 }, () => newId('company'));
    const heard = await Promise.all(companies.map(hear));
    const held = (await Promise.all(companies.map((company) => holders(company)))).flat();
    expect(held).toContain(0);

    await carrier.nodes[0]?.stop();
    await until(() => !here.isHealthy() && !there.isHealthy(), 'both ends have noticed');
    const startedAt = Date.now();
    await Promise.allSettled(companies.map((company) => here.publish([anEvent(company, 1)])));
    expect(Date.now() - startedAt).toBeLessThan(500);

    await servers[3]?.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
    await until(() => here.isHealthy() && there.isHealthy(), 'both ends have found the new master');
    for (const [index, company] of companies.entries()) await arrives(company, heard[index] ?? []);
  });

  /** Publishes until something new is heard: what is sent while an end learns of a change may be lost. */
  async function arrives(company: string, heard: LoggedEvent[]): Promise<void> {
    const before = heard.length;
    let seq = 100;
    const send = async () => {
      await here.publish([anEvent(company, seq++)]).catch(() => {});
      return heard.length > before;
    };
    await until(send, 'an event arrives');
    const seqs = heard.map((event) => event.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  }
});
