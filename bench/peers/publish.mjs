// Publishes changes of tasks onto the channels that a peer listens to: node publish.mjs PLAN.json
import { createRequire } from 'node:module';
import Redis from 'ioredis';
import { openPace } from '../clients/pace.mjs';
import { readPlan } from '../clients/plan.mjs';
import { now } from '../rig/clock.mjs';
import { REDIS } from './contract.mjs';

const msgpack = createRequire(createRequire(import.meta.url).resolve('mqemitter-redis'))('msgpack-lite');
const { format, channel, projects, ...plan } = readPlan();
const redis = new Redis(REDIS);
await redis.ping();

const tally = await openPace(plan, async (count, first) => {
  const sent = Array.from({ length: count }, (_, i) => publish(first + i));
  await sent.at(-1);
});
process.stdout.write(JSON.stringify(tally), () => process.exit(0));

function publish(n) {
  const project = 1 + (n % projects);
  return redis.publish(`${channel}${project}`, encode(`${channel}${project}`, n));
}

function encode(topic, n) {
  const task = {
    id: String(1 + (n % 200)),
    title: `Task ${1 + (n % 200)} of project 1: do the thing that was asked`,
    status: ['todo', 'doing', 'done'][n % 3],
    updatedAt: isoMicros(now()),
    assignee: { id: '17', name: 'User number 17' },
  };
  if (format === 'bare') return JSON.stringify(task);
  if (format === 'json') return JSON.stringify({ taskChanged: task });
  return msgpack.encode({ id: `pub${process.pid}-${n}`, msg: { topic, payload: { taskChanged: task } } });
}

/** ISO 8601 with microseconds. */
function isoMicros(time) {
  const ms = Math.floor(time);
  const micros = String(Math.floor((time - ms) * 1000)).padStart(3, '0');
  return `${new Date(ms).toISOString().slice(0, -1)}${micros}Z`;
}
