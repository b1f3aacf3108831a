import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../src/config.js';
import { readAudit } from '../../src/domain/audit.js';
import { FOLLOWED, FOLLOWED_CHANGED } from '../../src/server/follow-documents.js';
import { readManifest } from '../../src/server/trusted-documents.js';
import { ask, type Caller, codeOf, listen } from '../harness/client.js';
import { type Cluster, type Node, startCluster } from '../harness/cluster.js';
import { until } from '../harness/until.js';
import { World } from '../harness/world.js';

const KNOWN = '{ members(first: 3) { nodes { id name } } }';
const UNKNOWN = '{ members(first: 4) { nodes { id name } } }';
const OF_FOLLOWERS = '{ followed { task { title } } }';

const dir = mkdtempSync(join(tmpdir(), 'aliteo-documents-'));
const place = (name: string) => join(dir, name);
const manifest = place('documents.json');
beforeAll(() => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(place('private.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(place('public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(place('known.graphql'), KNOWN);
  writeFileSync(place('followers.graphql'), OF_FOLLOWERS);
  const files = [place('known.graphql'), place('followers.graphql')];
  const args = ['dist/src/cli.js', 'documents', 'sign', ...files, '--key', place('private.pem'), '--out', manifest];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});
afterAll(() => rmSync(dir, { recursive: true }));

const named = (text: string) => ({
  persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(text).digest('hex') },
});
const send = async (node: Node, { authorization = '', companyId = '' }: Caller, body: object) => {
  const headers = {
    'content-type': 'application/json',
    authorization,
    ...(companyId && { 'x-company-id': companyId }),
  };
  const response = await fetch(node.graphqlUrl, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
};

async function streamed(node: Node, authorization: string, query: string): Promise<string> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', authorization };
  const response = await fetch(node.graphqlUrl, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return response.text();
}

describe.each([
  ['followers', true],
  ['trusted', false],
] as const)('with GRAPHQL_DOCUMENTS=%s', (policy, membersAreFree) => {
  let cluster: Cluster;
  let world: World;
  let member: Caller;
  let follower: Caller;
  beforeAll(async () => {
    cluster = await startCluster({
      GRAPHQL_DOCUMENTS: policy,
      DOCUMENTS_MANIFEST: manifest,
      DOCUMENTS_PUBLIC_KEY: place('public.pem'),
    });
    world = await World.found(cluster.parts, cluster.issuer);
    member = (await world.member()).caller;
    follower = (await world.follow(await world.task(await world.project()))).caller;
  }, 30_000);
  afterAll(() => cluster?.stop());

  it.each([OF_FOLLOWERS, FOLLOWED])('a follower runs what is signed, and what the page asks: %s', async (document) => {
    expect((await ask(cluster.first, follower, document)).errors).toEqual([]);
  });

  it('a follower runs nothing else, over no transport, whether it would be refused anyway or not', async () => {
    for (const document of [
      '{ followed { task { title publicStatus } } }',
      '{ __typename }',
      UNKNOWN,
      KNOWN.slice(1),
    ]) {
      const answer = await ask(cluster.last, follower, document);
      expect([answer.status, codeOf(answer), answer.errors[0]?.extensions.reason]).toEqual([
        403,
        'FORBIDDEN',
        'DOCUMENT_NOT_TRUSTED',
      ]);
      const stream = listen(cluster.last, { follow: follower.authorization?.slice(7) ?? '' }, document);
      expect((await stream.failed)[0]?.extensions).toEqual({ code: 'FORBIDDEN', reason: 'DOCUMENT_NOT_TRUSTED' });
      await stream.stop();
    }
  });

  it.each<[string, (authorization: string) => Promise<unknown>]>([
    ['HTTP', (authorization) => send(cluster.first, { authorization }, { query: UNKNOWN })],
    ['WebSocket', (authorization) => listen(cluster.first, { authorization }, UNKNOWN).failed],
    ['an event stream', (authorization) => streamed(cluster.first, authorization, UNKNOWN)],
  ])('what a follower may not run stands in the audit log: over %s', async (_way, sendBy) => {
    const follow = await world.follow(await world.task(await world.project()));
    await sendBy(follow.caller.authorization ?? '');
    const refused = async () =>
      (await readAudit(cluster.parts.orm, world.companyId, 0, 100)).filter(
        ({ actorId, result }) => actorId === follow.id && result === 'REFUSED',
      );
    await until(async () => (await refused()).length > 0, 'the refusal');
    const [action, reason] = ['access', 'DOCUMENT_NOT_TRUSTED'];
    expect(await refused()).toMatchObject([{ action, reason, entryPoint: 'FOLLOWER' }]);
  });

  it('a follower watches by the signed subscription', async () => {
    const stream = listen(cluster.first, { follow: follower.authorization?.slice(7) ?? '' }, FOLLOWED_CHANGED);
    await stream.until(({ kind }) => kind === 'READY');
    await stream.stop();
  });

  it('a document is named by its hash, and its text need not be sent', async () => {
    const answer = await send(cluster.first, member, { extensions: named(KNOWN) });
    expect(answer.data.members.nodes.length).toBeGreaterThan(0);
  });

  it(`members ${membersAreFree ? 'run what they like' : 'run what is signed'}`, async () => {
    expect((await ask(cluster.first, member, KNOWN)).errors).toEqual([]);
    const other = await ask(cluster.first, member, UNKNOWN);
    expect(codeOf(other)).toBe(membersAreFree ? null : 'FORBIDDEN');
    // A client cannot make a document trusted by sending it with its hash.
    await send(cluster.first, member, { query: UNKNOWN, extensions: named(UNKNOWN) });
    const again = await send(cluster.first, member, { extensions: named(UNKNOWN) });
    expect(again.errors?.[0]?.extensions.code ?? null).toBe(membersAreFree ? null : again.errors[0].extensions.code);
    if (!membersAreFree) expect(again.data ?? null).toBeNull();
  });
});

describe('a manifest', () => {
  const change = (edit: (read: { documents: Record<string, string>; signature: string }) => void) => {
    const read = JSON.parse(readFileSync(manifest, 'utf8'));
    edit(read);
    writeFileSync(place('changed.json'), JSON.stringify(read));
    return () => readManifest(place('changed.json'), place('public.pem'));
  };

  it('is read when it is what was signed', () => {
    expect(change(() => {})().sort()).toEqual([KNOWN, OF_FOLLOWERS].sort());
  });

  it.each<[string, Parameters<typeof change>[0]]>([
    ['a document more', ({ documents }) => Object.assign(documents, { abc: UNKNOWN })],
    [
      'another document',
      ({ documents }) => Object.assign(documents, { [Object.keys(documents)[0] as string]: UNKNOWN }),
    ],
    ['a document less', ({ documents }) => delete documents[Object.keys(documents)[0] as string]],
    ['another signature', (read) => Object.assign(read, { signature: Buffer.alloc(64).toString('base64') })],
    ['no signature', (read) => Object.assign(read, { signature: undefined })],
    ['no documents', (read) => Object.assign(read, { documents: null })],
  ])('is refused with %s', (_what, edit) => {
    expect(change(edit)).toThrow(ConfigError);
  });

  it('is refused with a key that did not sign it', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(place('other.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    expect(() => readManifest(manifest, place('other.pem'))).toThrow(/signature/);
    expect(() => readManifest(place('nothing.json'), place('public.pem'))).toThrow(/cannot be read/);
  });
});
