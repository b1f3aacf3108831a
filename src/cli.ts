#!/usr/bin/env node
import { createPrivateKey } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { type Config, ConfigError, readConfig } from './config.js';
import { foundCompany } from './domain/companies.js';
import type { DataKeys } from './domain/data-keys.js';
import { seedDemo } from './domain/demo.js';
import { eraseMember } from './domain/erase-member.js';
import { type Rotated, renewDataKeys, rewrapDataKeys } from './domain/key-rotation.js';
import { type SeedPlan, seedCompanies, seededAddress, seededId } from './domain/seed.js';
import { endEnforcement } from './domain/sso-providers.js';
import { makeSupportToken } from './domain/support.js';
import type { Parts } from './domain/unit-of-work.js';
import { type Verdict, verifyAudit } from './domain/verify-audit.js';
import { expectMigrated, migrate, sqliteDrift } from './entities/schema-state.js';
import { tenantIds } from './entities/tenant-ids.js';
import { printErrors } from './errors/print-errors.js';
import { withVaultValues } from './key-vault.js';
import { buildGuardedSchema } from './resolvers/build-schema.js';
import { expectId, isId } from './schema/ids.js';
import { printSdl } from './schema/print.js';
import { describeFault } from './server/describe-fault.js';
import { openParts } from './server/server.js';
import { signManifest } from './server/trusted-documents.js';

const SEED_PLAN: SeedPlan = { companies: 10, projects: 20, tasks: 200, members: 50 };
const MOST = 1_000_000;
const NOTHING_DONE = 'Nothing done: the database has companies already.';
const START_ANEW =
  'To seed, start from an empty database: drop it, or delete aliteo.sqlite in DATA_DIR, and run "aliteo migrate".';

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
  .description('fill an empty database with two demo companies or, with any of the options, with generated ones')
  .addHelpText('after', '\nNot in production. The same options make the same rows.')
  .option('--companies <number>', `so many companies (${SEED_PLAN.companies})`, positive)
  .option('--projects <number>', `of each company (${SEED_PLAN.projects})`, positive)
  .option('--tasks <number>', `of each project (${SEED_PLAN.tasks})`, positive)
  .option('--members <number>', `of each company (${SEED_PLAN.members})`, positive)
  .action((options: Partial<SeedPlan>) =>
    withParts(async (parts, config) => {
      const isDemo = Object.keys(options).length === 0;
      if (config.production)
        throw new ConfigError([`NODE_ENV: ${isDemo ? 'the demo' : 'generated'} companies never come into production`]);
      await expectMigrated(parts.orm);
      if (!isDemo) return generate(parts, { ...SEED_PLAN, ...options });
      console.log((await seedDemo(parts)) ? 'The demo companies are there.' : NOTHING_DONE);
    }),
  );

const company = program.command('company').description('companies');
company
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

company
  .command('sso <company>')
  .description("end a company's duty to come in by its own issuer, when it has locked itself out")
  .requiredOption('--off', "it is ended, and the company's audit log says by whom")
  .action((companyId: string) =>
    withParts(async (parts) => {
      await expectMigrated(parts.orm);
      const wasEnforced = await endEnforcement(parts, expectId('company', companyId));
      console.log(wasEnforced ? 'People come in by every sign-in again.' : 'It was no duty.');
    }),
  );

program
  .command('member')
  .description('members of the companies')
  .command('erase <member>')
  .description('make a company forget who somebody was; they are deactivated before')
  .requiredOption('--company <id>', 'the company that they were a member of')
  .addHelpText('after', '\nWhat they did and wrote stays, as of a former member. Their own account is not touched.')
  .action((memberId: string, { company }: { company: string }) =>
    withParts(async (parts) => {
      await expectMigrated(parts.orm);
      const entries = await eraseMember(parts, expectId('company', company), memberId);
      console.log(`Erased; of ${entries} entries of the audit log nobody knows any more from where they came.`);
    }),
  );

program
  .command('support')
  .description("the operator's support in a company, by leave of one of its administrators")
  .command('token')
  .description("make a token that reads in the company for an hour; the company's audit log tells of it")
  .requiredOption('--company <id>', 'the company that has granted it')
  .action(({ company }: { company: string }) =>
    withParts(async (parts) => {
      await expectMigrated(parts.orm);
      const made = isId('company', company) ? await makeSupportToken(parts, company) : null;
      if (!made) return fail(`No administrator of ${company} lets support in at this time.`);
      console.log(made.token);
      console.error(`Good until ${made.until.toISOString()}, as: Authorization: Bearer TOKEN.`);
    }),
  );

