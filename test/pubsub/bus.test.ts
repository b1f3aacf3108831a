import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/log.js';
import { type Bus, createLocalBus, createRedisBus } from '../../src/pubsub/bus.js';
import type { LoggedEvent } from '../../src/pubsub/event-log.js';
import { newId } from '../../src/schema/ids.js';
import { isEmbedded, redisUrl } from '../harness/column.js';
import { startProxy, type TcpProxy } from '../harness/tcp-proxy.js';
import { until } from '../harness/until.js';

const log = createLogger('silent');

const event = (companyId: string, seq: number, data: object = {}): LoggedEvent => ({
  companyId,
  seq,
  type: 'task.updated',
  objectId: newId('task'),
  data,
  occurredAt: new Date().toISOString(),
});

/** Two ends of one bus: one and the same in a process, two connections through Redis. */
type Ends = { here: Bus; there: Bus; close(): Promise<void> };

const local = async (): Promise<Ends> => {
  const bus = createLocalBus();
  return { here: bus, there: bus, close: () => bus.close() };
};
const redis = async (url = redisUrl()): Promise<Ends> => {
  const here = createRedisBus(url, log);
  const there = createRedisBus(url, log);
  await until(() => here.isHealthy() && there.isHealthy(), 'both ends are connected');
  return { here, there, close: async () => void (await Promise.all([here.close(), there.close()])) };
};

/** What every bus does, whatever carries it. */
describe.each<[string, () => Promise<Ends>]>(isEmbedded ? [['in one process', local]] : [['through Redis', redis]])(
  'a bus %s',
  (_where, open) => {
    let ends: Ends;
    const closers: (() => void)[] = [];
    beforeAll(async () => {
      ends = await open();
    });
    afterEach(() => {
      for (const close of closers.splice(0)) close();
    });
    afterAll(() => ends?.close());

    async function hear(bus: Bus, companyId: string): Promise<LoggedEvent[]> {
      const heard: LoggedEvent[] = [];
      closers.push(await bus.subscribe(companyId, (events) => heard.push(...events)));
      return heard;
    }

    it('carries the events of a company in the order in which they were published', async () => {
      const company = newId('company');
      const heard = await hear(ends.there, company);
      const sent = Array.from({ length: 500 }, (_, i) => event(company, i + 1));
      for (let i = 0; i < sent.length; i += 5) await ends.here.publish(sent.slice(i, i + 5));
      await until(() => heard.length >= sent.length, 'all have arrived');
      expect(heard).toEqual(sent);
    });

    it('carries an event as it is', async () => {
      const company = newId('company');
      const heard = await hear(ends.there, company);
      const data = {
        text: '„Žluťoučký kůň“ 🐎 \u0000 \u2028 " \\ {}',
        none: null,
        deep: [{ a: [1, 2.5, -0.1] }],
        long: 'x'.repeat(300_000),
      };
      await ends.here.publish([event(company, Number.MAX_SAFE_INTEGER, data)]);
      await until(() => heard.length > 0, 'it has arrived');
      expect(heard[0]).toMatchObject({ seq: Number.MAX_SAFE_INTEGER, data });
    });

    it("tells nobody of another company's events", async () => {
      const [ours, theirs] = [newId('company'), newId('company')];
      const [heardOurs, heardTheirs] = [await hear(ends.there, ours), await hear(ends.there, theirs)];
      await ends.here.publish([event(theirs, 1)]);
      await ends.here.publish([event(ours, 1)]);
      await until(() => heardOurs.length > 0 && heardTheirs.length > 0, 'both have arrived');
      expect(heardOurs.map(({ companyId }) => companyId)).toEqual([ours]);
      expect(heardTheirs.map(({ companyId }) => companyId)).toEqual([theirs]);
    });

    it('tells every listener, and one that has left no more', async () => {
      const company = newId('company');
      const stays = await hear(ends.there, company);
      const leaves: LoggedEvent[] = [];
      const leave = await ends.there.subscribe(company, (events) => leaves.push(...events));
      await ends.here.publish([event(company, 1)]);
      await until(() => stays.length === 1 && leaves.length === 1, 'both have heard');
      leave();
      await ends.here.publish([event(company, 2)]);
      await until(() => stays.length === 2, 'the one that stayed has heard');
      expect(leaves).toHaveLength(1);
    });

    it('publishes nothing when there is nothing', async () => {
      await expect(ends.here.publish([])).resolves.toBeUndefined();
    });

    it('is healthy', () => {
      expect([ends.here.isHealthy(), ends.there.isHealthy()]).toEqual([true, true]);
    });
  },
);

if (!isEmbedded) {
  describe('a bus whose Redis goes away', () => {
    let proxy: TcpProxy;
    let ends: Ends;
    beforeAll(async () => {
      proxy = await startProxy(redisUrl());
      ends = await redis(proxy.url);
    });
    afterAll(async () => {
      await ends?.close();
      await proxy?.close();
    });

    it('says so, fails at once, and carries again what is published after its return', async () => {
      const company = newId('company');
      const heard: LoggedEvent[] = [];
      await ends.there.subscribe(company, (events) => heard.push(...events));

      await proxy.cut();
      await until(() => !ends.here.isHealthy() && !ends.there.isHealthy(), 'both ends have noticed');
      const startedAt = Date.now();
      await expect(ends.here.publish([event(company, 1)])).rejects.toThrow();
      expect(Date.now() - startedAt).toBeLessThan(500);

      await proxy.restore();
      await until(() => ends.here.isHealthy() && ends.there.isHealthy(), 'both ends are back');
      // The listeners are subscribed anew a moment after the connection stands.
      for (let seq = 2; heard.length === 0 && seq < 100; seq += 1) {
        await ends.here.publish([event(company, seq)]);
        await delay(50);
      }
      expect(heard.length).toBeGreaterThan(0);
      expect(heard.map(({ seq }) => seq)).not.toContain(1);
    });
  });
}
