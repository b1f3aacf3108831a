// The limit for queries: bare node:http + mysql2 prepared statements + JSON.stringify; no GraphQL (it only looks which document it is).
import http from 'node:http';
import Redis from 'ioredis';
import { COMPANY, PORT, REDIS } from './contract.mjs';
import { pool, store } from './store.mjs';

const redis = new Redis(REDIS);
const SQL = `SELECT t.id, t.title, t.status, t.updated_at, u.id, u.name FROM task t LEFT JOIN user u ON u.id = t.assignee_id
  WHERE t.company_id = ? AND t.project_id = ? ORDER BY t.id LIMIT ?`;

async function board({ projectId, first }) {
  const [rows] = await pool.execute({ sql: SQL, rowsAsArray: true }, [COMPANY, Number(projectId), String(first)]);
  return {
    board: rows.map((r) => ({
      id: String(r[0]),
      title: r[1],
      status: r[2],
      updatedAt: r[3],
      assignee: r[4] === null ? null : { id: String(r[4]), name: r[5] },
    })),
  };
}

async function setStatus({ id, status }) {
  const { projectId, ...t } = await store.setStatus(id, status);
  t.id = String(t.id);
  if (t.assignee) t.assignee.id = String(t.assignee.id);
  await redis.publish(`TASK_CHANGED.${projectId}`, JSON.stringify({ taskChanged: t }));
  return { setStatus: t };
}

http
  .createServer((req, res) => {
    let s = '';
    req.setEncoding('utf8');
    req.on('data', (d) => {
      s += d;
    });
    req.on('end', async () => {
      const { query, variables } = JSON.parse(s);
      const out = JSON.stringify({ data: await (query.startsWith('mutation') ? setStatus : board)(variables) });
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(out) });
      res.end(out);
    });
  })
  .listen(PORT, '127.0.0.1', 4096, () => console.log('listening'));
