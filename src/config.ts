import { randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type EncryptionKey, encryptionKeyFaults, encryptionKeyOf } from './encryption-key.js';
import { madeOnce } from './made-once.js';
import { type MailSettings, mailFaults, mailOf, mailVariables } from './mail-settings.js';
import { parseRedisUrl } from './redis-url.js';
import {
  type TransportSettings,
  transportFaults,
  transportOf,
  transportVariables,
} from './transport/transport-settings.js';
import { insecureEntries, parseIssuers, type TrustedIssuer, withSecrets } from './trusted-issuers.js';

/** Every fault of the configuration at once, each with its variable's name. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n  ${faults.join('\n  ')}`);
    this.name = 'ConfigError';
  }
}

const integer = (fallback: number, min: number, max: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);
const onOff = z.enum(['on', 'off']);

const trustedIssuers = z
  .string()
  .transform((text, context) => parseIssuers(text, (message) => context.addIssue({ code: 'custom', message })));

/** Whether a database's address has nothing in it that the driver would read otherwise, or choke on. */
function isDatabaseUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url?.hostname || url.hash || !/^(mysql|mariadb):$/.test(url.protocol)) return false;
  try {
    return [url.username, url.password].every((part) => decodeURIComponent(part) !== null) && namesOne(url.pathname);
  } catch {
    return false;
  }
}

const namesOne = (path: string): boolean => /^\/[^/]+$/.test(decodeURIComponent(path));

/** The message repeats nothing: there is a password in the address. */
const databaseUrl = z
  .string()
  .refine(
    isDatabaseUrl,
    'must look like mysql://user:password@host:3306/database, with %23 for a "#" in a password, %2F for "/", %3F for "?" and %25 for "%"',
  );

function areServers(servers: readonly string[]): boolean {
  try {
    new Resolver().setServers(servers);
    return true;
  } catch {
    return false;
  }
}

