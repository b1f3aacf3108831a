// HTTP load by wrk, which is written in C: it takes little of the core that it shares with the database.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOAD_CORE } from '../rig/cores.mjs';

const PATIENCE_SECONDS = 20;

const quoted = (text) => `[==[${text}]==]`;

/** wrk's own language: all requests are made beforehand, and sent in turn from `first` on. */
const script = (requests, first) => `
local requests = {${requests.map(({ body, head }) => `{${head + 1}, ${quoted(body)}}`).join(',\n')}}
local made = {}
function init()
  for i, request in ipairs(requests) do made[i] = wrk.format("POST", nil, heads[request[1]], request[2]) end
end
local n = ${first % requests.length}
function request()
  n = n + 1
  if n > #made then n = 1 end
  return made[n]
end
function done(summary, latency)
  io.write(string.format('RESULT {"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"errors":%d}\\n', summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout + summary.errors.connect))
end`;

const headsOf = (heads) =>
  `heads = {${heads
    .map(
      (head) =>
        `{${Object.entries(head)
          .map(([name, value]) => `[ ${quoted(name)} ] = ${quoted(value)}`)
          .join(', ')}}`,
    )
    .join(',\n')}}\n`;

/**
 * Sends `requests` (`{ head, body }`, `head` being the place of its headers in `heads`) in turn over so many connections,
 * from the one at `first` on. Answers how many were answered, and the latencies in milliseconds.
 */
export async function load({ url, connections, seconds, heads, requests, first = 0, dir }) {
  const file = join(dir, 'load.lua');
  writeFileSync(file, headsOf(heads) + script(requests, first));
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', file, url];
  const wrk = spawn('taskset', ['-c', String(LOAD_CORE), 'wrk', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const limit = setTimeout(() => wrk.kill('SIGKILL'), (seconds + PATIENCE_SECONDS) * 1_000);
  let said = '';
  for (const stream of [wrk.stdout, wrk.stderr]) stream.on('data', (chunk) => (said += chunk));
  await new Promise((resolve) => wrk.on('close', resolve));
  clearTimeout(limit);
  const result = /RESULT (.*)/.exec(said)?.[1];
  if (!result) throw new Error(`wrk said: ${said.slice(0, 1_000)}`);
  return JSON.parse(result);
}
