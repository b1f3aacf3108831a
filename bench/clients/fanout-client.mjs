// Opens many sockets with subscriptions over graphql-transport-ws to any server, and counts what arrives:
// node fanout-client.mjs PLAN.json. A client of its own on node:net, so that it takes little of its core: after the
// handshake it walks frame headers, and parses what comes on one socket in `sampleEvery`.
// Says READY on stderr once all subscriptions stand, MEASURING when it begins to count; one line of JSON at the end,
// after `seconds` or, where a number of deliveries is `expected`, as soon as these are here. `skipped` ones come before.

import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../rig/clock.mjs';
import { FrameWalker, frame } from './frames.mjs';
import { readPlan } from './plan.mjs';

const AT_ONCE = 100;
/** A connection has 28,000 local ports at most; so many addresses share them. */
const ADDRESSES = 4;
const FIRST_EVENT_MS = 60_000;

const plan = readPlan();
const { query, sockets, greets, sampleEvery, stamp, holdSeconds, warmupSeconds, seconds, expected } = plan;
const stampPattern = stamp && new RegExp(stamp);
const shared = Buffer.allocUnsafe(256 * 1024); // every socket reads into this one: no allocation per read

const counts = { connected: 0, deliveries: 0, errors: 0, closed: 0 };
const reads = [];
let firstFault;
let next = 0;
let isPublished = false;
let isMeasuring = false;
let sawFirst = false;
let toSkip = plan.skipped ?? 0;
let measuredSince;
let cpuBefore;
const startedAt = performance.now();
let connectSeconds;

for (let i = 0; i < AT_ONCE; i += 1) connect();

function connect() {
  if (next === sockets.length) return;
  const index = next;
  next += 1;
  const plan = sockets[index];
  const isSample = index % sampleEvery === sampleEvery >> 1 || sockets.length < sampleEvery;
  const connection = { plan, state: 'opening', text: '', toGreet: greets ? plan.variables.length : 0, socket: null };
  connection.walker = new FrameWalker(
    (opcode, payload) => control(connection, opcode, payload),
    isSample ? (text) => read(connection, text) : null,
  );
  connection.socket = net.connect({
    host: '127.0.0.1',
    port: plan.port,
    localAddress: `127.0.0.${1 + (index % ADDRESSES)}`,
    noDelay: true,
    onread: { buffer: shared, callback: (length, bytes) => arrived(connection, bytes, length) },
  });
  connection.socket.on('error', (error) => closed(String(error)));
  connection.socket.on('end', () => closed('ended by the server'));
  connection.socket.write(
    `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
      'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  );
}

function arrived(connection, bytes, length) {
  if (connection.state === 'subscribed') count(connection, bytes, length);
  else shakeHands(connection, bytes.toString('latin1', 0, length));
  return true;
}

function shakeHands(connection, text) {
  connection.text += text;
  const end = connection.text.indexOf('\r\n\r\n');
  if (connection.state === 'opening' && end >= 0) {
    if (!connection.text.startsWith('HTTP/1.1 101')) return closed(connection.text);
    connection.state = 'upgraded';
    connection.text = connection.text.slice(end + 4);
    send(connection, { type: 'connection_init', payload: connection.plan.init });
  }
  if (connection.state === 'upgraded' && connection.text.includes('"connection_ack"')) {
    connection.state = 'subscribed';
    connection.text = '';
    for (const [i, variables] of connection.plan.variables.entries()) {
      send(connection, { id: String(i + 1), type: 'subscribe', payload: { query, variables } });
    }
    connection.plan.init = null;
    if (!greets) stands();
  } else if (connection.state === 'upgraded' && /4[0-9]{3}|error/.test(connection.text)) {
    closed(connection.text);
  }
}

const send = ({ socket }, message) => socket.write(frame(1, JSON.stringify(message)));

function count(connection, bytes, length) {
  const { walker } = connection;
  walker.walk(bytes, length);
  let { frames } = walker;
  walker.frames = 0;
  if (connection.toGreet > 0) {
    const greetings = Math.min(frames, connection.toGreet);
    frames -= greetings;
    connection.toGreet -= greetings;
    if (connection.toGreet === 0) stands();
  }
  if (frames === 0 || !isPublished) return;
  if (expected !== undefined) return countDown(frames);
  if (isMeasuring) counts.deliveries += frames;
  if (!sawFirst) void measure();
}

/** Counts what is expected, from the first of it to the last. */
function countDown(frames) {
  sawFirst = true;
  if (toSkip > 0) {
    toSkip -= frames;
    if (toSkip <= 0) console.error('SKIPPED');
    return;
  }
  if (!isMeasuring) begin();
  counts.deliveries += frames;
  if (counts.deliveries >= expected) finish();
}

/** One more socket whose subscriptions stand; the next one connects. */
function stands() {
  counts.connected += 1;
  if (counts.connected === sockets.length) void allStand();
  connect();
}

function control(connection, opcode, payload) {
  // Servers end a connection that leaves their ping without a pong.
  if (opcode === 9) connection.socket.write(frame(10, payload));
  else if (opcode === 8) closed(`closed ${payload.length > 1 ? payload.readUInt16BE(0) : ''} ${payload.subarray(2)}`);
}

function read(connection, text) {
  const message = JSON.parse(text);
  if (message.type === 'ping') {
    connection.walker.frames -= 1;
    send(connection, { type: 'pong' });
  } else if (message.type !== 'next' || message.payload.errors || lacksTask(message.payload.data)) {
    counts.errors += 1;
    firstFault ??= text;
  } else if (isMeasuring && stampPattern) {
    const [, stamped] = stampPattern.exec(text) ?? [];
    if (stamped) reads.push([stamped, now()]);
  }
}

/** A change that shows its subscriber no task is not the work that is measured. */
function lacksTask(data) {
  const { kind, task } = data.taskChanged;
  return kind === undefined ? !data.taskChanged.title : kind === 'CHANGED' && !task?.title;
}

function closed(why) {
  counts.closed += 1;
  firstFault ??= why;
  if (counts.connected < sockets.length) finish();
}

async function allStand() {
  connectSeconds = (performance.now() - startedAt) / 1000;
  await delay(plan.settleSeconds * 1000);
  console.error('READY');
  isPublished = true;
  await delay(holdSeconds === undefined ? FIRST_EVENT_MS : holdSeconds * 1000);
  if (holdSeconds === undefined && !sawFirst) firstFault ??= 'no change arrived in time';
  if (holdSeconds !== undefined || !sawFirst) finish();
}

async function measure() {
  sawFirst = true;
  if (holdSeconds !== undefined) return;
  await delay(warmupSeconds * 1000);
  begin();
  await delay(seconds * 1000);
  finish();
}

function begin() {
  isMeasuring = true;
  measuredSince = performance.now();
  cpuBefore = process.cpuUsage();
  console.error('MEASURING');
}

function finish() {
  const measured = measuredSince === undefined ? 0 : (performance.now() - measuredSince) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const busy = measured > 0 ? (cpu.user + cpu.system) / 1e6 / measured : null;
  const result = { ...counts, connectSeconds, seconds: measured, clientBusy: busy, firstFault, reads };
  // Waits for a pipe to take it all.
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}
