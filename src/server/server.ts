import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.js';
import { Keyring } from '../crypto.js';
import { checkDomains } from '../domain/check-domains.js';
import { DataKeys } from '../domain/data-keys.js';
import { demoPeople } from '../domain/demo.js';
import { crashAtCommit } from '../domain/failpoint.js';
import { forgetOutcomes } from '../domain/forget-outcomes.js';
import { SharedTransactions } from '../domain/shared-transactions.js';
import type { Foundation, Parts } from '../domain/unit-of-work.js';
import { openKeyWrapper } from '../encryption/open-key-wrapper.js';
import { openOrm } from '../entities/orm.js';
import { Documents } from '../execution/documents.js';
import { createLogger } from '../log.js';
import { LetterBox } from '../mail/letter-box.js';
import { createOutbound } from '../outbound/outbound.js';
import { Attendance } from '../pubsub/attendance.js';
import { createLocalBus, createRedisBus } from '../pubsub/bus.js';
import { FeedRegistry } from '../pubsub/company-feed.js';
import { FanOut } from '../pubsub/fan-out.js';
import { buildGuardedSchema } from '../resolvers/build-schema.js';
import type { ContextSettings } from '../resolvers/context.js';
import { KeptCompanies } from '../resolvers/kept-companies.js';
import { createRights } from '../resolvers/rights.js';
import { AddressLimits } from './address-limits.js';
import { Admissions } from './admissions.js';
import { createAuditExport } from './audit-export.js';
import { CrossOrigin } from './cross-origin.js';
import { createDevIssuer, type DevIssuer } from './dev-issuer.js';
import { openDoors } from './doors.js';
import { Entrance } from './entrance.js';
import { createErrorFormat } from './error-format.js';
import { EventStreams } from './event-stream.js';
import { followDocuments } from './follow-documents.js';
import { FollowDoor } from './follow-door.js';
import { FollowLimits } from './follow-limits.js';
import { followPage } from './follow-page.js';
import { createGraphiql } from './graphiql.js';
import { createGraphqlHttp } from './graphql-http.js';
import { readiness } from './health.js';
import { invitationDocuments } from './invitation-documents.js';
import { INVITATION_PATH, invitationPage } from './invitation-page.js';
import { KnownOrigins } from './known-origins.js';
import { Listeners } from './listeners.js';
import { Login } from './login.js';
import { serveMetrics } from './metrics.js';
import { type Engine, Operations } from './operations.js';
import { PersistedQueries } from './persisted-queries.js';
import { openPost } from './post.js';
import { RateLimits, spenderOf } from './rate-limits.js';
import { createRedisClient } from './redis-client.js';
import { createRouter, type Guards, type Handle, type Route, sendJson } from './router.js';
import { metricsOf } from './server-metrics.js';
import { SessionWatch } from './session-watch.js';
import { SignInWatch } from './sign-in-watch.js';
import { readManifest, TrustedDocuments } from './trusted-documents.js';
import { Unsubscribe } from './unsubscribe.js';
import { Upkeep } from './upkeep.js';
import { SocketHub } from './websocket.js';

/** Outcomes that are kept too long do no harm: nobody is answered from them. */
const UPKEEP_MS = 3_600_000;
/** So long it takes at most to tell all sockets of a company that its log is another one. */
const LAST_WORDS_MS = 2_000;

export interface RunningServer {
  parts: Parts;
  publicUrl: string;
  devIssuer: DevIssuer | null;
  /** Resolves when this process cannot go on: what it knows of a company is of a log that is no more. */
  lost: Promise<void>;
  /** Lets what runs finish, closes the sockets spread over the drain time, then everything else. */
  stop(): Promise<void>;
}

