import { readConfig } from './config.js';
import { recogniseDemoPeople, seedDemo } from './domain/demo.js';
import { expectMigrated, migrate } from './entities/schema-state.js';
import { withVaultValues } from './key-vault.js';
import { writeDemoFile } from './server/demo-file.js';
import { describeFault } from './server/describe-fault.js';
import { devIssuerOf } from './server/dev-issuer.js';
import { openParts, type RunningServer, startServer } from './server/server.js';

// A report that Node writes of a process that dies would have the environment in it, with every secret.
if (process.report) process.report.excludeEnv = true;

try {
  const config = readConfig(await withVaultValues(process.env));
  await prepareDatabase();
  const server = await startServer(config);
  endWhenItIsTime(server);
  if (!config.production) await welcome(server);

  /** In development the database is brought up to date and filled; in production both are the operator's acts. */
  async function prepareDatabase(): Promise<void> {
    const { parts, close } = await openParts({ ...config, redisUrl: undefined });
    try {
      if (config.production) return await expectMigrated(parts.orm);
      await migrate(parts.orm);
      if (config.seedDemo) await seedDemo(parts);
      if (config.devIssuer) await recogniseDemoPeople(parts, devIssuerOf(config.publicUrl));
    } finally {
      await close();
    }
  }

  async function welcome({ parts, publicUrl, devIssuer }: RunningServer): Promise<void> {
    const demo = devIssuer && (await writeDemoFile(parts, devIssuer, { dataDir: config.dataDir, publicUrl }));
    console.log(`
  GraphQL    ${publicUrl}/graphql   (WebSocket: ${publicUrl.replace(/^http/, 'ws')}/graphql)
  GraphiQL   ${publicUrl}/graphiql
  Health     ${publicUrl}/healthz   ${publicUrl}/readyz${devIssuer ? `\n  Sign-in    ${devIssuer.issuer}/.well-known/openid-configuration` : ''}${
    demo ? `\n  Demo       ${demo}   (people, tokens, a follow link)` : ''
  }
`);
  }
} catch (error) {
  console.error(describeFault(error));
  process.exit(1);
}

/** The first signal drains, the second one leaves at once. A process that cannot go on drains as well, and ends with 1. */
function endWhenItIsTime(server: RunningServer): void {
  let isStopping = false;
  let isAsked = false;
  const stop = (exitCode: number) => {
    if (isStopping) return;
    isStopping = true;
    server.stop().then(
      () => process.exit(exitCode),
      (error) => {
        console.error(describeFault(error));
        process.exit(1);
      },
    );
  };
  const onSignal = () => {
    if (isAsked) process.exit(1);
    isAsked = true;
    stop(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  void server.lost.then(() => stop(1));
}
