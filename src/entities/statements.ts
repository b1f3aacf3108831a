import { SqliteDriver } from '@mikro-orm/sql';
import { CompiledQuery, type QueryResult } from 'kysely';
import { batchOf, Gathering } from './batched-connection.js';
import type { EntityManager } from './orm.js';
import { SharedReads } from './shared-reads.js';

/** A statement, and what stands in the place of its question marks. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

type Row = Record<string, unknown>;
type Result = QueryResult<Row>;
/** What statements have answered, in their order. */
export type Results = readonly Result[];

/**
 * Runs a statement in the transaction that is open, or without one; in a transaction it goes to the database together
 * with those that are issued in the same turn. Throws what the ORM would throw.
 */
export function run(em: EntityManager, text: string, parameters: readonly unknown[]): Promise<Result> {
  const transaction = em.getTransactionContext<Client>();
  const client = transaction && canBatch(em) ? gatheringOf(transaction) : clientOf(em);
  return ask(em, client, CompiledQuery.raw(text, [...parameters]));
}

/** The same of a read whose rows nobody changes: they may be given to others as well, see `SharedReads`. */
export function runShared(em: EntityManager, text: string, parameters: readonly unknown[]): Promise<Result> {
  if (em.getTransactionContext() || !canBatch(em)) return run(em, text, parameters);
  return ask(em, sharedReadsOf(em), CompiledQuery.raw(text, [...parameters]));
}

/**
 * The same of a statement that is made when it is sent: until then more may be asked of it. For a transaction on a database
 * that takes batches.
 */
export function runLate(em: EntityManager, make: () => Statement): Promise<Result> {
  const gathering = gatheringOf(em.getTransactionContext<Client>() as Client);
  const query = () => {
    const { text, parameters } = make();
    return CompiledQuery.raw(text, [...parameters]);
  };
  return told(em, gathering.executeQuery(query));
}

/**
 * Runs the last statements of the transaction that is open, and commits it: in one trip where the database can. When one
 * fails the rest is not run.
 */
export async function runAndCommit(em: EntityManager, statements: readonly Statement[]): Promise<Results> {
  const results = await (canBatch(em)
    ? runBatch(em, [...statements, { text: 'commit', parameters: [] }])
    : runAll(em, statements));
  await em.commit();
  return results;
}

/** Runs statements one after the other, in one trip where the database can. When one fails the rest is not run. */
export async function runAll(em: EntityManager, statements: readonly Statement[]): Promise<Results> {
  if (canBatch(em)) return runBatch(em, statements);
  const results: Result[] = [];
  for (const { text, parameters } of statements) results.push(await run(em, text, parameters));
  return results;
}

/** One text, whatever else is issued meanwhile. */
async function runBatch(em: EntityManager, statements: readonly Statement[]): Promise<Results> {
  if (statements.length === 0) return [];
  const queries = statements.map(({ text, parameters }) => CompiledQuery.raw(text, [...parameters]));
  const { rows } = await ask(em, clientOf(em), batchOf(queries));
  return rows as unknown as Results;
}

/** See `BatchedConnection`. SQLite is no trip away. */
export const canBatch = (em: EntityManager): boolean => !isSqlite(em);

export const isSqlite = (em: EntityManager): boolean => em.getDriver() instanceof SqliteDriver;

type Client = { executeQuery(query: CompiledQuery): Promise<Result> };

const clientOf = (em: EntityManager): Client =>
  em.getTransactionContext<Client>() ?? (em.getConnection().getClient() as Client);

const gatherings = new WeakMap<Client, Gathering<Row>>();

function gatheringOf(transaction: Client): Gathering<Row> {
  const known = gatherings.get(transaction) ?? new Gathering(transaction);
  gatherings.set(transaction, known);
  return known;
}

const sharedReads = new WeakMap<object, SharedReads>();

/** Those of a database that takes batches. */
export function sharedReadsOf(em: EntityManager): SharedReads {
  const client = em.getConnection().getClient();
  const known = sharedReads.get(client) ?? new SharedReads(client);
  sharedReads.set(client, known);
  return known;
}

const ask = (em: EntityManager, client: Client, query: CompiledQuery): Promise<Result> =>
  told(em, client.executeQuery(query));

async function told(em: EntityManager, answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    throw em.getDriver().convertException(error as Error);
  }
}