/** Opens what the product works with: the database and the bus. */
export async function openParts(config: Config) {
  const log = createLogger(config.logLevel);
  const orm = await openOrm(config);
  const bus = config.redisUrl ? createRedisBus(config.redisUrl, log) : createLocalBus();
  const feeds = new FeedRegistry(orm, bus, log, config.headPollMs);
  const afterCommit = config.crashAtCommit ? crashAtCommit(config.crashAtCommit) : undefined;
  const keyring = new Keyring(config.secretKey);
  const letterBox = config.mail ? new LetterBox(keyring) : null;
  const together = new SharedTransactions(orm, log);
  const foundation: Foundation = { orm, feeds, keyring, log, letterBox, together, afterCommit };
  const keys = new DataKeys(foundation, openKeyWrapper(config));
  const parts: Parts = { ...foundation, encryption: keys, outbound: createOutbound(config) };
  const close = async () => {
    await feeds.close();
    await bus.close();
    await orm.close(true);
  };
  return { parts, keys, bus, close };
}

/** Starts to listen. The database must have its schema. */
export async function startServer(config: Config): Promise<RunningServer> {
  const schema = buildGuardedSchema();
  const { parts, keys, bus, close } = await openParts(config);
  const { log } = parts;
  let draining = false;

  const { publicUrl } = config;
  const devIssuer = config.devIssuer ? await openDevIssuer(config, publicUrl, log) : null;

  const shared = config.redisUrl ? createRedisClient(config.redisUrl, log) : null;
  const trusted = devIssuer ? [...config.issuers, devIssuer.trusted] : config.issuers;
  const doors = openDoors(parts, config, trusted, shared);
  const { sessions, refusals, authenticator, door } = doors;
  const formatError = createErrorFormat(log);
  const rates = new RateLimits(shared, config.rateLimitPoints, config.rateLimitSeconds);
  const attendance = new Attendance(shared, log);
  const settings: ContextSettings = {
    parts,
    publicUrl,
    isFoundingOpen: config.founding,
    sessions,
    refresh: authenticator.refresh.bind(authenticator),
    watchingOf: (followId) => attendance.count(followId),
    rateLimitOf: (viewer) => rates.standing(spenderOf(viewer, '')),
  };
  const introspection = !config.production;
  const documents = new Documents(schema, introspection);
  const { documentsManifest: manifest } = config;
  const trustedDocuments = new TrustedDocuments(config.documentsPolicy, [
    ...followDocuments,
    ...invitationDocuments,
    ...(manifest ? readManifest(manifest.file, manifest.publicKeyFile) : []),
  ]);
  const common = { schema, documents, trustedDocuments, authenticator, settings, formatError, introspection, refusals };
  const fanOut: Engine = new FanOut(parts.feeds, createRights(settings), config.heartbeatMs);
  const operations = new Operations({ ...common, fanOut, rates, uses: doors.uses, costLimit: config.costLimit });
  const watch = new SessionWatch(sessions, log);
  const signIns = new SignInWatch(parts);
  const admissions = new Admissions(fanOut, config.maxSocketsPerViewer, watch, settings.refresh, attendance, signIns);
  const addresses = new AddressLimits(config);
  const forStaying = { ...config, operations, admissions, addresses, formatError };
  const streams = new EventStreams(forStaying);
  const persistedQueries = new PersistedQueries(shared, trustedDocuments);
  const companies = new KeptCompanies(settings, config.answerCacheBytes);
  parts.rightsOf = (viewer) => companies.rightsOf(viewer);
  const graphql = await createGraphqlHttp({ ...common, ...config, streams, companies, rates, persistedQueries, door });
  const listeners = new Listeners(config, log);
  const guards = createGuards(config, log);
  const sockets = new SocketHub(listeners.main, '/graphql', {
    ...forStaying,
    guards,
    authenticator,
    door,
    log,
    maxMessageBytes: config.bodyLimitBytes,
    anonymousMessageBytes: config.anonymousBodyLimitBytes,
  });

  const post = openPost(parts, config);
  const login = new Login({ ...config, parts, issuers: doors.issuers, sessions, door, rates, book: doors.book });
  const { uses } = doors;
  const limits = new FollowLimits(shared);
  const followDoor = new FollowDoor({ ...common, ...config, parts, uses, limits });
  const unsubscribe = new Unsubscribe({ ...config, parts, limits });
  const routes: Route[] = [
    ...login.routes,
    ...followDoor.routes,
    ...unsubscribe.routes,
    { path: '/graphql', isApi: true, handle: graphql.handle },
    {
      path: '/export/audit.ndjson',
      methods: ['GET'],
      isApi: true,
      handle: createAuditExport({ ...common, ...config, parts, rates, door }),
    },
    { path: '/f/', methods: ['GET', 'HEAD'], handle: followPage },
    { path: INVITATION_PATH, methods: ['GET', 'HEAD'], handle: invitationPage(login.names) },
    {
      path: '/healthz',
      methods: ['GET', 'HEAD'],
      handle: (_request, response) => sendJson(response, 200, { ok: true }),
    },
    {
      path: '/readyz',
      methods: ['GET', 'HEAD'],
      handle: async (_request, response) => {
        const state = await readiness(parts, bus, draining);
        sendJson(response, state.ready ? 200 : 503, state);
      },
    },
  ];
  if (config.graphiql) routes.push({ path: '/graphiql', methods: ['GET', 'HEAD'], handle: createGraphiql() });
  if (devIssuer) routes.push({ path: '/dev-issuer/', handle: asItself(devIssuer) });
  routes.push(...post.routes);
  await listeners.listen(createRouter(routes, guards, log), guards.entrance);
  const stopMetrics = config.metricsPort
    ? await serveMetrics(
        [...metricsOf(fanOut, addresses, sockets, streams, companies, keys, listeners.watch, parts), ...post.metrics],
        config.host,
        config.metricsPort,
      )
    : () => {};
  const upkeeps = [
    new Upkeep((signal) => forgetOutcomes(parts.orm, signal), UPKEEP_MS, log),
    new Upkeep((signal) => checkDomains(parts, signal), UPKEEP_MS, log),
  ];
  log.info({ publicUrl }, 'server: ready');

  return {
    parts,
    publicUrl,
    devIssuer,
    lost: fanOut.ended(LAST_WORDS_MS),
    async stop() {
      draining = true;
      log.info({ sockets: sockets.size }, 'server: draining');
      // Requests are answered all the while: it takes balancers a moment to see that this process is not ready.
      await Promise.all([sockets.drain(config.drainMs), delay(config.drainMs)]);
      streams.drain();
      await listeners.close();
      stopMetrics();
      watch.close();
      companies.close();
      await Promise.all(upkeeps.map((upkeep) => upkeep.stop()));
      await post.close();
      await graphql.stop();
      await fanOut.close();
      await doors.close();
      await attendance.close();
      shared?.disconnect();
      await close();
      log.info('server: stopped');
    },
  };
}

/** Its pages say what they need, some of them to the window that opened them. */
const asItself =
  (devIssuer: DevIssuer): Handle =>
  (request, response) => {
    for (const name of ['content-security-policy', 'cross-origin-opener-policy', 'cross-origin-resource-policy'])
      response.removeHeader(name);
    devIssuer.handle(request, response);
  };

function createGuards(config: Config, log: Parts['log']): Guards {
  const refusesPlain = config.production || config.tls !== null;
  return {
    entrance: new Entrance({ ...config, refusesPlain, log }),
    crossOrigin: new CrossOrigin(new KnownOrigins(config), log),
  };
}

const openDevIssuer = (config: Config, publicUrl: string, log: Parts['log']): Promise<DevIssuer> =>
  createDevIssuer({
    publicUrl,
    dataDir: config.dataDir,
    people: demoPeople,
    redirectUris: ['/graphiql', '/auth/callback', '/auth/signed-out'].map((path) => publicUrl + path),
    nodeEnv: config.production ? 'production' : 'development',
    onError: (error) => log.warn({ error: String(error) }, 'development issuer: error'),
  });
