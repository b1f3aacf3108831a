// One run of one server in one cell of requests over HTTP: start it, warm it up, load it, end it.
import { setTimeout as delay } from 'node:timers/promises';
import { load } from '../clients/wrk.mjs';
import { busyBetween, cpuSeconds, LOAD_CORE, readCores, SERVER_CORE } from './cores.mjs';
import { end, expectRunning } from './processes.mjs';

/** A program is compiled piece by piece while it runs: what a request costs falls for so long, the longer the larger the program. */
const WARM_UP_SECONDS = 20;
/** Beyond this share of its core, whoever works there is what limits. */
const FULL = 0.9;

/** Answers the figures of the run, or `{ failed }` with the reason. Whatever happens, what it started has ended. */
export async function measureHttp(subject, cell, { dir, nodeArgs }) {
  const run = { subject: subject.name, cell: cell.name };
  let nodes = [];
  let writer;
  try {
    nodes = await subject.start(cell, nodeArgs);
    const [{ server, url }] = nodes;
    const { heads, requests } = await subject.requests(cell, url);
    await expectAnswer(url, heads[requests[0].head], requests[0].body);
    const plan = { url: `${url}/graphql`, connections: cell.connections, heads, requests, dir };
    const warmUp = await load({ ...plan, first: 1, seconds: WARM_UP_SECONDS });
    // Some are on the way when wrk ends.
    const sent = 1 + warmUp.requests + cell.connections;

    writer = cell.writes && (await subject.write(cell));
    const before = await subject.counted(nodes);
    const [cores, worked] = [readCores(), cpuSeconds(server.pid)];
    const figures = await load({ ...plan, first: sent, seconds: cell.seconds });
    const busy = busyBetween(cores, readCores());
    const cpu = cpuSeconds(server.pid) - worked;
    const after = await subject.counted(nodes);
    if (writer) expectRunning(writer);

    const serverBusy = cpu / figures.seconds;
    return {
      ...run,
      requestsPerSecond: figures.requests / figures.seconds,
      p50: figures.p50,
      p99: figures.p99,
      spread: figures.p99 / figures.p50,
      cpuMicrosPerRequest: (cpu / figures.requests) * 1e6,
      keptShare: before && (after.kept - before.kept) / figures.requests,
      readShare: before && (after.reads - before.reads) / figures.requests,
      eventShare: before && (after.events - before.events) / figures.requests,
      serverCore: busy[SERVER_CORE],
      loadCore: busy[LOAD_CORE],
      serverBusy,
      limit: serverBusy > FULL ? 'server' : busy[LOAD_CORE] > FULL ? 'load core, with the database' : 'none',
      faults: figures.errors > 0 ? [`${figures.errors} requests failed`] : [],
    };
  } catch (error) {
    return { ...run, failed: error.message };
  } finally {
    await Promise.all([writer, ...nodes.map(({ server }) => server)].filter(Boolean).map(end));
    await delay(500);
  }
}

/** The first answer is looked at: a server that refuses quickly is not a quick server. */
async function expectAnswer(url, headers, body) {
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body });
  const text = await response.text();
  const { data, errors } = JSON.parse(text);
  const isRefused = Object.values(data ?? {}).some((field) => field?.userErrors?.length > 0);
  if (!response.ok || errors || !data || isRefused) throw new Error(`it answered ${text.slice(0, 300)}`);
}
