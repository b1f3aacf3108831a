import type { Orm } from './orm.js';
import { run } from './statements.js';

/** So many at a time. */
const AT_ONCE = 500;

/** The ids of all companies, or of all users, some at a time. */
export async function* tenantIds({ em }: Orm, table: 'companies' | 'users'): AsyncGenerator<string[]> {
  const text = `select id from ${table} where id > ? order by id limit ?`;
  for (let last = ''; ; ) {
    const { rows } = await run(em, text, [last, AT_ONCE]);
    const ids = rows.map(({ id }) => String(id));
    if (ids.length === 0) return;
    last = ids.at(-1) as string;
    yield ids;
  }
}
