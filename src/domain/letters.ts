import { LetterCount, WaitingLetter } from '../entities/letter.js';
import type { EntityManager } from '../entities/orm.js';
import { insertRows, listRows } from '../entities/rows.js';
import { run } from '../entities/statements.js';
import { forbidden, UserError } from '../errors.js';
import type { Letter } from '../mail/letter.js';
import type { Parts, Work } from './unit-of-work.js';

/** Letters that a company may post between one midnight and the next, in UTC. */
export const LETTERS_A_DAY = 500;

/**
 * Posts letters with the change of `work`: they are sent once it has committed, and never otherwise. Throws FORBIDDEN where
 * the operator has set up no mail, and a UserError when the company has posted too many today.
 */
export async function postLetters(
  { letterBox }: Pick<Parts, 'letterBox'>,
  work: Work,
  letters: readonly Letter[],
): Promise<void> {
  const box = expectLetterBox({ letterBox });
  if (letters.length === 0) return;
  const { companyId } = work.actor;
  await countOn(work.em, companyId, letters.length);
  const rows = letters.map((letter) => box.seal(companyId, letter));
  await insertRows(work.em, WaitingLetter, rows);
  work.afterwards(() => box.onPosted());
}

/** Throws FORBIDDEN where no letters can be sent. */
export function expectLetterBox({ letterBox }: Pick<Parts, 'letterBox'>) {
  if (!letterBox)
    throw forbidden('MAIL_NOT_SET_UP', 'No letters can be sent from here: the operator has set up no mail.');
  return letterBox;
}

/** The count is held to the end of the transaction: of two who post at once, the second sees what the first has posted. */
async function countOn(em: EntityManager, companyId: string, added: number): Promise<void> {
  const [last] = await listRows(em, LetterCount, true, { lock: 'FOR UPDATE' });
  const day = new Date().toISOString().slice(0, 10);
  const number = (last?.day === day ? last.number : 0) + added;
  if (number > LETTERS_A_DAY) throw new UserError('TOO_MANY_LETTERS', tooMany(number - added));
  // Another first letter at the same time has this transaction run again.
  if (!last) await insertRows(em, LetterCount, [{ companyId, day, number }]);
  else await run(em, 'update letter_counts set day = ?, number = ? where company_id = ?', [day, number, companyId]);
}

const tooMany = (posted: number): string =>
  `A company sends ${LETTERS_A_DAY} letters a day, and ${LETTERS_A_DAY - posted} are left today: it begins anew at midnight, UTC.`;
