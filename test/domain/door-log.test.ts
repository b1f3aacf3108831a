import { beforeEach, expect, it } from '@jest/globals';
import type { KeyViewer } from '../../src/auth/viewer.js';
import { DoorLog } from '../../src/domain/door-log.js';

const HOUR_MS = 3_600_000;
const key: KeyViewer = {
  kind: 'INTEGRATION',
  companyId: 'company',
  keyId: 'apikey_1',
  scopes: ['TASKS_READ'],
  secretHash: null,
  expiresAt: new Date(Date.now() + HOUR_MS),
};

/** From where somebody came in, as the audit log is told. */
const told: string[] = [];
const writer = { add: (_companyId: string, { from }: { from: { address: string } }) => told.push(from.address) };
const isFirst = async () => true;
let book: DoorLog;
beforeEach(() => {
  told.length = 0;
  book = new DoorLog(writer as never, null as never, isFirst, { note() {} } as never);
});

/** Comes in from these addresses, one after the other. */
async function enterFrom(addresses: readonly string[], credential = 'secret'): Promise<void> {
  for (const address of addresses) book.entered(key, credential, { address, userAgent: null });
  await new Promise((resolve) => setImmediate(resolve));
}

it('who comes in again is told again from another network, and for what else they show', async () => {
  await enterFrom(['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.1']);
  expect(told).toEqual(['192.0.2.1', '192.0.2.2']);
  await enterFrom(['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1']);
  expect(told.slice(2)).toEqual(['2001:db8::1', '2001:db8:0:1::1']);
  await enterFrom(['192.0.2.1'], 'another secret');
  expect(told.slice(4)).toEqual(['192.0.2.1']);
});

it('of what is in many hands fifty networks are told a day, each credential its own', async () => {
  const many = Array.from({ length: 80 }, (_, i) => `192.0.2.${i}`);
  await enterFrom(many);
  await enterFrom(many);
  expect(told).toEqual(many.slice(0, 50));
  await enterFrom(many.slice(-1), 'another secret');
  expect(told).toHaveLength(51);
});
