import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Parts } from '../../src/domain/unit-of-work.js';
import { Company } from '../../src/entities/company.js';
import { signManifest } from '../../src/server/trusted-documents.js';
import { createAuthority, trust, writePair } from '../harness/certificates.js';
import { ask, codeOf, get, listen } from '../harness/client.js';
import { closeParts, type Node, openParts, startNode } from '../harness/cluster.js';
import { createDatabase, isEmbedded, redisUrl, type TestDatabase } from '../harness/column.js';
import { startIssuer, type TestIssuer } from '../harness/issuer.js';
import { World } from '../harness/world.js';

// There is no production on the embedded database.
const inProduction = isEmbedded ? describe.skip : describe;

const PRODUCTION: NodeJS.ProcessEnv = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://work.example.com',
  OIDC_ISSUERS: 'https://issuer.example.com|aliteo',
  ENCRYPTION_KEY: 'keyvault:data-keys',
  KEY_VAULT_URL: 'https://vault.example.com',
  DEV_ISSUER: 'off',
  DRAIN_MS: '0',
};

const SCHEMA = '{ __schema { queryType { name } } }';
const FACE = '{ __typename followed { task { title } } }';

/** What makes a server trust these documents: followers run no others in production. */
function trusting(...documents: string[]): NodeJS.ProcessEnv {
  const dir = mkdtempSync(join(tmpdir(), 'aliteo-production-'));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [manifest, key] = [join(dir, 'documents.json'), join(dir, 'public.pem')];
  writeFileSync(manifest, JSON.stringify(signManifest(documents, privateKey)));
  writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }));
  return { DOCUMENTS_MANIFEST: manifest, DOCUMENTS_PUBLIC_KEY: key };
}

inProduction('in production', () => {
  let database: TestDatabase;
  let issuer: TestIssuer;
  let parts: Parts | undefined;
  let node: Node | undefined;
  beforeAll(async () => {
    database = await createDatabase();
    issuer = await startIssuer();
    const authority = await createAuthority();
    trust(authority);
    Object.assign(PRODUCTION, writePair(mkdtempSync(join(tmpdir(), 'aliteo-production-')), await authority.issue()));
  }, 60_000);
  afterAll(async () => {
    await node?.stop('SIGKILL');
    await closeParts(parts);
    await issuer?.stop();
    await database?.drop();
  });

  const seed = (...options: string[]) =>
    new Promise<{ code: unknown; output: string }>((resolve) => {
      const env = {
        ...PRODUCTION,
        DATABASE_URL: database.databaseUrl,
        REDIS_URL: redisUrl(),
        SECRET_KEY: 'k'.repeat(32),
      };
      execFile(process.execPath, ['dist/src/cli.js', 'seed', ...options], { env }, (error, _stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: stderr }),
      );
    });

  it('the operator migrates first, and nothing comes in by itself', async () => {
    await expect(startNode(database, issuer, PRODUCTION)).rejects.toThrow(/DATABASE_URL: run "aliteo migrate" first/);
    parts = await openParts(database);
    node = await startNode(database, issuer, { ...PRODUCTION, ...trusting(SCHEMA, FACE), SEED_DEMO: '' });
    expect(node.output()).not.toContain('Demo');
    expect((await seed()).output).toContain('NODE_ENV: the demo companies never come into production');
    const generated = await seed('--companies', '1');
    expect(generated.output).toContain('NODE_ENV: generated companies never come into production');
    expect(await parts.orm.em.fork().count(Company, {})).toBe(0);
  }, 60_000);

  it('there is no page to try things out, and no development issuer', async () => {
    const paths = ['/graphiql', '/dev-issuer/.well-known/openid-configuration', '/dev-mail', '/healthz'];
    const statuses = paths.map(async (path) => (await fetch(`${node?.url}${path}`)).status);
    expect(await Promise.all(statuses)).toEqual([404, 404, 404, 200]);
  });

  it('the operator is told that without mail nobody is invited', () => {
    expect(node?.output()).toContain('MAIL_URL is not set');
  });

  it('the schema is not told, and the rest of a question is answered', async () => {
    if (!node || !parts) throw new Error('There is no server.');
    const world = await World.found(parts, null);
    const follow = await world.follow(await world.task(await world.project(), { title: 'Public' }));
    expect(codeOf(await ask(node, follow.caller, SCHEMA))).toBe('GRAPHQL_VALIDATION_FAILED');
    const stream = listen(node, { follow: follow.secret }, SCHEMA);
    expect((await stream.failed)[0]?.extensions?.code).toBe('GRAPHQL_VALIDATION_FAILED');
    await stream.stop();

    expect(codeOf(await ask(node, follow.caller, '{ followed { task { title } } }'))).toBe('FORBIDDEN');
    const answer = { __typename: 'Query', followed: { task: { title: 'Public' } } };
    expect(await get(node, follow.caller, FACE)).toEqual(answer);
    const other = listen(node, { follow: follow.secret }, FACE);
    expect(await other.until(() => true)).toEqual('Query');
    await other.stop();
  });
});
