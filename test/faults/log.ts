import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Company, Eyes } from './population.js';

/** One event as the table has it. */
export interface Entry {
  seq: number;
  type: string;
  objectId: string;
  data: {
    before: { projectId: string; privacy: string } | 'SAME' | null;
    after: { projectId: string; privacy: string };
    publicFace: boolean;
    comment?: { privacy: string };
  };
  /** Milliseconds since the epoch. */
  at: number;
}

/** A company's log, whole, and what has to agree with it. */
export interface Log {
  entries: Entry[];
  head: number;
  historyEntries: number;
}

/** Reads the tables by themselves, without the code that is under test. */
export async function readLog(databaseUrl: string, company: Company): Promise<Log> {
  const connection = await createConnection({ uri: databaseUrl, timezone: 'Z' });
  const ask = async (sql: string) => (await connection.query<RowDataPacket[]>(sql, [company.id]))[0];
  try {
    const rows = await ask(
      'select seq, type, object_id, data, occurred_at from events where company_id = ? order by seq',
    );
    const [head] = await ask('select seq from log_heads where company_id = ?');
    const [history] = await ask('select count(*) as n from history where company_id = ?');
    const entries = rows.map((row) => ({
      seq: Number(row.seq),
      type: row.type as string,
      objectId: row.object_id as string,
      data: typeof row.data === 'string' ? JSON.parse(row.data) : row.data,
      at: (row.occurred_at as Date).getTime(),
    }));
    return { entries, head: Number(head?.seq), historyEntries: Number(history?.n) };
  } finally {
    await connection.end();
  }
}

/** One payload that somebody has to get. */
export interface Due {
  seq: number;
  kind: 'CREATED' | 'CHANGED' | 'ENTERED' | 'LEFT';
  taskId: string;
  at: number;
}

/** What the log holds for somebody, by the words of the documentation: whoever may not see is not told. */
export function dueTo(eyes: Eyes, projectId: string, log: Log): Due[] {
  return log.entries.flatMap((entry) => {
    const kind = kindFor(eyes, projectId, entry);
    return kind ? [{ seq: entry.seq, kind, taskId: entry.objectId, at: entry.at }] : [];
  });
}

function kindFor(eyes: Eyes, projectId: string, { type, objectId, data }: Entry): Due['kind'] | null {
  if (!type.startsWith('task.') || data.after.projectId !== projectId) return null;
  const { after, comment } = data;
  const before = data.before === 'SAME' ? after : data.before;
  if (eyes.kind === 'FOLLOWER' && (objectId !== eyes.taskId || !data.publicFace)) return null;
  if (eyes.kind === 'EXTERNAL' && comment?.privacy === 'INTERNAL') return null;
  const isOpen = (facts: { privacy: string }) => eyes.kind === 'INTERNAL' || facts.privacy === 'PUBLIC';
  const saw = before !== null && isOpen(before);
  if (isOpen(after)) return saw ? 'CHANGED' : before === null ? 'CREATED' : 'ENTERED';
  return saw ? 'LEFT' : null;
}
