// Writes changes from many places at once: node writers.mjs PLAN.json. The environment is that of the server.
// `way` tells how the event of a change gets its number: through the product itself, or by one of the ways that the
// decision was taken between, in bare SQL and each with the same other statements.
import { createRequire } from 'node:module';
import { readConfig } from '../../dist/src/config.js';
import { updateTask } from '../../dist/src/domain/tasks.js';
import { newId } from '../../dist/src/schema/ids.js';
import { openParts } from '../../dist/src/server/server.js';
import { readPlan } from '../clients/plan.mjs';
import { percentile } from '../rig/figures.mjs';

const { way, companies, writers, warmupSeconds, seconds } = readPlan();
const ways = { aliteo: throughTheProduct, lock: byLock, 'insert-id': byInsertId, sequencer: bySequencer };
const { write, close } = await ways[way]();

let isMeasuring = false;
let isOver = false;
const latencies = [];
setTimeout(() => (isMeasuring = true), warmupSeconds * 1000);
setTimeout(() => (isOver = true), (warmupSeconds + seconds) * 1000);
await Promise.all(Array.from({ length: writers }, (_, writer) => writeOn(writer)));
await close();
latencies.sort((a, b) => a - b);
const figures = { changesPerSecond: latencies.length / seconds, p50: percentile(latencies, 0.5) };
process.stdout.write(JSON.stringify({ ...figures, p99: percentile(latencies, 0.99) }), () => process.exit(0));

/** One writer has a task of its own in each company, and goes from company to company. */
async function writeOn(writer) {
  for (let n = writer; !isOver; n += 1) {
    const { companyId, viewer, taskIds } = companies[n % companies.length];
    const startedAt = performance.now();
    await write({ companyId, viewer, taskId: taskIds[writer], title: `Task ${writer}, written for the ${n}th time` });
    if (isMeasuring && !isOver) latencies.push(performance.now() - startedAt);
  }
}

async function throughTheProduct() {
  const { parts, close } = await openParts(readConfig(process.env));
  const write = ({ viewer, taskId, title }) =>
    updateTask(parts, { ...viewer, expiresAt: new Date(viewer.expiresAt) }, taskId, { title });
  return { write, close };
}

/** The number is taken under the lock of the head, which is held to the commit. */
function byLock() {
  return inBareSql(async (connection, event) => {
    await connection.query('update log_heads set seq = seq + 1 where company_id = ?', [event.companyId]);
    const [[{ seq }]] = await connection.query('select seq from log_heads where company_id = ?', [event.companyId]);
    await insertEvent(connection, event, seq);
  });
}

/** The same with one question less: the new number comes back with the update. */
function byInsertId() {
  return inBareSql(async (connection, event) => {
    const text = 'update log_heads set seq = last_insert_id(seq + 1) where company_id = ?';
    const [{ insertId }] = await connection.query(text, [event.companyId]);
    await insertEvent(connection, event, insertId);
  });
}

/** Events are written without a number, and numbered after their commit, all that wait in one company together. */
async function bySequencer() {
  const OUTBOX = `create table if not exists outbox (id bigint auto_increment primary key, company_id varchar(40) not null,
    type varchar(60) not null, object_id varchar(40) not null, data json not null, occurred_at datetime(3) not null,
    key (company_id, id)) character set ascii collate ascii_bin`;
  const NUMBER = `insert into events (company_id, seq, type, object_id, data, occurred_at)
    select company_id, ? + row_number() over (order by id), type, object_id, data, occurred_at from outbox
    where company_id = ? and id in (?)`;
  const waiting = new Map();
  const bare = await inBareSql(async (connection, event) => {
    const values = [event.companyId, 'task.updated', event.taskId, event.data, event.at];
    const [{ insertId }] = await connection.query(
      'insert into outbox (company_id, type, object_id, data, occurred_at) values (?)',
      [values],
    );
    event.outboxId = insertId;
  }, OUTBOX);

  async function numberOn(companyId, queue) {
    while (queue.length > 0) {
      const batch = queue.splice(0);
      const ids = batch.map(({ id }) => id);
      await bare.transact(async (connection) => {
        const head = 'select seq from log_heads where company_id = ? for update';
        const [[{ seq }]] = await connection.query(head, [companyId]);
        await connection.query(NUMBER, [Number(seq), companyId, ids]);
        await connection.query('delete from outbox where id in (?)', [ids]);
        await connection.query('update log_heads set seq = seq + ? where company_id = ?', [ids.length, companyId]);
      });
      for (const { numbered } of batch) numbered();
    }
    waiting.delete(companyId);
  }

  return {
    ...bare,
    async write(change) {
      const { outboxId: id } = await bare.write(change);
      const { promise, resolve: numbered } = Promise.withResolvers();
      const queue = waiting.get(change.companyId);
      if (queue) queue.push({ id, numbered });
      else {
        const begun = [{ id, numbered }];
        waiting.set(change.companyId, begun);
        void numberOn(change.companyId, begun);
      }
      await promise;
    },
  };
}

async function inBareSql(number, preparation) {
  const mysql = createRequire(new URL('../package.json', import.meta.url))('mysql2/promise');
  const uri = process.env.DATABASE_URL;
  const pool = mysql.createPool({ uri, connectionLimit: writers + 4, timezone: 'Z' });
  if (preparation) await pool.query(preparation);

  async function transact(work) {
    const connection = await pool.getConnection();
    try {
      await connection.query('set transaction isolation level read committed');
      await connection.query('begin');
      const result = await work(connection);
      await connection.query('commit');
      return result;
    } finally {
      connection.release();
    }
  }

  const write = ({ companyId, viewer, taskId, title }) =>
    transact(async (connection) => {
      const key = [companyId, taskId];
      const [[task]] = await connection.query('select * from tasks where company_id = ? and id = ? for update', key);
      const at = new Date();
      const text = 'update tasks set title = ?, version = version + 1, updated_at = ? where company_id = ? and id = ?';
      await connection.query(text, [title, at, ...key]);
      await connection.query('insert into history values (?)', [
        [
          ...[companyId, newId('history'), taskId, 'task.updated', viewer.memberId, 'MEMBER'],
          JSON.stringify({ title: [task.title, title] }),
          at,
        ],
      ]);
      const after = { projectId: task.project_id, privacy: task.privacy, ownerId: task.owner_id };
      const event = { companyId, taskId, data: JSON.stringify({ before: 'SAME', after, publicFace: true }), at };
      await number(connection, event);
      return event;
    });
  return { transact, write, close: () => pool.end() };
}

function insertEvent(connection, { companyId, taskId, data, at }, seq) {
  return connection.query('insert into events values (?)', [[companyId, seq, 'task.updated', taskId, data, at]]);
}
