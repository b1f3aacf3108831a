// How fast a publisher publishes, alike for every server.
import { setTimeout as delay } from 'node:timers/promises';
import { openTap } from './tap.mjs';

const STALL_MS = 20_000;

/**
 * Calls `send(count, first)` for changes numbered from 0, and ends after `plan.seconds` or on SIGTERM.
 *   window  closed loop: so many changes are under way and not yet seen by the tap, so that the server always has work
 *           and its queue stays bounded; a call sends what lacks, at least `least`, and `lanes` calls may run at once
 *   rate    open loop: so many changes a second, `batch` of them at a time
 * Says READY when it is about to begin. Answers how many it has sent, and how often the tap has missed some.
 */
export async function openPace(plan, send) {
  const stop = AbortSignal.any([AbortSignal.timeout(plan.seconds * 1000), signalled('SIGTERM')]);
  const tally = { sent: 0, stalls: 0 };
  if (plan.window) await keepWindow(plan, send, stop, tally);
  else await keepRate(plan, send, stop, tally);
  return tally;
}

function signalled(name) {
  const signal = new AbortController();
  process.once(name, () => signal.abort());
  return signal.signal;
}

async function keepWindow({ window, least, lanes, tap }, send, stop, tally) {
  let seen = 0;
  let seenAt = performance.now();
  let busy = 0;
  const failed = Promise.withResolvers();
  const fill = async () => {
    while (!stop.aborted && busy < lanes && window - (tally.sent - seen) >= least) {
      const count = window - (tally.sent - seen);
      const first = tally.sent;
      tally.sent += count;
      busy += 1;
      await send(count, first);
      busy -= 1;
    }
  };
  const tend = () => void fill().catch(failed.reject);
  await openTap(tap, () => {
    seen += 1;
    seenAt = performance.now();
    tend();
  });
  console.error('READY');
  for (let lane = 0; lane < lanes; lane += 1) tend();

  // A change that the tap never sees would stop the loop for good; it is told of, for it must not happen.
  const guard = setInterval(() => {
    if (performance.now() - seenAt < STALL_MS) return;
    tally.stalls += 1;
    seen = tally.sent;
    seenAt = performance.now();
    tend();
  }, 500);
  await Promise.race([aborted(stop), failed.promise]);
  clearInterval(guard);
  while (busy > 0) await delay(5);
}

async function keepRate({ rate, batch = 1, count = Number.POSITIVE_INFINITY }, send, stop, tally) {
  console.error('READY');
  const startedAt = performance.now();
  while (!stop.aborted && tally.sent < count) {
    const first = tally.sent;
    tally.sent += batch;
    await send(batch, first);
    const due = startedAt + (tally.sent / rate) * 1000 - performance.now();
    if (due > 0) await delay(due, undefined, { signal: stop }).catch(() => {});
  }
}

const aborted = (signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
