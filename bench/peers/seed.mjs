// 10 companies x 20 projects x 200 tasks, 500 users. Project p of company c has id (c-1)*20+p.
import mysql from 'mysql2/promise';
import { DB } from './contract.mjs';

const c = await mysql.createConnection(DB);
await c.query('DROP TABLE IF EXISTS task');
await c.query('DROP TABLE IF EXISTS user');
await c.query('CREATE TABLE user (id INT PRIMARY KEY, company_id INT NOT NULL, name VARCHAR(80) NOT NULL)');
await c.query(`CREATE TABLE task (id INT PRIMARY KEY, company_id INT NOT NULL, project_id INT NOT NULL, title VARCHAR(120) NOT NULL,
  status VARCHAR(20) NOT NULL, updated_at VARCHAR(40) NOT NULL, assignee_id INT NULL, KEY board (company_id, project_id, id))`);
await c.query('DROP TABLE IF EXISTS outbox');
await c.query('CREATE TABLE outbox (id BIGINT PRIMARY KEY AUTO_INCREMENT, task_id INT NOT NULL, data JSON NOT NULL)');
const users = [],
  tasks = [];
for (let i = 1; i <= 500; i++) users.push([i, (i % 10) + 1, `User number ${i}`]);
let id = 0;
for (let co = 1; co <= 10; co++)
  for (let p = 1; p <= 20; p++)
    for (let t = 1; t <= 200; t++) {
      id++;
      tasks.push([
        id,
        co,
        (co - 1) * 20 + p,
        `Task ${t} of project ${p}: do the thing that was asked`,
        ['todo', 'doing', 'done'][id % 3],
        '2026-01-01T00:00:00.000Z',
        id % 9 === 0 ? null : ((id * 7) % 500) + 1,
      ]);
    }
await c.query('INSERT INTO user VALUES ?', [users]);
for (let i = 0; i < tasks.length; i += 5000) await c.query('INSERT INTO task VALUES ?', [tasks.slice(i, i + 5000)]);
console.log('seeded', (await c.query('SELECT COUNT(*) n FROM task'))[0][0].n, 'tasks');
await c.end();
