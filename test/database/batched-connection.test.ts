import { expect, it } from '@jest/globals';
import { CompiledQuery, type DatabaseConnection } from 'kysely';
import { BatchedConnection } from '../../src/entities/batched-connection.js';

/** Answers each statement with its number, and fails at a text that has `broken` in it. */
function open() {
  const texts: string[] = [];
  const inner: DatabaseConnection = {
    async executeQuery(query) {
      texts.push([query.sql, ...query.parameters].join(' '));
      await new Promise(setImmediate);
      if (query.sql.includes('broken')) throw new Error('broken');
      const statements = query.sql.split(';\n');
      const answers = statements.map((sql, i) =>
        sql.startsWith('select') ? [{ i }] : { insertId: i, affectedRows: 1 },
      );
      return { rows: statements.length === 1 ? (answers[0] as unknown[]) : answers } as never;
    },
    async *streamQuery() {},
  };
  const connection = new BatchedConnection(inner);
  const ask = (sql: string, ...parameters: unknown[]) =>
    connection.executeQuery<{ i: number }>(CompiledQuery.raw(sql, parameters));
  return { connection, texts, ask };
}

it('sends what is issued before the program waits in one text, and gives each its answer', async () => {
  const { connection, texts, ask } = open();
  connection.begin();
  const later = async () => {
    await null;
    return ask('update b', 3);
  };
  const [first, second, third] = await Promise.all([ask('select a', 1, 2), later(), ask('select c', 4)]);
  expect(texts).toEqual(['begin;\nselect a;\nselect c;\nupdate b 1 2 4 3']);
  expect([first.rows, third.rows]).toEqual([[{ i: 1 }], [{ i: 2 }]]);
  expect(second).toEqual({ rows: [], insertId: 3n, numAffectedRows: 1n });
  await ask('select d');
  expect(texts[1]).toBe('select d');
});

it('commits with the last statements, and once', async () => {
  const { connection, texts, ask } = open();
  connection.begin();
  await ask('select a');
  await Promise.all([ask('update b'), ask('commit')]);
  await connection.end('commit');
  expect(texts).toEqual(['begin;\nselect a', 'update b;\ncommit']);
});

it('fails all of a text, and rolls back what it has begun', async () => {
  const { connection, texts, ask } = open();
  connection.begin();
  const outcomes = await Promise.allSettled([ask('update a'), ask('broken'), ask('commit')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await connection.end('rollback');
  expect(texts).toEqual(['begin;\nupdate a;\nbroken;\ncommit', 'rollback']);
});

it('says nothing of a transaction in which nothing was asked', async () => {
  const { connection, texts, ask } = open();
  connection.begin();
  await connection.end('rollback');
  await ask('select a');
  expect(texts).toEqual(['select a']);
});
