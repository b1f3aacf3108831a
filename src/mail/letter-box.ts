import type { Keyring } from '../crypto.js';
import type { WaitingLetter } from '../entities/letter.js';
import type { Row } from '../entities/rows.js';
import { newId } from '../schema/ids.js';
import { expectLetter, type Letter } from './letter.js';

const PURPOSE = 'letter';

/** Where letters are posted: makes the rows that wait for the postman, and reads them again. */
export class LetterBox {
  /** Called when letters have been committed, so that nobody waits for the postman's next round. */
  onPosted: () => void = () => {};

  constructor(readonly keyring: Keyring) {}

  /** A letter as it waits in the database. Throws for one that cannot be sent. */
  seal(companyId: string, letter: Letter): Row<WaitingLetter> {
    const id = newId('letter');
    const body = Buffer.from(JSON.stringify(expectLetter(letter)));
    const sealed = this.keyring.seal(PURPOSE, boundOf(id, companyId), body);
    const now = new Date();
    return { id, company: { id: companyId }, kind: letter.kind, sealed, attempts: 0, dueAt: now, createdAt: now };
  }

  /** The letter of a row, or null when it was not sealed here: the row was altered, or SECRET_KEY is another one by now. */
  open({ id, company, sealed }: Row<WaitingLetter>): Letter | null {
    const body = this.keyring.open(PURPOSE, boundOf(id, company.id), sealed);
    return body && (JSON.parse(body.toString()) as Letter);
  }
}

/** Moved to another row or company, a letter cannot be opened. */
const boundOf = (id: string, companyId: string): string => `${id} ${companyId}`;