program
  .command('audit')
  .description('the audit logs of the companies')
  .command('verify')
  .description('check that no entry was changed, taken out or put in; names the first broken link')
  .option('--company <id>', 'of one company; of all unless given')
  .addHelpText('after', '\nKeep what it prints elsewhere: a log that was put back to an earlier end shows by that.')
  .action(({ company }: { company?: string }) =>
    withParts(async (parts) => {
      await expectMigrated(parts.orm);
      let count = 0;
      for await (const ids of tenantIds(parts.orm, 'companies')) {
        for (const id of ids.filter((one) => company === undefined || one === company)) {
          count += 1;
          tellVerdict(id, await verifyAudit(parts, id));
        }
      }
      if (company && count === 0) fail(`There is no company ${company}.`);
    }),
  );

program
  .command('keys')
  .description('the keys that the secrets of the companies are sealed with')
  .command('rotate')
  .description('wrap all data keys by the newest version of ENCRYPTION_KEY; servers run on meanwhile')
  .option('--data-keys', 'also make new data keys, and seal all secrets anew with them')
  .option('--begun <time>', 'goes on with --data-keys where one that began at that time has ended', instant)
  .action(({ dataKeys, begun = new Date() }: { dataKeys?: boolean; begun?: Date }) =>
    withParts(async ({ orm }, _config, keys) => {
      await expectMigrated(orm);
      tellRotated('data keys wrapped anew', await rewrapDataKeys(keys));
      if (!dataKeys) return;
      console.log(`If this ends early, go on with --data-keys --begun ${begun.toISOString()}`);
      tellRotated('secrets sealed anew', await renewDataKeys(keys, begun));
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

function tellVerdict(companyId: string, verdict: Verdict): void {
  const { number } = verdict;
  if (verdict.isSound)
    console.log(`${companyId}: ${number} entries, the last one's hash is ${verdict.hash || 'none'}.`);
  else fail(`${companyId}: entry ${number} ${verdict.fault}.`);
}

function tellRotated(what: string, { done, failed }: Rotated): void {
  console.log(`${done} ${what}.`);
  if (failed > 0) fail(`Of ${failed} companies it could not be: the log says why.`);
}

/** Seeds by the plan, and tells how far it is. */
async function generate(parts: Parts, plan: SeedPlan): Promise<void> {
  const total = plan.companies * plan.projects * plan.tasks;
  const progress = progressTo(total);
  const isDone = await seedCompanies(parts, plan, progress.tell)
    .finally(progress.end)
    .catch((error) => {
      console.error(`The seeding did not come to its end, and what it had written is still there. ${START_ANEW}`);
      throw error;
    });
  if (!isDone) return fail(`${NOTHING_DONE} ${START_ANEW}`);
  console.log(`${plan.companies} companies with ${total} tasks are there: ${progress.rate(total)} tasks a second.`);
  console.log(`The first one is ${seededId('company', 1)}, its administrator ${seededAddress(1, 1)}.`);
}

/** On a terminal a bar, otherwise a line for each tenth. */
function progressTo(total: number) {
  const startedAt = performance.now();
  const rate = (written: number) => Math.round((written * 1_000) / (performance.now() - startedAt));
  if (process.stdout.isTTY) {
    const bar = new SingleBar({
      format: '{bar} {percentage}% | {value} of {total} tasks, {rate} a second | {eta} s',
      // It would keep Ctrl-C from ending the process.
      gracefulExit: false,
    });
    bar.start(total, 0, { rate: 0 });
    return { rate, tell: (written: number) => bar.update(written, { rate: rate(written) }), end: () => bar.stop() };
  }
  let tenths = 0;
  const tell = (written: number) => {
    const reached = Math.floor((written * 10) / total);
    if (reached > tenths) console.log(`${written} of ${total} tasks, ${rate(written)} a second`);
    tenths = reached;
  };
  return { rate, tell, end: () => {} };
}

async function withParts(act: (parts: Parts, config: Config, keys: DataKeys) => Promise<void>): Promise<void> {
  const config = readConfig(await withVaultValues(process.env));
  const { parts, keys, close } = await openParts({ ...config, redisUrl: undefined });
  try {
    await act(parts, config, keys);
  } finally {
    await close();
  }
}

function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST) return number;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST}.`);
}

function instant(text: string): Date {
  const time = new Date(text);
  if (Number.isFinite(time.getTime())) return time;
  throw new InvalidArgumentError('It must be a time, such as 2027-01-31T12:00:00Z.');
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

// As in main.ts: the environment is not for a report.
if (process.report) process.report.excludeEnv = true;
program.parseAsync().catch((error: unknown) => fail(describeFault(error)));
