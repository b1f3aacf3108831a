import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { decode, encode, RECURSION_AVAILABLE } from 'dns-packet';

/** A name server on loopback that knows TXT records, and nothing else. */
export interface NameServer {
  /** What `DNS_SERVERS` is to be. */
  address: string;
  /** By name, in lower case; more than one record may be there. */
  texts: Map<string, string[]>;
  /** The names that it was asked for. */
  asked: string[];
  /** Whether it only says that it cannot answer. */
  isAway: boolean;
  stop(): Promise<void>;
}

const NO_SUCH_NAME = 3;
const SERVER_FAILURE = 2;

export async function startNameServer(): Promise<NameServer> {
  const socket = createSocket('udp4');
  const texts = new Map<string, string[]>();
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const { id, questions = [] } = decode(message);
    const name = questions[0]?.name.toLowerCase() ?? '';
    asked.push(name);
    const found = server.isAway ? [] : (texts.get(name) ?? []);
    const code = server.isAway ? SERVER_FAILURE : found.length === 0 ? NO_SUCH_NAME : 0;
    const answers = found.map((data) => ({ type: 'TXT' as const, name, ttl: 0, data: [data] }));
    const answer = encode({ type: 'response', id: id ?? 0, flags: RECURSION_AVAILABLE | code, questions, answers });
    socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const server: NameServer = {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    texts,
    asked,
    isAway: false,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  return server;
}
