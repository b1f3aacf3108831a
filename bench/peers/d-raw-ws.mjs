// The limit for fan-out with the ws package: no GraphQL. MODE=send: ws.send(buffer); MODE=frame (default): the same pre-built frame
// written to each raw socket; MODE=batch: frames of all Redis messages of one tick joined, so one write per socket and tick.
import http from 'node:http';
import Redis from 'ioredis';
import { Sender, WebSocketServer } from 'ws';
import { PORT, REDIS } from './contract.mjs';

const MODE = process.env.MODE ?? 'frame';
const server = http.createServer(),
  wss = new WebSocketServer({ server, handleProtocols: (p) => [...p][0] });
const subs = new Set();
wss.on('connection', (ws) =>
  ws.on('message', (d) => {
    const m = JSON.parse(d);
    if (m.type === 'connection_init') ws.send('{"type":"connection_ack"}');
    else if (m.type === 'subscribe') {
      subs.add(ws);
      ws.on('close', () => subs.delete(ws));
    }
  }),
);
const redis = new Redis(REDIS);
await redis.subscribe('TASK_CHANGED.1');
let pending = [];
redis.on('message', (_, msg) => {
  const text = Buffer.from(`{"id":"1","type":"next","payload":{"data":${msg}}}`);
  if (MODE === 'send') {
    for (const ws of subs) ws.send(text, { binary: false });
    return;
  }
  const frame = Buffer.concat(Sender.frame(text, { fin: true, opcode: 1, mask: false, readOnly: true, rsv1: false }));
  if (MODE === 'frame') {
    for (const ws of subs) ws._socket.write(frame);
    return;
  }
  if (pending.push(frame) === 1)
    setImmediate(() => {
      const all = Buffer.concat(pending);
      pending = [];
      for (const ws of subs) ws._socket.write(all);
    });
});
server.listen(PORT, '127.0.0.1', 4096, () => console.log('listening'));
