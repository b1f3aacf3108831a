import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import { createAuthority, type IssuedPair, writePair } from '../harness/certificates.js';
import { ask, get, listen } from '../harness/client.js';
import { freePort, type Node, startNode } from '../harness/cluster.js';
import { createDatabase, type TestDatabase } from '../harness/column.js';
import { type SecureNode, send, startSecureNode } from '../harness/secure-node.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

let secure: SecureNode;
let node: Node;
let world: World;
beforeAll(async () => {
  secure = await startSecureNode();
  node = secure.cluster.first;
  world = await World.found(secure.cluster.parts, secure.cluster.issuer);
}, 60_000);
afterAll(() => secure?.cluster.stop());

/** A connection, when it is there. */
async function shake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(node.url).port),
    ca: secure.authority.ca,
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** The certificate that a new connection is shown. */
async function shown(): Promise<string> {
  const socket = await shake();
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

const replaced = async (before: string) => {
  await until(async () => (await shown()) !== before, 'a new certificate');
};

describe('a server with TLS of its own', () => {
  it.each<[SecureVersion, string | null]>([
    ['TLSv1.1', null],
    ['TLSv1.2', 'TLSv1.2'],
    ['TLSv1.3', 'TLSv1.3'],
  ])('with %s speaks %s', async (version, spoken) => {
    const shaken = shake({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });
    if (spoken === null) return expect(shaken).rejects.toThrow(/alert protocol version/);
    const socket = await shaken;
    expect(socket.getProtocol()).toBe(spoken);
    socket.destroy();
  });

  it.each(['AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384'])(
    'does not take %s, which is not authenticated or keeps no secret from who has its key later',
    async (ciphers) => {
      await expect(shake({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` })).rejects.toThrow(/handshake/);
    },
  );

  it('answers questions, and tells of changes over WSS', async () => {
    const project = await world.project();
    const task = await world.task(project, { title: 'Safe' });
    const { caller, secret } = await world.follow(task);
    expect(await get(node, caller, '{ followed { task { title } } }')).toEqual({
      followed: { task: { title: 'Safe' } },
    });
    const stream = listen(node, { follow: secret }, 'subscription { followedChanged { kind } }');
    await stream.until(({ kind }) => kind === 'READY');
    await stream.stop();
  });

  it('speaks nothing else on its port', async () => {
    await expect(send(node.url.replace('https', 'http'))).rejects.toThrow();
    expect((await ask(node, null, '{ __typename }')).status).toBe(200);
  });
});

describe('a certificate that changes', () => {
  it('is taken for new connections, while those that are open go on', async () => {
    const before = await shown();
    const ws = new WebSocket(node.wsUrl, 'graphql-transport-ws');
    await once(ws, 'open');
    const old = await shake();
    writePair(secure.dir, await secure.authority.issue());
    await replaced(before);
    expect(node.output()).toContain('tls: the certificate is a new one');
    expect(old.getPeerCertificate().fingerprint256).toBe(before);
    old.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    expect(String((await once(old, 'data'))[0])).toMatch(/^HTTP\/1.1 200/);
    ws.send('{"type":"ping"}');
    expect(String((await once(ws, 'message'))[0])).toBe('{"type":"pong"}');
    ws.close();
    old.destroy();
  });

  it('comes with its chain', async () => {
    const before = await shown();
    writePair(secure.dir, await (await secure.authority.subordinate()).issue());
    await replaced(before);
    expect((await send(`${node.url}/healthz`)).status).toBe(200);
  });

  it.each<[string, (good: IssuedPair, now: IssuedPair) => IssuedPair | Promise<IssuedPair>, RegExp]>([
    ['of which only one half is there', ({ cert }, { key }) => ({ cert, key }), /TLS_KEY is the key of another/],
    ['that is none', ({ key }) => ({ cert: 'nothing', key }), /TLS_CERT has no certificate/],
    [
      'that has ended',
      async () => (await createAuthority()).issue({ from: new Date(0), to: new Date(Date.now() - 1_000) }),
      /TLS_CERT has ended/,
    ],
  ])('by one %s is told of, and the old one is kept', async (_what, bad, why) => {
    const before = await shown();
    const served = {
      cert: readFileSync(join(secure.dir, 'tls.crt'), 'utf8'),
      key: readFileSync(join(secure.dir, 'tls.key'), 'utf8'),
    };
    writePair(secure.dir, await bad(await secure.authority.issue(), served));
    await until(() => why.test(node.output()), String(why));
    expect(await shown()).toBe(before);
    writePair(secure.dir, await secure.authority.issue());
    await replaced(before);
  });
});

describe('a certificate whose key is gone', () => {
  it('is served on, and the operator is told', async () => {
    const before = await shown();
    rmSync(join(secure.dir, 'tls.key'));
    await until(() => node.output().includes('a file cannot be read'), 'the fault in the log');
    expect(await shown()).toBe(before);
    writePair(secure.dir, await secure.authority.issue());
    await replaced(before);
  });
});

describe('another server', () => {
  let database: TestDatabase;
  let other: Node | undefined;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(async () => {
    await other?.stop();
    await database?.drop();
  });

  it('sees a link that leads elsewhere, and tells that a certificate ends soon', async () => {
    const dir = join(database.dataDir, 'mounted');
    const publish = (name: string, pair: IssuedPair) => {
      writePair(join(dir, name), pair);
      symlinkSync(name, join(dir, '..data.new'));
      renameSync(join(dir, '..data.new'), join(dir, '..data'));
    };
    mkdirSync(dir);
    const { authority } = secure;
    publish('first', await authority.issue({ to: new Date(Date.now() + 3_600_000) }));
    const files = { TLS_CERT: join(dir, '..data/tls.crt'), TLS_KEY: join(dir, '..data/tls.key') };
    other = await startNode(database, secure.cluster.issuer, { ...files, TLS_RELOAD_MS: '100' });
    expect(await other.logged('tls: the certificate ends soon')).toMatchObject({
      level: 40,
      endsAt: expect.any(String),
    });
    const { fingerprint } = await other.logged('ends soon');
    publish('second', await authority.issue());
    const taken = await other.logged('tls: the certificate is a new one');
    expect(taken.fingerprint).not.toBe(fingerprint);
    expect(await (await fetch(other.metricsUrl)).text()).toMatch(/^aliteo_certificate_end_seconds \d{10}$/m);
  }, 60_000);

  it('does not start with a certificate that is none', async () => {
    const dir = join(database.dataDir, 'bad');
    const files = writePair(dir, await secure.authority.issue());
    writeFileSync(files.TLS_KEY, 'marker-of-a-key');
    const started = startNode(database, secure.cluster.issuer, { ...files, HTTP_PORT: String(await freePort()) });
    const fault = await started.then(String, (error: Error) => error.message);
    expect(fault).toMatch(/TLS_KEY: has no private key/);
    expect(fault).not.toContain('marker-of-a-key');
  });
});