const redisUrl = z.string().superRefine((text, context) => {
  try {
    parseRedisUrl(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const environment = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(4000, 1, 65_535),
  PUBLIC_URL: z.url().optional(),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL: integer(10, 2, 500),
  REDIS_URL: redisUrl.optional(),
  SECRET_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  ENCRYPTION_KEY: z.string().optional(),
  DNS_SERVERS: z
    .string()
    .transform((text) => text.split(',').map((server) => server.trim()))
    .refine(areServers, 'must be addresses of name servers, such as 192.0.2.53, [2001:db8::53]:5353')
    .optional(),
  KEY_VAULT_URL: z.string().optional(),
  AZURE_CLIENT_ID: z.string().optional(),
  OIDC_ISSUERS: trustedIssuers.optional(),
  OIDC_CLIENT_SECRETS: z.string().optional(),
  SESSION_IDLE_SECONDS: integer(1_800, 1, 604_800),
  SESSION_SECONDS: integer(43_200, 2, 2_592_000),
  DEV_ISSUER: onOff.optional(),
  GRAPHIQL: onOff.optional(),
  FOUNDING: onOff.default('off'),
  SEED_DEMO: onOff.optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  BODY_LIMIT_BYTES: integer(1_048_576, 1024, 104_857_600),
  ANONYMOUS_BODY_LIMIT_BYTES: integer(65_536, 1024, 104_857_600),
  GRAPHQL_DOCUMENTS: z.enum(['any', 'followers', 'trusted']).optional(),
  DOCUMENTS_MANIFEST: z.string().optional(),
  DOCUMENTS_PUBLIC_KEY: z.string().optional(),
  COST_LIMIT: integer(10_000, 100, 10_000_000),
  RATE_LIMIT_POINTS: integer(200_000, 100, 1_000_000_000),
  RATE_LIMIT_SECONDS: integer(60, 1, 86_400),
  BAD_CREDENTIALS_PER_MINUTE: integer(300, 1, 1_000_000_000),
  ANSWER_CACHE_BYTES: integer(67_108_864, 0, 17_179_869_184),
  HEARTBEAT_MS: integer(15_000, 100, 600_000),
  // What the bus lost is read at the second look: within half a second.
  HEAD_POLL_MS: integer(250, 50, 250),
  MAX_SOCKETS_PER_ADDRESS: integer(1_000, 1, 10_000_000),
  MAX_SOCKETS_PER_VIEWER: integer(50, 1, 10_000_000),
  MAX_CONNECTS_PER_SECOND: integer(100, 1, 10_000_000),
  MAX_SUBSCRIPTIONS_PER_SOCKET: integer(100, 1, 100_000),
  QUEUE_LIMIT_BYTES: integer(1_048_576, 16_384, 1_073_741_824),
  QUEUE_LIMIT_MESSAGES: integer(10_000, 100, 10_000_000),
  SOCKET_IDLE_MS: integer(300_000, 1_000, 86_400_000),
  ...transportVariables,
  ...mailVariables,
  METRICS_PORT: integer(0, 0, 65_535),
  DRAIN_MS: z.coerce.number().int().min(0).max(600_000).optional(),
  FAILPOINT: z
    .string()
    .regex(/^after-commit:[1-9]\d*$/, 'must look like after-commit:100')
    .transform((text) => Number(text.split(':')[1]))
    .optional(),
});

/** Everything the server may be told from outside; read once, at start. */
export interface Config extends TransportSettings {
  production: boolean;
  host: string;
  port: number;
  /** Where clients reach this server, without a trailing slash. */
  publicUrl: string;
  dataDir: string;
  /** MySQL or MariaDB; absent means the SQLite file in `dataDir`. */
  databaseUrl: string | undefined;
  databasePool: number;
  /** One server or a cluster, see `redis-url.ts`; absent means the bus inside this process. */
  redisUrl: string | undefined;
  secretKey: string;
  /** What the companies' data keys are wrapped with. */
  encryptionKey: EncryptionKey;
  /** One of several managed identities of this server, in Azure. */
  azureClientId: string | undefined;
  /** The name servers that are asked for the proofs of domains; the system's unless given. */
  dnsServers: readonly string[] | undefined;
  issuers: readonly TrustedIssuer[];
  /** How long a browser's session lives: without being used, and at most. */
  session: { idleMs: number; absoluteMs: number };
  devIssuer: boolean;
  graphiql: boolean;
  /** Whether signed-in people may found companies. */
  founding: boolean;
  /** Whether an empty database is filled with the demo companies; never in production. */
  seedDemo: boolean;
  logLevel: string;
  bodyLimitBytes: number;
  anonymousBodyLimitBytes: number;
  /** Whose documents must be known beforehand. */
  documentsPolicy: 'any' | 'followers' | 'trusted';
  /** The files of the documents that are, and of the key that they are signed with. */
  documentsManifest: { file: string; publicKeyFile: string } | null;
  /** Of one operation, in points. */
  costLimit: number;
  /** What each viewer may spend in so many seconds. */
  rateLimitPoints: number;
  rateLimitSeconds: number;
  /** How many credentials that are none one network may show to a process. */
  badCredentialsPerMinute: number;
  /** For answers that are kept while nothing has changed; with 0 nothing is, and every request asks the database who asks. */
  answerCacheBytes: number;
  heartbeatMs: number;
  headPollMs: number;
  maxSocketsPerAddress: number;
  maxSocketsPerViewer: number;
  maxConnectsPerSecond: number;
  maxSubscriptionsPerSocket: number;
  queueLimits: { bytes: number; messages: number };
  /** After so long without an operation a socket is closed. */
  idleMs: number;
  /** How letters are sent; null where they cannot be. */
  mail: MailSettings | null;
  /** Where `/metrics` is served for the operator, apart from the clients; 0 means nowhere. */
  metricsPort: number;
  /** Over how long a stopping process closes its sockets, and goes on answering. */
  drainMs: number;
  /** The commit at which the process kills itself, for tests; never in production. */
  crashAtCommit: number | undefined;
}

/** Reads and checks the environment. Throws ConfigError with all faults. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  const faults = parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
  if (given.NODE_ENV === 'production') faults.push(...productionFaults(given));
  faults.push(...transportFaults(given), ...mailFaults(given), ...encryptionKeyFaults(given));
  if (Boolean(given.DOCUMENTS_MANIFEST) !== Boolean(given.DOCUMENTS_PUBLIC_KEY))
    faults.push('DOCUMENTS_MANIFEST: goes with DOCUMENTS_PUBLIC_KEY');
  if (given.GRAPHQL_DOCUMENTS === 'trusted' && !given.DOCUMENTS_MANIFEST)
    faults.push('GRAPHQL_DOCUMENTS: "trusted" needs a DOCUMENTS_MANIFEST');
  const { OIDC_ISSUERS = [], OIDC_CLIENT_SECRETS = '' } = parsed.data ?? {};
  const issuers = withSecrets(OIDC_ISSUERS, OIDC_CLIENT_SECRETS, (message) =>
    faults.push(`OIDC_CLIENT_SECRETS: ${message}`),
  );
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);

  const e = parsed.data;
  const production = e.NODE_ENV === 'production';
  const dataDir = resolve(e.DATA_DIR);
  return {
    production,
    host: e.HOST,
    port: e.PORT,
    publicUrl: (e.PUBLIC_URL ?? `http${e.TLS_CERT ? 's' : ''}://${reachable(e.HOST)}:${e.PORT}`).replace(/\/+$/, ''),
    dataDir,
    databaseUrl: e.DATABASE_URL,
    databasePool: e.DATABASE_POOL,
    redisUrl: e.REDIS_URL,
    secretKey: e.SECRET_KEY ?? keyFile(dataDir),
    encryptionKey: encryptionKeyOf(given, dataDir),
    azureClientId: e.AZURE_CLIENT_ID,
    dnsServers: e.DNS_SERVERS,
    issuers,
    session: { idleMs: e.SESSION_IDLE_SECONDS * 1_000, absoluteMs: e.SESSION_SECONDS * 1_000 },
    devIssuer: !production && e.DEV_ISSUER !== 'off',
    graphiql: e.GRAPHIQL ? e.GRAPHIQL === 'on' : !production,
    founding: e.FOUNDING === 'on',
    seedDemo: !production && e.SEED_DEMO !== 'off',
    logLevel: e.LOG_LEVEL,
    bodyLimitBytes: e.BODY_LIMIT_BYTES,
    anonymousBodyLimitBytes: e.ANONYMOUS_BODY_LIMIT_BYTES,
    documentsPolicy: e.GRAPHQL_DOCUMENTS ?? (production ? 'followers' : 'any'),
    documentsManifest:
      e.DOCUMENTS_MANIFEST && e.DOCUMENTS_PUBLIC_KEY
        ? { file: e.DOCUMENTS_MANIFEST, publicKeyFile: e.DOCUMENTS_PUBLIC_KEY }
        : null,
    costLimit: e.COST_LIMIT,
    rateLimitPoints: e.RATE_LIMIT_POINTS,
    rateLimitSeconds: e.RATE_LIMIT_SECONDS,
    badCredentialsPerMinute: e.BAD_CREDENTIALS_PER_MINUTE,
    answerCacheBytes: e.ANSWER_CACHE_BYTES,
    heartbeatMs: e.HEARTBEAT_MS,
    headPollMs: e.HEAD_POLL_MS,
    maxSocketsPerAddress: e.MAX_SOCKETS_PER_ADDRESS,
    maxSocketsPerViewer: e.MAX_SOCKETS_PER_VIEWER,
    maxConnectsPerSecond: e.MAX_CONNECTS_PER_SECOND,
    maxSubscriptionsPerSocket: e.MAX_SUBSCRIPTIONS_PER_SOCKET,
    queueLimits: { bytes: e.QUEUE_LIMIT_BYTES, messages: e.QUEUE_LIMIT_MESSAGES },
    idleMs: e.SOCKET_IDLE_MS,
    ...transportOf(e),
    mail: mailOf(e, production),
    metricsPort: e.METRICS_PORT,
    drainMs: e.DRAIN_MS ?? (production ? 10_000 : 200),
    crashAtCommit: e.FAILPOINT,
  };
}

/** A host as it stands in a URL; one that means every address of the machine is reached at its loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function productionFaults(env: NodeJS.ProcessEnv): string[] {
  const faults = ['DATABASE_URL', 'REDIS_URL', 'SECRET_KEY', 'ENCRYPTION_KEY', 'OIDC_ISSUERS', 'PUBLIC_URL']
    .filter((name) => !env[name])
    .map((name) => `${name}: is required in production`);
  if (env.PUBLIC_URL && !env.PUBLIC_URL.startsWith('https://')) faults.push('PUBLIC_URL: must be https in production');
  if (env.DEV_ISSUER === 'on') faults.push('DEV_ISSUER: the development issuer never runs in production');
  if (env.SEED_DEMO === 'on') faults.push('SEED_DEMO: the demo companies never come into production');
  if (env.GRAPHQL_DOCUMENTS === 'any')
    faults.push('GRAPHQL_DOCUMENTS: followers run trusted documents only in production');
  if (env.FAILPOINT) faults.push('FAILPOINT: kills the process on purpose, so it is never set in production');
  for (const entry of insecureEntries(env.OIDC_ISSUERS ?? ''))
    faults.push(`OIDC_ISSUERS: "${entry}" must be https in production`);
  return faults;
}

/** Outside production the key is made once and kept beside the data. */
const keyFile = (dataDir: string): string =>
  madeOnce(join(dataDir, 'secret.key'), () => randomBytes(32).toString('base64url'));
