import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createLogger } from '../../src/log.js';
import { type Bus, createRedisBus } from '../../src/pubsub/bus.js';
import type { LoggedEvent } from '../../src/pubsub/event-log.js';
import { newId } from '../../src/schema/ids.js';
import { anEvent, type Carrier, inOneProcess, throughCluster, throughRedis } from '../harness/buses.js';
import { isEmbedded, redisUrl } from '../harness/column.js';
import { canRunRedisCluster } from '../harness/services.mjs';
import { until } from '../harness/until.js';

/** A server from before sharded pub/sub, as far as a client can tell. */
const unsharded = ['--rename-command', 'SPUBLISH', '', '--rename-command', 'SSUBSCRIBE', ''];

const carriers: [string, () => Promise<Carrier>][] = isEmbedded
  ? [['in one process', inOneProcess]]
  : [
      ['through Redis', throughRedis],
      ['through a Redis Cluster', () => throughCluster()],
      ['through a Redis Cluster without sharded pub/sub', () => throughCluster({ options: unsharded })],
    ];

/** What every bus does, whatever carries it. */
for (const [where, start] of carriers) {
  const suite = where.includes('Cluster') && !canRunRedisCluster() ? describe.skip : describe;
  suite(`a bus ${where}`, () => {
    let carrier: Carrier;
    let here: Bus;
    let there: Bus;
    const leaves: (() => void)[] = [];
    beforeAll(async () => {
      carrier = await start();
      [here, there] = [await carrier.open(), await carrier.open()];
    });
    afterEach(() => {
      for (const leave of leaves.splice(0)) leave();
    });
    afterAll(() => carrier?.stop());

    async function hear(bus: Bus, companyId: string): Promise<LoggedEvent[]> {
      const heard: LoggedEvent[] = [];
      leaves.push(await bus.subscribe(companyId, (events) => heard.push(...events)));
      return heard;
    }

    it('carries the events of a company in the order in which they were published', async () => {
      const company = newId('company');
      const heard = await hear(there, company);
      const sent = Array.from({ length: 500 }, (_, i) => anEvent(company, i + 1));
      const batches = Array.from({ length: 100 }, (_, i) => sent.slice(i * 5, i * 5 + 5));
      await Promise.all(batches.map((batch) => here.publish(batch)));
      await until(() => heard.length >= sent.length, 'all have arrived');
      expect(heard).toEqual(sent);
    });

    it('carries an event as it is', async () => {
      const company = newId('company');
      const heard = await hear(there, company);
      const data = {
        text: '„Žluťoučký kůň“ 🐎 \u0000 \u2028 " \\ {}',
        none: null,
        date: '2026-01-01T00:00:00.000Z',
        deep: [{ a: [1, 2.5, -0.1] }],
        long: 'x'.repeat(300_000),
      };
      await here.publish([anEvent(company, Number.MAX_SAFE_INTEGER, data)]);
      await until(() => heard.length > 0, 'it has arrived');
      expect(heard[0]).toMatchObject({ seq: Number.MAX_SAFE_INTEGER, data });
    });

    it("tells nobody of another company's events", async () => {
      const companies = Array.from({ length: 100 }, () => newId('company'));
      const heard = await Promise.all(companies.map((company) => hear(there, company)));
      for (const company of companies) await here.publish([anEvent(company, 1)]);
      await until(() => heard.every(({ length }) => length > 0), 'each has heard');
      expect(heard.map((events) => events.map(({ companyId }) => companyId))).toEqual(companies.map((id) => [id]));
    });

    it('reads a message once for all listeners', async () => {
      const company = newId('company');
      const heard: unknown[] = [];
      for (let i = 0; i < 3; i += 1) leaves.push(await there.subscribe(company, (events) => heard.push(events)));
      await here.publish([anEvent(company, 1), anEvent(company, 2)]);
      await until(() => heard.length === 3, 'all have heard');
      expect(new Set(heard).size).toBe(1);
    });

    it('tells every listener, and one that has left no more', async () => {
      const company = newId('company');
      const stays = await hear(there, company);
      const left: LoggedEvent[] = [];
      const leave = await there.subscribe(company, (events) => left.push(...events));
      await here.publish([anEvent(company, 1)]);
      await until(() => stays.length === 1 && left.length === 1, 'both have heard');
      leave();
      leave();
      await here.publish([anEvent(company, 2)]);
      await until(() => stays.length === 2, 'the one that stayed has heard');
      expect(left).toHaveLength(1);
    });

    it('hears again when a listener comes right after the last has left', async () => {
      const company = newId('company');
      for (let seq = 1; seq <= 20; seq += 1) {
        const heard: LoggedEvent[] = [];
        const leave = await there.subscribe(company, (events) => heard.push(...events));
        await here.publish([anEvent(company, seq)]);
        await until(() => heard.length > 0, 'it has arrived');
        leave();
      }
    });

    it('publishes nothing when there is nothing', async () => {
      await expect(here.publish([])).resolves.toBeUndefined();
    });

    it('is healthy', () => {
      expect([here.isHealthy(), there.isHealthy()]).toEqual([true, true]);
    });

    if (isEmbedded) return;

    it('says when Redis is away, fails at once, and carries again when it is back', async () => {
      const companies = Array.from({ length: 20 }, () => newId('company'));
      const heard = await Promise.all(companies.map((company) => hear(there, company)));
      await carrier.cut?.();
      await until(() => !here.isHealthy() && !there.isHealthy(), 'both ends have noticed');
      const late = newId('company');
      const heardLate = hear(there, late);
      for (const company of companies) {
        const startedAt = Date.now();
        await expect(here.publish([anEvent(company, 1)])).rejects.toThrow();
        expect(Date.now() - startedAt).toBeLessThan(200);
      }

      await carrier.restore?.();
      await until(() => here.isHealthy() && there.isHealthy(), 'both ends are back');
      await heardLate;
      for (const company of companies) await here.publish([anEvent(company, 2)]);
      await here.publish([anEvent(late, 1)]);
      await until(async () => heard.every(({ length }) => length > 0), 'every listener hears again');
      expect(heard.flat().map(({ seq }) => seq)).toEqual(companies.map(() => 2));
      await until(async () => (await heardLate).length === 1, 'so does the one that came meanwhile');
    });
  });
}

if (!isEmbedded) {
  describe('a bus that Redis refuses a channel', () => {
    const user = 'a-listener';
    const password = newId('user');
    let admin: Redis;
    let bus: Bus;
    beforeAll(() => {
      admin = new Redis(redisUrl());
    });
    afterAll(async () => {
      await bus?.close();
      await admin.call('ACL', 'DELUSER', user);
      admin.disconnect();
    });

    it('asks again until it may', async () => {
      await admin.call('ACL', 'SETUSER', user, 'on', `>${password}`, '+@all', 'resetchannels');
      const url = new URL(redisUrl());
      [url.username, url.password] = [user, password];
      bus = createRedisBus(url.href, createLogger('silent'));
      await until(() => bus.isHealthy(), 'it is connected');

      const company = newId('company');
      const heard: LoggedEvent[] = [];
      const subscribed = bus.subscribe(company, (events) => heard.push(...events));
      await until(() => !bus.isHealthy(), 'it says that it does not hear all');
      await expect(bus.publish([anEvent(company, 1)])).rejects.toThrow('NOPERM');

      await admin.call('ACL', 'SETUSER', user, 'allchannels');
      await subscribed;
      await bus.publish([anEvent(company, 2)]);
      await until(() => heard.length > 0, 'it hears');
      expect(heard.map(({ seq }) => seq)).toEqual([2]);
    });
  });
}
