import { Invitation } from './invitation.js';
import type { Orm } from './orm.js';
import type { Row } from './rows.js';
import { run } from './statements.js';
import { tableOf } from './table.js';

/** So many are shown to one person. */
const MOST = 100;

/** One of the invitations to an address. */
export type InvitationKey = { id: string } | { secretHash: string };

/** The invitations to an address, whichever company's, the latest first; found by the person's key, not by a company's. */
export async function invitationsTo({ em }: Orm, email: string, key?: InvitationKey): Promise<Row<Invitation>[]> {
  const { sql, read } = tableOf(em, Invitation).selection();
  const [column, value] = !key ? [] : 'id' in key ? ['id', key.id] : ['secret_hash', key.secretHash];
  const condition = column ? ` and ${column} = ?` : '';
  const text = `${sql} where email = ?${condition} order by issued_at desc limit ?`;
  const { rows } = await run(em, text, [email, ...(column ? [value] : []), MOST]);
  return rows.map((row) => read(row) as Row<Invitation>);
}
