import type { Letter } from './letter.js';

/**
 * REFUSED: this letter will never be taken. LATER: it may be, at another time. AWAY: it was not about this letter; the others
 * would fare alike now.
 */
export type MailFaultKind = 'REFUSED' | 'LATER' | 'AWAY';

/** Why a letter was not taken. Says nothing of whom it is for. */
export class MailFault extends Error {
  constructor(
    readonly kind: MailFaultKind,
    /** For the operator's log: words and numbers of ours or of the protocol, nothing that the other side wrote. */
    readonly code: string,
  ) {
    super(`The letter was not taken: ${code}.`);
    this.name = 'MailFault';
  }
}

/** Takes letters away. */
export interface Carrier {
  /** Resolves when the letter is in other hands. `id` is the same whenever it is tried. Throws MailFault. */
  carry(letter: Letter, id: string): Promise<void>;
  close(): void;
}
