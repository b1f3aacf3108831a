import { constants, generateKeyPairSync, type KeyObject, privateDecrypt, publicEncrypt, randomUUID } from 'node:crypto';
import dns from 'node:dns';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { generate } from 'selfsigned';

const HOST = 'aliteo-test.vault.azure.net';
const RESOURCE = 'https://vault.azure.net';

/** What speaks as Azure Key Vault and as App Service's managed identity do, as far as secrets are read and keys wrapped. */
export interface Vault {
  /** What a process needs in its environment to find both. */
  env: NodeJS.ProcessEnv;
  /** By name. */
  secrets: Map<string, string>;
  /** Every request: how it was answered, and whether with a token. */
  log: { path: string; status: number; isAuthorized: boolean }[];
  /** Names that are there, and not for this identity. */
  forbidden: Set<string>;
  /** Makes a key, or another version of one; answers the version. */
  addKey(name: string): string;
  /** Takes a version of a key away. */
  removeKey(name: string, version: string): void;
  /** Whether it answers nothing but errors. */
  isAway: boolean;
  /** Has this process find both as well, whoever asks in it. */
  enter(): void;
  stop(): Promise<void>;
}

interface Version {
  readonly version: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };

/** Starts both on loopback; names of the vault's domain lead there for the processes that get the environment. */
export async function startVault(folder: string): Promise<Vault> {
  const [token, header] = [`token-${crypto.randomUUID()}`, `header-${crypto.randomUUID()}`];
  const secrets = new Map<string, string>();
  const forbidden = new Set<string>();
  const log: Vault['log'] = [];
  // Each has a name of its own: a process that trusts two of one name looks at the first one only.
  const { cert, private: key } = await generate([{ name: 'commonName', value: `vault ${randomUUID()}` }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: HOST }] }],
  });

  const keys = new Map<string, Version[]>();

  /** What is asked of a key: itself, or to wrap or unwrap by it. Null where there is none, or it cannot. */
  const ofKey = async (path: string, request: IncomingMessage): Promise<object | null> => {
    const [, , name = '', version = '', act] = path.split('/');
    const versions = keys.get(name) ?? [];
    const found = version ? versions.find((one) => one.version === version) : versions.at(-1);
    if (!found) return null;
    const kid = `${vaultUrl()}/keys/${name}/${found.version}`;
    if (!act) {
      const jwk = found.publicKey.export({ format: 'jwk' });
      return { key: { ...jwk, kid, key_ops: ['wrapKey', 'unwrapKey'] }, attributes: { enabled: true } };
    }
    const { alg, value } = (await json(request)) as { alg: string; value: string };
    if (alg !== 'RSA-OAEP-256') return null;
    const given = Buffer.from(value, 'base64url');
    try {
      const bytes =
        act === 'wrapkey'
          ? publicEncrypt({ ...OAEP, key: found.publicKey }, given)
          : privateDecrypt({ ...OAEP, key: found.privateKey }, given);
      return { kid, value: bytes.toString('base64url') };
    } catch {
      return null;
    }
  };

  const answerTo = async (pathname: string, request: IncomingMessage): Promise<object | null> => {
    if (pathname.startsWith('/keys/')) return ofKey(pathname, request);
    const name = nameIn(pathname);
    const value = secrets.get(name);
    return value === undefined
      ? null
      : { value, id: `https://${HOST}/secrets/${name}/1`, attributes: { enabled: true } };
  };

  const vaultServer = createTlsServer({ key, cert }, async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', RESOURCE);
    const isAuthorized = request.headers.authorization === `Bearer ${token}`;
    const found = isAuthorized && !vault.isAway ? await answerTo(pathname, request) : null;
    const refusal = vault.isAway ? 503 : !isAuthorized ? 401 : forbidden.has(nameIn(pathname)) ? 403 : 404;
    const status = found && !forbidden.has(nameIn(pathname)) ? 200 : refusal;
    log.push({ path: pathname, status, isAuthorized });
    const challenge = `Bearer authorization="https://login.microsoftonline.com/tenant", resource="${RESOURCE}"`;
    response.writeHead(status, { 'content-type': 'application/json', 'www-authenticate': challenge });
    response.end(JSON.stringify(status === 200 ? found : { error: { code: String(status) } }));
  });
  const identity = createServer(((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', RESOURCE);
    const isGood = request.headers['x-identity-header'] === header && searchParams.get('resource') === RESOURCE;
    response.writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' });
    const expires = String(Math.floor(Date.now() / 1_000) + 3_600);
    const body = { access_token: token, expires_on: expires, resource: RESOURCE, token_type: 'Bearer' };
    response.end(JSON.stringify(isGood ? body : {}));
  }) satisfies RequestListener);
  const [vaultPort, identityPort] = await Promise.all([portOf(vaultServer), portOf(identity)]);

  const [ca, hook] = [join(folder, 'vault.pem'), join(folder, 'vault-names.mjs')];
  writeFileSync(ca, cert);
  writeFileSync(hook, HOOK);
  const env = {
    KEY_VAULT_URL: `https://${HOST}:${vaultPort}`,
    IDENTITY_ENDPOINT: `http://127.0.0.1:${identityPort}/msi/token`,
    IDENTITY_HEADER: header,
    NODE_EXTRA_CA_CERTS: ca,
    NODE_OPTIONS: `--import=${hook}`,
  };
  const vaultUrl = () => env.KEY_VAULT_URL;
  const vault: Vault = {
    secrets,
    forbidden,
    log,
    env,
    isAway: false,
    addKey(name) {
      const version = randomUUID().replaceAll('-', '');
      const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
      keys.set(name, [...(keys.get(name) ?? []), { version, ...pair }]);
      return version;
    },
    removeKey(name, version) {
      keys.set(
        name,
        (keys.get(name) ?? []).filter((one) => one.version !== version),
      );
    },
    enter() {
      setDefaultCACertificates([...getCACertificates('default'), cert]);
      Object.assign(process.env, { IDENTITY_ENDPOINT: env.IDENTITY_ENDPOINT, IDENTITY_HEADER: header });
      dns.lookup = lookupHere as typeof dns.lookup;
    },
    async stop() {
      for (const server of [vaultServer, identity]) await new Promise((resolve) => server.close(resolve));
    },
  };
  return vault;
}

const nameIn = (pathname: string): string => /^\/(?:secrets|keys)\/([\w-]+)(?:\/|$)/.exec(pathname)?.[1] ?? '';

type Lookup = (name: string, options: unknown, callback?: unknown) => void;

/** The vault's name is not to be asked of anybody's name servers. */
const lookupBy =
  (lookup: Lookup, host: string): Lookup =>
  (name, options, callback) => {
    if (name !== host) return lookup(name, options, callback);
    const done = (typeof options === 'function' ? options : callback) as (...told: unknown[]) => void;
    const isAll = (options as { all?: boolean }).all;
    return isAll ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  };
const lookupHere = lookupBy(dns.lookup as Lookup, HOST);

/** The same for the processes that are started: a module that Node loads before theirs. */
const HOOK = `import dns from 'node:dns';
const lookupBy = ${String(lookupBy)};
dns.lookup = lookupBy(dns.lookup, '${HOST}');
`;

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}
