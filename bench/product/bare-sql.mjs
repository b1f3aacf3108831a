// The limit for changes: bare node:http + mysql2 prepared statements, which write what this server writes for a moved task,
// into its own tables, and nothing else: no GraphQL, no authentication, no rights, nobody is told. The environment has
// PORT and DATABASE_URL.
import http from 'node:http';
import { createRequire } from 'node:module';

const mysql = createRequire(new URL('../package.json', import.meta.url))('mysql2/promise');
const { newId } = await import('../../dist/src/schema/ids.js');

const pool = mysql.createPool({ uri: process.env.DATABASE_URL, connectionLimit: 10, timezone: 'Z' });
const TASK = 'select * from tasks where company_id = ? and id = ? for update';
const UPDATE =
  'update tasks set status = ?, status_before = ?, version = version + 1, updated_at = ? where company_id = ? and id = ?';
const HISTORY = `insert into history (company_id, id, object_id, type, actor_id, entry_point, changes, occurred_at)
  values (?, ?, ?, 'task.moved', ?, 'MEMBER', ?, ?)`;
const HEAD = 'update log_heads set seq = last_insert_id(seq + 1) where company_id = ?';
const EVENT = `insert into events (company_id, seq, type, object_id, data, occurred_at)
  values (?, last_insert_id(), 'task.moved', ?, ?, ?)`;

async function move(companyId, { taskId, status }) {
  const connection = await pool.getConnection();
  try {
    await connection.query('begin');
    const [[task]] = await connection.execute(TASK, [companyId, taskId]);
    const at = new Date();
    await connection.execute(UPDATE, [status, task.status, at, companyId, taskId]);
    const changes = JSON.stringify({ status: [task.status, status] });
    await connection.execute(HISTORY, [companyId, newId('history'), taskId, task.owner_id, changes, at]);
    await connection.execute(HEAD, [companyId]);
    const { project_id: projectId, privacy, owner_id: ownerId, solver_id: solverId } = task;
    const data = JSON.stringify({
      before: 'SAME',
      after: { projectId, privacy, ownerId, solverId },
      publicFace: false,
    });
    await connection.execute(EVENT, [companyId, taskId, data, at]);
    await connection.query('commit');
    return { id: taskId, title: task.title, status, updatedAt: at };
  } finally {
    connection.release();
  }
}

http
  .createServer(async (request, response) => {
    request.setEncoding('utf8');
    let text = '';
    for await (const chunk of request) text += chunk;
    const { input } = JSON.parse(text).variables;
    const task = await move(request.headers['x-company-id'], input);
    const body = JSON.stringify({ data: { moveTask: { task } } });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  })
  .listen(Number(process.env.PORT), '127.0.0.1', 4096, () => console.log('listening'));
