// mysql2 access for the peers without an ORM: two prepared statements for a board (tasks, then their users in one IN by DataLoader).

import DataLoader from 'dataloader';
import mysql from 'mysql2/promise';
import { COMPANY, DB } from './contract.mjs';
export const pool = mysql.createPool({ ...DB, connectionLimit: 10 });
const COLS = 'id, title, status, updated_at AS updatedAt, assignee_id AS assigneeId, project_id AS projectId';
export const store = {
  board: async (projectId, first) =>
    (
      await pool.execute(`SELECT ${COLS} FROM task WHERE company_id = ? AND project_id = ? ORDER BY id LIMIT ?`, [
        COMPANY,
        Number(projectId),
        String(first),
      ])
    )[0],
  users: () =>
    new DataLoader(async (ids) => {
      const [rows] = await pool.query('SELECT id, name FROM user WHERE id IN (?)', [ids]);
      const byId = new Map(rows.map((u) => [u.id, u]));
      return ids.map((id) => byId.get(id));
    }),
  setStatus: async (id, status) => {
    await change(id, status);
    const [[t]] = await pool.execute(
      `SELECT t.id, t.title, t.status, t.updated_at AS updatedAt, t.project_id AS projectId, u.id AS uid, u.name AS uname
      FROM task t LEFT JOIN user u ON u.id = t.assignee_id WHERE t.id = ? AND t.company_id = ?`,
      [Number(id), COMPANY],
    );
    const { uid, uname, ...task } = t;
    return { ...task, assignee: uid ? { id: uid, name: uname } : null };
  },
};

const UPDATE = 'UPDATE task SET status = ?, updated_at = ? WHERE id = ? AND company_id = ?';

async function change(id, status) {
  const parameters = [status, new Date().toISOString(), Number(id), COMPANY];
  if (!process.env.OUTBOX) return pool.execute(UPDATE, parameters);
  // What is to be told is written with the change, so that it is not lost between the two.
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    await connection.execute(UPDATE, parameters);
    await connection.execute('INSERT INTO outbox (task_id, data) VALUES (?, ?)', [
      Number(id),
      JSON.stringify({ id, status }),
    ]);
    await connection.commit();
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
}
