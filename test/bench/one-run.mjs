// One run of the bench over HTTP, told as JSON: of a server that answers everybody the same, under the `wrk` of the PATH.
import { createServer } from 'node:http';
import { measureHttp } from '../../bench/rig/measure-http.mjs';

const server = createServer((_request, response) => response.end('{"data":{"members":[]}}')).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = `http://127.0.0.1:${server.address().port}`;
const subject = {
  name: 'aliteo',
  start: async () => [{ server: { pid: process.pid }, url }],
  requests: async () => ({ heads: [{}], requests: [{ head: 0, body: '{}' }] }),
  counted: async () => null,
};
const cell = { name: 'board', connections: 1, seconds: 1 };
const run = await measureHttp(subject, cell, { dir: process.argv[2], nodeArgs: [] });
process.stdout.write(JSON.stringify(run), () => process.exit(0));
