import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../src/log.js';
import { type Bus, createLocalBus, createRedisBus } from '../../src/pubsub/bus.js';
import type { LoggedEvent } from '../../src/pubsub/event-log.js';
import { newId } from '../../src/schema/ids.js';
import { redisUrl } from './column.js';
import { startRedisCluster } from './services.mjs';
import { startProxy } from './tcp-proxy.js';
import { until } from './until.js';

/** What carries a bus, as a test holds it. */
export interface Carrier {
  /** A connected end; in one process all ends are one. */
  open(): Promise<Bus>;
  /** Takes Redis away from every end, and gives it back; absent where there is none. */
  cut?(): Promise<void>;
  restore?(): Promise<void>;
  stop(): Promise<void>;
}

export const anEvent = (companyId: string, seq: number, data: object = {}): LoggedEvent => ({
  companyId,
  seq,
  type: 'task.updated',
  objectId: newId('task'),
  data,
  occurredAt: new Date().toISOString(),
});

export async function inOneProcess(): Promise<Carrier> {
  const bus = createLocalBus();
  return { open: async () => bus, stop: () => bus.close() };
}

export async function throughRedis(): Promise<Carrier> {
  const proxy = await startProxy(redisUrl());
  const ends = openEnds(proxy.url);
  return {
    open: ends.open,
    cut: proxy.cut,
    restore: proxy.restore,
    async stop() {
      await ends.close();
      await proxy.close();
    },
  };
}

/** A cluster of the test's own; `options` are the servers'. */
export async function throughCluster(layout: { replicas?: number; options?: readonly string[] } = {}) {
  const cluster = await startRedisCluster(await mkdtemp(join(tmpdir(), 'aliteo-test-')), layout);
  const ends = openEnds(cluster.url);
  return {
    nodes: cluster.nodes,
    open: ends.open,
    cut: cluster.stop,
    restore: async () => void (await Promise.all(cluster.nodes.map((node) => node.start()))),
    async stop() {
      await ends.close();
      await cluster.stop();
    },
  } satisfies Carrier & { nodes: typeof cluster.nodes };
}

function openEnds(url: string) {
  const opened: Bus[] = [];
  return {
    async open() {
      const bus = createRedisBus(url, createLogger('silent'));
      opened.push(bus);
      await until(() => bus.isHealthy(), 'the bus is connected');
      return bus;
    },
    close: async () => void (await Promise.all(opened.map((bus) => bus.close()))),
  };
}
