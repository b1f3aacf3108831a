import { setTimeout as delay } from 'node:timers/promises';
import { openCursor } from '../../src/pubsub/cursor.js';
import { until } from '../harness/until.js';
import { compare, Titles, type Verdict } from './comparison.js';
import { allHeard, allLive, faults, gather, type Scene, TEXT_BYTES } from './faults.js';
import { Installation } from './installation.js';
import { type Due, dueTo, type Log, readLog } from './log.js';
import type { Plan } from './plan.js';
import { type Company, type Seat, settle } from './population.js';
import { type Phase, say, tell } from './report.js';
import { Subscriber } from './subscriber.js';
import { Writers } from './writers.js';

/** What there is to judge when all is over. */
export interface Outcome {
  scene: Scene;
  phases: Phase[];
  logs: Map<Company, Log>;
  /** Of each subscriber, the crowd and the slow readers as well. */
  verdicts: Map<Subscriber, Verdict>;
  writtenForMs: number;
}

/** Lets people listen and write, does every fault in every round, and compares what each was told with the log. */
export async function play(installation: Installation, plan: Plan): Promise<Outcome> {
  const scene = await open(installation, plan);
  try {
    return await act(scene);
  } finally {
    scene.writers.giveUp();
    for (const subscriber of [...scene.subscribers, ...scene.crowd, ...scene.slowReaders]) subscriber.stop();
  }
}

async function act(scene: Scene): Promise<Outcome> {
  const { plan, writers, subscribers, crowd } = scene;
  const phases: Phase[] = [];
  const startedAt = Date.now();
  writers.start();
  await during(phases, 'nothing', 0, () =>
    until(() => writers.answered.length > plan.writesPerSecond * 3, 'the first writes', plan.patienceMs),
  );
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [name, fault] of Object.entries(faults)) {
      const what = await during(phases, name, round, async () => {
        const words = await fault(scene, round);
        await allHeard(scene); // so that what comes late is counted here, and not with the next fault
        return words;
      });
      tell(phases.at(-1) as Phase, [...subscribers, ...crowd, ...scene.slowReaders], writers.answered, what);
    }
  }
  await during(phases, 'nothing', plan.rounds, () => delay(Math.max(0, startedAt + plan.seconds * 1_000 - Date.now())));
  await writers.stop();
  const writtenForMs = Date.now() - startedAt;
  say(`${writers.answered.length} writes in ${(writtenForMs / 1_000).toFixed(1)} s; the records are completed`);
  await gather(scene);
  return { scene, phases, ...(await judge(scene)), writtenForMs };
}

async function open(installation: Installation, plan: Plan): Promise<Scene> {
  const people = Math.ceil(plan.subscribers / plan.companies);
  const { issuer, places } = installation;
  const companies = await installation.prepare((parts) =>
    Promise.all(
      Array.from({ length: plan.companies + 1 }, (_, i) =>
        settle(parts, issuer, i === plan.companies ? 50 : people, i === 0 ? 'x'.repeat(TEXT_BYTES) : ''),
      ),
    ),
  );
  const quiet = companies.pop() as Company;
  const large = companies[0] as Company;
  await Promise.all(places.map((place) => installation.startAt(place)));
  for (const place of places) place.takesWrites = true;
  const listen = (seat: Seat, i: number) => new Subscriber(seat, { where: () => installation.at(i), jitterMs: 500 });
  const seats = companies.flatMap((company) => company.seats).slice(0, plan.subscribers);
  const crowd = Array.from({ length: plan.storm }, (_, i) => quiet.seats[i % quiet.seats.length] as Seat);
  const writers = new Writers(installation, companies, quiet, plan.writesPerSecond);
  const scene: Scene = {
    plan,
    installation,
    writers,
    subscribers: seats.map(listen),
    crowd: crowd.map(listen),
    slowReaders: [],
    large,
  };
  for (const subscriber of scene.subscribers) subscriber.start();
  await allLive(scene);
  say(
    `${scene.subscribers.length} subscribers in ${companies.length} companies, ${plan.writesPerSecond} writes a second`,
  );
  return scene;
}

async function during<T>(phases: Phase[], name: string, round: number, act: () => Promise<T>): Promise<T> {
  const phase: Phase = { name, round, from: Date.now(), to: Number.POSITIVE_INFINITY };
  phases.push(phase);
  try {
    return await act();
  } finally {
    phase.to = Date.now();
  }
}

/** Waits until everybody has had the time to be told everything, reads the logs and compares. */
async function judge({ installation, writers, subscribers, crowd, slowReaders, plan }: Scene) {
  const { keyring, databaseUrl } = installation;
  const logs = new Map<Company, Log>();
  for (const company of [...writers.companies, writers.quiet]) logs.set(company, await readLog(databaseUrl, company));

  const known = new Map<string, Due[]>();
  const dueOf = ({ seat: { company, eyes } }: Subscriber): Due[] => {
    const key = `${company.id} ${eyes.kind} ${'taskId' in eyes ? eyes.taskId : ''}`;
    const due = known.get(key) ?? dueTo(eyes, company.projectId, logs.get(company) as Log);
    known.set(key, due);
    return due;
  };
  // A HEARTBEAT after the last change: then nothing follows that is one too many, either.
  const isThrough = (subscriber: Subscriber) => {
    const last = subscriber.told.at(-1);
    if (last?.kind !== 'HEARTBEAT') return false;
    return openCursor(keyring, subscriber.seat.company.id, last.cursor) >= (dueOf(subscriber).at(-1)?.seq ?? 0);
  };
  const all = [...subscribers, ...crowd, ...slowReaders];
  let waiting = all;
  const areThrough = async () => {
    await delay(200); // it is many cursors to open, and the servers have to work meanwhile
    waiting = waiting.filter((each) => !isThrough(each));
    return waiting.length === 0;
  };
  await until(areThrough, 'all records', plan.patienceMs)
    // Who is not through is found by the comparison, which can say what is missing.
    .catch(() => say(`${waiting.length} records are not complete after ${plan.patienceMs / 1_000} s`));

  const titles = new Titles(writers.answered);
  const verdicts = new Map(all.map((each) => [each, compare(each, dueOf(each), keyring, titles)]));
  return { logs, verdicts };
}
