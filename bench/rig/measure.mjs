// One run of one server in one cell: start it, connect the sockets, publish, count, end it all.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { busyBetween, cpuSeconds, LOAD_CORE, readCores, residentKib, SERVER_CORE } from './cores.mjs';
import { percentile } from './figures.mjs';
import { answerOf, end, failureOf, startNode, untilSaid } from './processes.mjs';

const CLIENT = fileURLToPath(new URL('../clients/fanout-client.mjs', import.meta.url));
const CONNECT_SECONDS = 300;
const TAP_SECONDS = 60;
const FIRST_EVENT_SECONDS = 70;
const EXTRA_SECONDS = 15;
const BACKLOG_SECONDS = 120;
const COLLECTING_MS = 2_000;
/** For a server that is to collect what it does not use any more. */
const COLLECTOR = ['--expose-gc', '--require', fileURLToPath(new URL('collect.cjs', import.meta.url))];
const WARM_UP_CHANGES = 3_200;
/** Changes a second, for as fast as they can be made. */
const AT_ONCE = 1e9;
/** Beyond this share of its core, whoever works there is what limits. */
const FULL = 0.9;

/** Answers the figures of the run, or `{ failed }` with the reason. Whatever happens, what it started has ended. */
export async function measure(subject, cell, { dir, window, nodeArgs }) {
  const started = [];
  const start = async (name, { script, args = [], env, plan }) => {
    const file = join(dir, `${name}.json`);
    writeFileSync(file, JSON.stringify(plan));
    const child = startNode(LOAD_CORE, script, [file, ...args], env);
    started.push(child);
    return child;
  };
  const run = { subject: subject.name, cell: cell.name };
  let nodes = [];
  try {
    nodes = await subject.start(cell, cell.isIdle ? [...nodeArgs, ...COLLECTOR] : nodeArgs);
    const measureIt = cell.isIdle ? measureIdle : cell.backlog ? measureBacklog : measureFlow;
    const figures = await measureIt(subject, cell, nodes, start);
    return { ...run, ...figures };
  } catch (error) {
    return { ...run, failed: error.message };
  } finally {
    await Promise.all([...started.reverse(), ...nodes.map(({ server }) => server)].map(end));
    await delay(500);
  }

  /** As many changes as the cell's pace makes, while the client counts. */
  async function measureFlow() {
    const load = await subject.load(cell, portsOf(nodes));
    const { warmupSeconds, seconds, sampleEvery } = cell;
    const plan = { ...load, warmupSeconds, seconds, sampleEvery, settleSeconds: 1 };
    const client = await start('client', { script: CLIENT, plan });
    await untilSaid(client, 'READY', CONNECT_SECONDS);

    const before = await subject.counters(nodes);
    const publisher = await startPublisher(pace());
    await Promise.race([untilSaid(client, 'MEASURING', FIRST_EVENT_SECONDS + warmupSeconds), failureOf(publisher)]);
    const { reads, ...figures } = await observe(nodes, client, seconds + EXTRA_SECONDS);
    const published = await stopPublisher(publisher);
    const after = await subject.counters(nodes);

    const latencies = reads
      .map(([stamp, readAt]) => readAt - subject.publishedAt(stamp, published))
      .sort((a, b) => a - b);
    return {
      ...figures,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      samples: latencies.length,
      published: published.sent,
      stalls: published.stalls,
      executionsPerEvent: before && after ? (after.executions - before.executions) / published.sent : null,
      countedDeliveries: before && after ? after.deliveries - before.deliveries : null,
      faults: faultsOf(figures, published, cell),
    };
  }

  /** The servers stand still while the changes are made, so that they have nothing but work when they go on. */
  async function measureBacklog() {
    const load = await subject.load(cell, portsOf(nodes));
    const readers = cell.sockets / cell.projects;
    const counted = { skipped: WARM_UP_CHANGES * readers, expected: cell.backlog * readers };
    const plan = { ...load, ...counted, sampleEvery: cell.sampleEvery, settleSeconds: 1 };
    const client = await start('client', { script: CLIENT, plan });
    await untilSaid(client, 'READY', CONNECT_SECONDS);

    const publish = async (count) =>
      answerOf(await startPublisher({ count, rate: AT_ONCE, batch: 32 }), BACKLOG_SECONDS);
    await publish(WARM_UP_CHANGES);
    await untilSaid(client, 'SKIPPED', BACKLOG_SECONDS);
    for (const { server } of nodes) server.kill('SIGSTOP');
    const { sent } = await publish(cell.backlog);
    for (const { server } of nodes) server.kill('SIGCONT');
    const { reads: _, ...figures } = await observe(nodes, client, BACKLOG_SECONDS);
    return { ...figures, published: sent, faults: faultsOf(figures, { stalls: 0 }, cell) };
  }

  function pace() {
    return cell.publish.window ? { ...subject.windowed, window } : { ...cell.publish, tap: undefined };
  }

  async function startPublisher(pace) {
    const { script, env, plan } = await subject.publisher(cell, portsOf(nodes));
    const seconds = FIRST_EVENT_SECONDS + cell.warmupSeconds + cell.seconds + EXTRA_SECONDS;
    const publisher = await start('publisher', { script, env, plan: { ...plan, ...pace, seconds } });
    await untilSaid(publisher, 'READY', TAP_SECONDS);
    return publisher;
  }
}

