#!/usr/bin/env node
import { createPrivateKey } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { ConfigError, readConfig } from './config.js';
import { foundCompany } from './domain/companies.js';
import { seedDemo } from './domain/demo.js';
import type { Parts } from './domain/unit-of-work.js';
import { expectMigrated, migrate, sqliteDrift } from './entities/schema-state.js';
import { printErrors } from './errors/print-errors.js';
import { buildGuardedSchema } from './resolvers/build-schema.js';
import { printSdl } from './schema/print.js';
import { describeFault } from './server/describe-fault.js';
import { openParts } from './server/server.js';
import { signManifest } from './server/trusted-documents.js';

const program = new Command('aliteo').description('What the operator of aliteo-server does from the command line.');

program
  .command('migrate')
  .description("bring the database's schema up to date")
  .action(() =>
    withParts(async ({ orm }) => {
      const names = await migrate(orm);
      console.log(names.length > 0 ? `Ran ${names.join(', ')}.` : 'The schema is up to date.');
    }),
  );

program
  .command('seed')
  .description('fill an empty database with two demo companies; not in production')
  .action(() =>
    withParts(async (parts) => {
      if (readConfig(process.env).production)
        throw new ConfigError(['NODE_ENV: the demo companies never come into production']);
      await expectMigrated(parts.orm);
      console.log(
        (await seedDemo(parts)) ? 'The demo companies are there.' : 'Nothing done: the database has companies already.',
      );
    }),
  );

program
  .command('company')
  .description('companies')
  .command('create <name>')
  .description('bring a company into being, with its first administrator')
  .requiredOption(
    '--admin <address>',
    "the administrator's e-mail address; they sign in with it, verified by the issuer",
  )
  .option('--admin-name <name>', "the administrator's name", '')
  .action((name: string, options: { admin: string; adminName: string }) =>
    withParts(async (parts) => {
      await expectMigrated(parts.orm);
      const { company, administrator } = await foundCompany(parts, name, {
        email: options.admin,
        name: options.adminName,
      });
      console.log(`Created ${company.id} with the administrator ${administrator.id} (${options.admin}).`);
    }),
  );

program
  .command('documents')
  .description('trusted documents')
  .command('sign <files...>')
  .description('make a manifest of GraphQL documents, one in each file')
  .requiredOption('--key <file>', 'the private key (openssl genpkey -algorithm ed25519)')
  .option('--out <file>', 'where the manifest is written', 'documents.json')
  .action(async (files: string[], { key, out }: { key: string; out: string }) => {
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const manifest = signManifest(texts, createPrivateKey(await readFile(key)));
    await writeFile(out, `${JSON.stringify(manifest, null, 2)}\n`);
    console.log(`Signed ${texts.length} documents in ${out}.`);
  });

addGenerated('schema', 'the GraphQL schema', 'src/schema/schema.graphql', () => printSdl(buildGuardedSchema()));
addGenerated('errors', 'what the errors mean to clients', 'docs/errors.md', printErrors);

program
  .command('migrations')
  .description('the migrations')
  .command('check')
  .description("compare the migrations with the entities, on SQLite; MySQL's are compared by the tests")
  .action(async () => {
    const drift = await sqliteDrift();
    if (drift.length > 0) fail(`The migrations are not what the entities say:\n${drift.join('\n')}`);
  });

/** A file that is made from the code: `print` writes it, `check` fails when it is not what the code says. */
function addGenerated(name: string, description: string, file: string, text: () => string): void {
  const command = program.command(name).description(description);
  command
    .command('print')
    .description(`write ${file}`)
    .action(() => writeFile(file, text()));
  command
    .command('check')
    .description(`compare ${file} with the code`)
    .action(async () => {
      const committed = await readFile(file, 'utf8').catch(() => '');
      if (committed !== text()) fail(`${file} is not what the code says: run "npm run ${name}".`);
    });
}

async function withParts(act: (parts: Parts) => Promise<void>): Promise<void> {
  const { parts, close } = await openParts({ ...readConfig(process.env), redisUrl: undefined });
  try {
    await act(parts);
  } finally {
    await close();
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

program.parseAsync().catch((error: unknown) => fail(describeFault(error)));
