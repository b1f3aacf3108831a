import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import type { Viewer } from '../../src/auth/viewer.js';
import { createLogger } from '../../src/log.js';
import { SessionWatch } from '../../src/server/session-watch.js';
import { until } from '../harness/until.js';

/** Where sessions are kept: one of them, of whose end nothing is told. */
const store = { isAway: false, hasSession: true, heard: 0, looked: 0 };
const answer = <T>(value: T): T => {
  if (store.isAway) throw new Error('The store is away.');
  return value;
};
const expiresAt = new Date(Date.now() + 3_600_000);
const sessions = {
  store: {
    async endedAfter(cursor: string) {
      store.heard += 1;
      return answer({ cursor, hashes: [] });
    },
  },
  async look() {
    store.looked += 1;
    return answer(store.hasSession ? { expiresAt } : null);
  },
};

let watch: SessionWatch;
let isSignedOut: boolean;
beforeEach(async () => {
  Object.assign(store, { isAway: false, hasSession: true, heard: 0, looked: 0 });
  watch = new SessionWatch(sessions as never, createLogger('silent'));
  isSignedOut = false;
  const guest = { prolong() {}, signOut: () => (isSignedOut = true) };
  const viewer: Viewer = { kind: 'USER', userId: 'user', expiresAt, session: 'session' };
  await watch.add(viewer, guest as never);
  await nextRound();
  expect(store.looked).toBe(1);
});
afterEach(() => {
  watch.close();
  jest.restoreAllMocks();
});

/** The store has been asked once more, to the end. */
async function nextRound(): Promise<void> {
  const { heard } = store;
  await until(() => store.heard > heard + 1, 'the next round');
}

it('each session is looked at when the store has been away, for what it did not tell', async () => {
  store.isAway = true;
  await nextRound();
  expect(isSignedOut).toBe(false);
  Object.assign(store, { isAway: false, hasSession: false });
  await until(() => isSignedOut, 'the end', 2_000);
});

it('each session is looked at once a minute, whatever has been told', async () => {
  store.hasSession = false;
  await nextRound();
  expect([store.looked, isSignedOut]).toEqual([1, false]);
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
  await until(() => isSignedOut, 'the end', 2_000);
  expect(store.looked).toBe(2);
});
