import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Installation } from './installation.js';
import { plan } from './plan.js';
import { TASKS } from './population.js';
import { rateIn, say, table } from './report.js';
import { type Outcome, play } from './scenario.js';

let installation: Installation;
let outcome: Outcome;
beforeAll(async () => {
  installation = await Installation.start();
  outcome = await play(installation, plan);
  const { logs, verdicts, phases, scene, writtenForMs } = outcome;
  const { answered, failures } = scene.writers;
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
  const events = sum([...logs.values()].map(({ entries }) => entries.length));
  const all = [...verdicts.values()];
  say(
    [
      `${events} events, ${answered.length} writes answered in ${(writtenForMs / 1_000).toFixed(0)} s`,
      `${verdicts.size} subscribers, ${sum(all.map(({ deliveries }) => deliveries))} deliveries compared`,
      `${sum(all.map(({ resyncs }) => resyncs))} RESYNC`,
      `attempts that failed: ${[...failures].map(([code, n]) => `${code} ${n}`).join(', ') || 'none'}`,
    ].join('; '),
  );
  // Those who did not read would tell of their own delays, not of what they did to the others.
  const readers = new Map([...verdicts].filter(([subscriber]) => !scene.slowReaders.includes(subscriber)));
  say(`\n${table(phases, readers)}`);
}, 30 * 60_000);
afterAll(() => {
  const logged = [...(installation?.logged() ?? [])].map(([message, n]) => `${n} × ${message}`);
  if (logged.length > 0) say(`the servers logged\n  ${logged.join('\n  ')}`);
  return installation?.stop();
}, 60_000);

describe('while servers, Redis and the database fail, readers stop and many come back at once', () => {
  it('every record equals the log: nothing is lost, doubled or out of order', () => {
    const faults = [...outcome.verdicts].flatMap(([{ seat }, verdict]) =>
      verdict.faults.map((fault) => `${seat.eyes.kind} of ${seat.company.id}: ${fault}`),
    );
    expect(some(faults)).toEqual([]);
  });

  it('what a payload shows is never older than what it tells of', () => {
    const stale = [...outcome.verdicts.values()].filter(({ stale }) => stale > 0);
    expect(stale.length).toBe(0);
  });

  it('streams neither end, nor bring an error in place of a change', () => {
    const faults = [...outcome.verdicts.keys()].flatMap((subscriber) => subscriber.faults);
    expect(some(faults.map(({ at, text }) => `${phaseAt(at)}: ${text}`))).toEqual([]);
  });

  it('RESYNC is said to nobody but readers that were too slow', () => {
    const { slowReaders } = outcome.scene;
    const told = [...outcome.verdicts].filter(([who, { resyncs }]) => resyncs > 0 && !slowReaders.includes(who));
    expect(told.length).toBe(0);
  });

  it('a reader that does not read is put out, and told so if it reads again in time', () => {
    const { slowReaders } = outcome.scene;
    expect(slowReaders).toHaveLength(plan.rounds);
    for (const { closes } of slowReaders) expect([4413, 1006]).toContain(closes[0]);
  });

  it('the log has every write that was answered, once, without gaps, and a history entry for each event', () => {
    const { logs, scene } = outcome;
    for (const { entries, head, historyEntries } of logs.values()) {
      expect(entries.findIndex(({ seq }, i) => seq !== i + 1)).toBe(-1);
      expect({ head, historyEntries }).toEqual({ head: entries.length, historyEntries: entries.length });
    }
    const { answered } = scene.writers;
    const missing = answered.filter(({ company, seq, taskId, type }) => {
      const entry = logs.get(company)?.entries[seq - 1];
      return entry?.objectId !== taskId || entry.type !== type;
    });
    expect(missing).toEqual([]);
    // Each of them is a position of its own, and beside them there is nothing.
    expect(new Set(answered.map(({ company, seq }) => `${company.id} ${seq}`)).size).toBe(answered.length);
    const ofTasks = [...logs.values()].flatMap(({ entries }) => entries.filter(({ type }) => type.startsWith('task.')));
    expect(ofTasks.length).toBe(logs.size * TASKS + answered.length);
  });

  it('writes are answered, or their failure tells to try again', () => {
    expect(some(outcome.scene.writers.faults)).toEqual([]);
  });

  // The short form runs on machines of any speed.
  if (plan.holdsRate) {
    it('the writes go on, whenever the database is there', () => {
      const { phases, scene } = outcome;
      const usable = phases.filter(({ name }) => name !== 'database restarted');
      // Where two servers, the database, Redis and all that listens share two cores, whoever starts anew takes theirs.
      expect(rateIn(usable, scene.writers.answered)).toBeGreaterThan(plan.writesPerSecond / 2);
    });
  }

  it('no server ends by itself', () => {
    expect(installation.places.flatMap(({ deaths }) => deaths)).toEqual([]);
  });
});

const phaseAt = (at: number) => outcome.phases.find(({ from, to }) => at >= from && at < to)?.name ?? 'afterwards';

/** Each once, with its number: one fault of the product can show ten thousand times. */
function some(faults: string[]): string[] {
  const counts = new Map<string, number>();
  for (const fault of faults) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  const lines = [...counts].map(([fault, n]) => `${n} × ${fault}`);
  return lines.length > 20 ? [...lines.slice(0, 20), `… and ${lines.length - 20} other ones`] : lines;
}
