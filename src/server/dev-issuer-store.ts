import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { AdapterFactory, AdapterPayload } from 'oidc-provider';

export const SIGNING_ALGORITHM = 'RS256';

/** What must outlive a restart, or every token and login page would be void after it. */
export interface IssuerSecrets {
  signingKey: JWK & { kid: string };
  cookieKeys: string[];
}

/** The keys kept in `dataDir`, made at the first call; processes that start together agree on one set. */
export async function issuerSecrets(dataDir: string): Promise<IssuerSecrets> {
  const file = join(dataDir, 'dev-issuer.json');
  if (!existsSync(file)) {
    await mkdir(dataDir, { recursive: true });
    await writeOnce(file, JSON.stringify(await newSecrets()));
  }
  return JSON.parse(await readFile(file, 'utf8')) as IssuerSecrets;
}

async function newSecrets(): Promise<IssuerSecrets> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return {
    signingKey: { ...jwk, kid, alg: SIGNING_ALGORITHM, use: 'sig' },
    cookieKeys: [randomBytes(32).toString('base64url')],
  };
}

/** A link, unlike a rename, never replaces: the first writer wins, and nobody ever reads half a file. */
async function writeOnce(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
}

interface Entry {
  payload: AdapterPayload;
  expires: number;
}

/** Sessions, codes and grants in memory; beyond `limit` entries the one written longest ago goes. */
export function memoryAdapter(limit = 2000): AdapterFactory {
  const entries = new Map<string, Entry>();
  const live = (entry: Entry | undefined) => (entry && entry.expires > Date.now() ? entry.payload : undefined);
  // A scan is fine: the map is small and only a developer waits.
  const findBy = async (field: 'uid' | 'userCode', value: string) =>
    live(entries.values().find(({ payload }) => payload[field] === value));

  return (model) => ({
    async upsert(id, payload, expiresIn = Number.POSITIVE_INFINITY) {
      const key = `${model}:${id}`;
      entries.delete(key);
      entries.set(key, { payload, expires: Date.now() + expiresIn * 1000 });
      const [oldest] = entries.keys();
      if (entries.size > limit && oldest) entries.delete(oldest);
    },
    find: async (id) => live(entries.get(`${model}:${id}`)),
    findByUid: (uid) => findBy('uid', uid),
    findByUserCode: (userCode) => findBy('userCode', userCode),
    async consume(id) {
      const payload = live(entries.get(`${model}:${id}`));
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      entries.delete(`${model}:${id}`);
    },
    async revokeByGrantId(grantId) {
      // Of this model only: a login under way names the grant too, and must live on.
      for (const [key, { payload }] of entries) {
        if (key.startsWith(`${model}:`) && payload.grantId === grantId) entries.delete(key);
      }
    },
  });
}