async function stopPublisher(publisher) {
  if (publisher.isRunning) publisher.kill('SIGTERM');
  return answerOf(publisher, EXTRA_SECONDS);
}

/** What the servers, and the cores, do until the client has counted. */
async function observe(nodes, client, patienceSeconds) {
  const pids = nodes.map(({ server }) => server.pid);
  const cores = readCores();
  const worked = pids.map(cpuSeconds);
  const counted = await answerOf(client, patienceSeconds);
  const busy = busyBetween(cores, readCores());
  const cpu = pids.reduce((sum, pid, i) => sum + cpuSeconds(pid) - worked[i], 0);
  return {
    ...counted,
    deliveriesPerSecond: counted.deliveries / counted.seconds,
    serverCore: busy[SERVER_CORE],
    loadCore: busy[LOAD_CORE],
    serverBusy: cpu / counted.seconds,
    cpuMicrosPerDelivery: (cpu / counted.deliveries) * 1e6,
    limit: limitOf(counted.clientBusy, cpu / counted.seconds, busy),
  };
}

const portsOf = (nodes) => nodes.map(({ port }) => port);

/**
 * What each socket costs while nothing happens. A wave of others has come and gone before, so that what a server needs
 * once is not counted; and what they left behind is collected, so that nobody's sockets hide in it.
 */
async function measureIdle(subject, cell, nodes, start) {
  const load = await subject.load(cell, portsOf(nodes));
  const open = (sockets, settleSeconds) =>
    start('client', { script: CLIENT, plan: { ...load, sockets, settleSeconds, holdSeconds: 1, sampleEvery: 101 } });
  await answerOf(await open(load.sockets.slice(0, cell.wave), 0), CONNECT_SECONDS);
  await delay(2_000);
  for (const { server } of nodes) server.kill('SIGUSR2');
  await delay(COLLECTING_MS);
  const resident = () => nodes.reduce((sum, { server }) => sum + residentKib(server.pid), 0);
  const before = resident();
  const client = await open(load.sockets, 4);
  await untilSaid(client, 'READY', CONNECT_SECONDS);
  const kibPerSocket = (resident() - before) / load.sockets.length;
  const { reads: _, ...counted } = await answerOf(client, EXTRA_SECONDS);
  return { ...counted, kibPerSocket, faults: faultsOf(counted, { stalls: 0 }, cell) };
}

/** Which side was at the end of its strength. */
function limitOf(clientBusy, serverBusy, busy) {
  if (clientBusy > FULL) return 'load client: NOT A MEASUREMENT OF THE SERVER';
  if (serverBusy > FULL) return 'server';
  if (busy[SERVER_CORE] > FULL) return 'server core, shared with others';
  if (busy[LOAD_CORE] > FULL) return 'load core';
  return 'none';
}

/** What must not happen in a run that counts. */
function faultsOf({ connected, errors, closed, firstFault }, { stalls }, { sockets }) {
  const faults = [];
  if (connected < sockets) faults.push(`${sockets - connected} sockets did not connect`);
  if (errors > 0) faults.push(`${errors} payloads were not what was asked for`);
  if (closed > 0) faults.push(`${closed} sockets were closed`);
  if (stalls > 0) faults.push(`${stalls} times the tap saw nothing`);
  return faults.length > 0 && firstFault ? [...faults, String(firstFault).slice(0, 300)] : faults;
}
