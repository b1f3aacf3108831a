import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';

const HOST = 'aliteo-test.vault.azure.net';
const RESOURCE = 'https://vault.azure.net';

/** What speaks as Azure Key Vault and as App Service's managed identity do, as far as secrets are read. */
export interface Vault {
  /** What a process needs in its environment to find both. */
  env: NodeJS.ProcessEnv;
  /** By name. */
  secrets: Map<string, string>;
  /** Every request: how it was answered, and whether with a token. */
  log: { path: string; status: number; isAuthorized: boolean }[];
  /** Names that are there, and not for this identity. */
  forbidden: Set<string>;
  stop(): Promise<void>;
}

/** Starts both on loopback; names of the vault's domain lead there for the processes that get the environment. */
export async function startVault(folder: string): Promise<Vault> {
  const [token, header] = [`token-${crypto.randomUUID()}`, `header-${crypto.randomUUID()}`];
  const secrets = new Map<string, string>();
  const forbidden = new Set<string>();
  const log: Vault['log'] = [];
  const { cert, private: key } = await generate([{ name: 'commonName', value: HOST }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: HOST }] }],
  });

  const vault = createTlsServer({ key, cert }, (request, response) => {
    const { pathname } = new URL(request.url ?? '/', RESOURCE);
    const isAuthorized = request.headers.authorization === `Bearer ${token}`;
    const name = /^\/secrets\/([\w-]+)\/?$/.exec(pathname)?.[1] ?? '';
    const value = secrets.get(name);
    const status = !isAuthorized ? 401 : forbidden.has(name) ? 403 : value === undefined ? 404 : 200;
    log.push({ path: pathname, status, isAuthorized });
    const challenge = `Bearer authorization="https://login.microsoftonline.com/tenant", resource="${RESOURCE}"`;
    response.writeHead(status, { 'content-type': 'application/json', 'www-authenticate': challenge });
    const id = `https://${HOST}/secrets/${name}/1`;
    const body = status === 200 ? { value, id, attributes: { enabled: true } } : { error: { code: String(status) } };
    response.end(JSON.stringify(body));
  });
  const identity = createServer(((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', RESOURCE);
    const isGood = request.headers['x-identity-header'] === header && searchParams.get('resource') === RESOURCE;
    response.writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' });
    const expires = String(Math.floor(Date.now() / 1_000) + 3_600);
    const body = { access_token: token, expires_on: expires, resource: RESOURCE, token_type: 'Bearer' };
    response.end(JSON.stringify(isGood ? body : {}));
  }) satisfies RequestListener);
  const [vaultPort, identityPort] = await Promise.all([portOf(vault), portOf(identity)]);

  const [ca, hook] = [join(folder, 'vault.pem'), join(folder, 'vault-names.mjs')];
  writeFileSync(ca, cert);
  writeFileSync(hook, HOOK);
  return {
    secrets,
    forbidden,
    log,
    env: {
      KEY_VAULT_URL: `https://${HOST}:${vaultPort}`,
      IDENTITY_ENDPOINT: `http://127.0.0.1:${identityPort}/msi/token`,
      IDENTITY_HEADER: header,
      NODE_EXTRA_CA_CERTS: ca,
      NODE_OPTIONS: `--import=${hook}`,
    },
    async stop() {
      for (const server of [vault, identity]) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The vault's name is not to be asked of anybody's name servers. */
const HOOK = `import dns from 'node:dns';
const { lookup } = dns;
dns.lookup = (name, options, callback) => {
  const given = typeof options === 'function' ? [options, {}] : [callback, options];
  if (name !== '${HOST}') return lookup(name, options, callback);
  return given[1].all ? given[0](null, [{ address: '127.0.0.1', family: 4 }]) : given[0](null, '127.0.0.1', 4);
};
`;

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}
