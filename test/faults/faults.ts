import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { openCursor } from '../../src/pubsub/cursor.js';
import type { Node } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import type { Installation, Place } from './installation.js';
import type { Plan } from './plan.js';
import type { Company, Seat } from './population.js';
import { Subscriber } from './subscriber.js';
import type { Writers } from './writers.js';

/** What the faults are done to. */
export interface Scene {
  plan: Plan;
  installation: Installation;
  writers: Writers;
  /** Those who listen all the time. */
  subscribers: Subscriber[];
  /** Those who come and go all at once. */
  crowd: Subscriber[];
  /** Those who stop reading, one for each time. */
  slowReaders: Subscriber[];
  /** The company with large tasks, which fill a socket quickly. */
  large: Company;
}

/** Does one fault and mends it; answers a few words about it. It is over when everybody is live again. */
export type Fault = (scene: Scene, round: number) => Promise<string>;

/** Of the size of the large tasks' descriptions, in a payload of a slow reader. */
export const TEXT_BYTES = 20_000;
const COPIES = 40;
const COMMITS_TO_CRASH = 20;

export const faults: Readonly<Record<string, Fault>> = {
  'server killed': async (scene, round) => {
    const place = inTurn(scene, round);
    await scene.installation.killAt(place);
    await allLive(scene);
    // It takes no writes yet: the next fault lets it run into its failpoint.
    await scene.installation.startAt(place, { FAILPOINT: `after-commit:${COMMITS_TO_CRASH}` });
    await settleDown(scene);
    return 'all went to the other one, and half of them back';
  },

  'server dies between commit and publish': async (scene, round) => {
    const { installation, plan } = scene;
    const place = inTurn(scene, round);
    const node = place.node as Node;
    const death = once(node.process, 'exit');
    place.takesWrites = true;
    const [, signal] = await within(plan.patienceMs, death, 'the failpoint');
    if (signal !== 'SIGKILL') throw new Error(`The failpoint did not kill: ${signal} ${node.output()}`);
    await allLive(scene);
    await installation.startAt(place);
    place.takesWrites = true;
    await settleDown(scene);
    return `killed itself at commit ${COMMITS_TO_CRASH}`;
  },

  'Redis away': async (scene) => {
    const { installation, writers, plan } = scene;
    const before = writers.answered.length;
    await installation.redis.stop();
    const enough = plan.writesPerSecond * 2;
    await until(() => writers.answered.length > before + enough, 'writes without Redis', plan.patienceMs);
    await installation.redis.start();
    await allLive(scene);
    return `${enough} writes in the meantime`;
  },

  'database restarted': async (scene, round) => {
    const { installation, writers, plan } = scene;
    const signal = round % 3 === 2 ? 'SIGKILL' : 'SIGTERM';
    await installation.database.stop(signal);
    await installation.database.start();
    const before = writers.answered.length;
    await until(() => writers.answered.length > before + plan.writesPerSecond, 'writes again', plan.patienceMs);
    await allLive(scene);
    return `stopped by ${signal}`;
  },

  'reader stops reading': async (scene, round) => {
    const { plan, writers, large } = scene;
    const reader = slowReader(scene, round);
    reader.start();
    await until(() => reader.isLive, 'the slow reader is live', plan.patienceMs);
    const node = reader.connectedTo as Node;
    const before = await slowReadersOf(node);
    reader.pause();
    writers.favoured = large;
    const isGivenUp = async () => (await slowReadersOf(node)) > before;
    await until(isGivenUp, 'the slow reader is given up', plan.patienceMs);
    writers.favoured = null;
    reader.options.fields = undefined; // from here on it is one like the others
    reader.resume();
    await until(() => reader.closes.length > 0, 'the slow reader is put out', plan.patienceMs);
    await allLive(scene, [reader]);
    const heard = reader.told.some(({ kind }) => kind === 'RESYNC') ? 'after' : 'without';
    return `closed with ${reader.closes[0]} ${heard} a RESYNC`;
  },

  'many come back at once': async (scene) => {
    const { crowd } = scene;
    await gather(scene);
    for (const client of crowd) client.cut(1);
    await allLive(scene, crowd);
    for (const client of crowd) client.stop();
    return `${crowd.length} clients`;
  },
};

/** Lets the crowd come, a few at a time. */
export async function gather({ crowd, plan }: Scene): Promise<void> {
  for (let i = 0; i < crowd.length; i += 50) {
    const few = crowd.slice(i, i + 50);
    for (const client of few) client.start();
    await until(() => few.every(({ isLive }) => isLive), 'the crowd is live', plan.patienceMs);
  }
}

const inTurn = ({ installation }: Scene, round: number): Place => installation.places[round % 2 === 0 ? 0 : 1];

/** Those who fled to the other server go back to their own, so that both are in use when the next fault comes. */
async function settleDown(scene: Scene): Promise<void> {
  await allLive(scene);
  for (const [i, subscriber] of scene.subscribers.entries()) {
    const home = scene.installation.at(i);
    if (home && subscriber.connectedTo !== home) subscriber.cut(1_000);
  }
  await allLive(scene);
}

/** Waits until everybody has a stream from a server that is there; of a killed one they may not know yet. */
export async function allLive({ installation, subscribers, plan }: Scene, others: readonly Subscriber[] = []) {
  const all = [...subscribers, ...others];
  const isThere = (node: Node | null) => installation.places.some((place) => place.node === node);
  await until(
    () => all.every(({ isLive, connectedTo }) => isLive && isThere(connectedTo)),
    'everybody is live again',
    plan.patienceMs,
  );
}

/** Waits until what has been written by now has reached those who see all of it. */
export async function allHeard({ installation, subscribers, writers, plan }: Scene): Promise<void> {
  const written = new Map<Company, number>();
  for (const { company, seq } of writers.answered) written.set(company, Math.max(seq, written.get(company) ?? 0));
  const isBehind = ({ seat: { company, eyes }, lastCursor = '' }: Subscriber) =>
    eyes.kind === 'INTERNAL' && openCursor(installation.keyring, company.id, lastCursor) < (written.get(company) ?? 0);
  let behind = subscribers;
  const haveHeard = async () => {
    behind = behind.filter(isBehind);
    if (behind.length > 0) await delay(50); // cursors take time to open, and the servers need it
    return behind.length === 0;
  };
  await until(haveHeard, 'everybody has heard of everything', plan.patienceMs);
}

/** How many readers a server has given up, as it tells its operator. */
async function slowReadersOf({ metricsUrl }: Node): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  return Number(/^aliteo_slow_readers_total (\d+)$/m.exec(text)?.[1]);
}

function slowReader({ installation, large, slowReaders }: Scene, round: number): Subscriber {
  const seat = large.seats.find(({ eyes }) => eyes.kind === 'INTERNAL') as Seat;
  const fields = Array.from({ length: COPIES }, (_, i) => `copy${i}: description`).join(' ');
  const reader = new Subscriber(seat, { where: () => installation.at(round), fields, jitterMs: 200 });
  slowReaders.push(reader);
  return reader;
}

async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  const tooLate = delay(ms, undefined, { ref: false }).then(() => {
    throw new Error(`Not in ${ms} ms: ${what}`);
  });
  return Promise.race([promise, tooLate]);
}
