import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Node, startNode } from '../harness/cluster.js';
import { createDatabase, isEmbedded, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';

const run = promisify(execFile);
const SECOND_START_MS = 10_000;

interface DemoFile {
  graphqlUrl: string;
  wsUrl: string;
  people: {
    name: string;
    email: string;
    token: string;
    companies: { id: string; name: string; role: string; kind: string }[];
  }[];
  followers: { url: string; token: string; objectKind: string; objectId: string; companyId: string }[];
}

describe('npm start', () => {
  let database: TestDatabase;
  let issuer: TestIssuer;
  let nodes: Node[] = [];
  let demo: DemoFile;

  beforeAll(async () => {
    database = await createDatabase();
    issuer = await startIssuer();
    await startAll();
  }, 120_000);
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await issuer?.stop();
    await database?.drop();
  });

  /** A process as `npm start` runs it, with its development issuer; and one more, that trusts the first one's issuer. */
  async function startAll(): Promise<void> {
    const started = Date.now();
    const first = await startNode(database, issuer, { DEV_ISSUER: 'on', SEED_DEMO: 'on' });
    nodes = [first];
    if (!isEmbedded)
      nodes.push(await startNode(database, issuer, { OIDC_ISSUERS: `${first.url}/dev-issuer|urn:aliteo:api` }));
    demo = await readDemo(started);
  }

  /** The file is written once the server listens: a moment later than it is ready. */
  async function readDemo(after: number): Promise<DemoFile> {
    const file = join(database.dataDir, 'demo.json');
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
      if (mtimeMs >= after) return JSON.parse(await readFile(file, 'utf8'));
      await delay(50);
    }
    throw new Error('demo.json was not written');
  }

  it('writes a demo.json that clients can start with', () => {
    expect(demo).toMatchObject({ graphqlUrl: nodes[0]?.graphqlUrl, wsUrl: nodes[0]?.wsUrl });
    const [admin] = demo.people;
    const home = admin?.companies[0]?.id;
    expect(admin?.companies[0]).toMatchObject({ role: 'ADMIN', kind: 'INTERNAL' });
    const has = (role: string, kind: string, inside: boolean) =>
      demo.people.some(({ companies }) =>
        companies.some((c) => c.role === role && c.kind === kind && (c.id === home) === inside),
      );
    expect(has('MEMBER', 'INTERNAL', true)).toBe(true);
    expect(has('MEMBER', 'EXTERNAL', true)).toBe(true);
    expect(has('ADMIN', 'INTERNAL', false)).toBe(true);
    expect(demo.people.some(({ companies }) => companies.length > 1)).toBe(true);
    expect(demo.followers[0]).toMatchObject({
      objectKind: 'TASK',
      companyId: home,
      url: expect.stringContaining('/f/'),
    });
  });

  it('serves the whole story to public clients, across processes', async () => {
    const env = {
      ...process.env,
      NODE_OPTIONS: '',
      DEMO: join(database.dataDir, 'demo.json'),
      WS_URL: (nodes.at(-1) as Node).wsUrl,
    };
    const { stdout } = await run(process.execPath, ['examples/tour.mjs'], { env, timeout: 60_000 });
    expect(stdout).toContain('The tour is complete.');
  }, 70_000);

  it('is understood by a typed client, live', async () => {
    const env = { ...process.env, NODE_OPTIONS: '', DEMO: join(database.dataDir, 'demo.json') };
    const { stdout } = await run(process.execPath, ['examples/typed-client.ts'], { env, timeout: 60_000 });
    const [, key, title] = /^ {2}(\S+) {2}(.+?) {2}/m.exec(stdout) ?? [];
    const changes = [`${title}, again`, title].map((name) => `${key} is now "${name}".`);
    expect(stdout.match(/^\S+ is now .+$/gm)).toEqual(changes);
  }, 70_000);

  it('starts again within ten seconds, keeps what was there, and makes new secrets', async () => {
    const before = demo;
    expect(await Promise.all(nodes.map((node) => node.stop('SIGINT')))).toEqual(nodes.map(() => 0));
    const started = Date.now();
    await startAll();
    expect(Date.now() - started).toBeLessThan(SECOND_START_MS);
    expect(demo.people.map(({ email, companies }) => [email, companies])).toEqual(
      before.people.map(({ email, companies }) => [email, companies]),
    );
    expect(demo.followers[0]?.token).not.toBe(before.followers[0]?.token);
  }, 60_000);

  it('shows the follow page and GraphiQL without asking another host', async () => {
    for (const path of ['/graphiql', new URL(demo.followers[0]?.url ?? '').pathname]) {
      const response = await fetch(`${nodes[0]?.url}${path}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(response.headers.get('content-security-policy')).not.toMatch(/https?:/);
      expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    }
  });
});
