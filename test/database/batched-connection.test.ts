import { expect, it } from '@jest/globals';
import { CompiledQuery, type DatabaseConnection } from 'kysely';
import { BatchedConnection, batchOf, Gathering } from '../../src/entities/batched-connection.js';

/** Answers each statement of a text with its number, and fails at a text that has `broken` in it. */
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
  const gathering = new Gathering<unknown>(connection);
  const query = (sql: string, ...parameters: unknown[]) => CompiledQuery.raw(sql, parameters);
  const ask = (sql: string, ...parameters: unknown[]) => gathering.executeQuery(query(sql, ...parameters));
  const askAll = (...texts: string[]) => connection.executeQuery(batchOf(texts.map((text) => query(text))));
  return { connection, texts, ask, askAll };
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
  const { connection, texts, ask, askAll } = open();
  connection.begin();
  await ask('select a');
  expect((await askAll('update b', 'select c', 'commit')).rows).toHaveLength(3);
  await connection.end('commit');
  expect(texts).toEqual(['begin;\nselect a', 'update b;\nselect c;\ncommit']);
});

it('fails all of a text, and rolls back what it has begun', async () => {
  const { connection, texts, ask, askAll } = open();
  connection.begin();
  const outcomes = await Promise.allSettled([ask('select a'), ask('broken')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(askAll('update a', 'broken', 'commit')).rejects.toThrow('broken');
  await connection.end('rollback');
  expect(texts).toEqual(['begin;\nselect a;\nbroken', 'update a;\nbroken;\ncommit', 'rollback']);
});

it('says nothing of a transaction in which nothing was asked', async () => {
  const { connection, texts, ask } = open();
  connection.begin();
  await connection.end('rollback');
  await ask('select a');
  expect(texts).toEqual(['select a']);
});
