import { addressOf } from '../schema/address.js';
import { lengthOf } from '../schema/texts.js';

/** A letter to one address. */
export interface Letter {
  /** What it is about, in a word that the operator sees, such as `invitation`. */
  kind: string;
  to: string;
  /** One line; names in it come from people, so make it by `oneLine`. */
  subject: string;
  text: string;
  /** The same for readers of HTML; what comes from people is escaped by `html`. */
  html?: string | undefined;
  /** Beside those that every letter has, such as `List-Unsubscribe`. */
  headers?: Readonly<Record<string, string>> | undefined;
}

const SUBJECT_LENGTH = 250;
const BODY_LENGTH = 100_000;
const HEADER_LENGTH = 900;

/** What the post writes itself: nobody gets another recipient, sender or body in by the headers. */
const OWN_HEADERS =
  /^(to|cc|bcc|from|sender|reply-to|return-path|subject|date|message-id|mime-version|received|resent-.*|content-.*|dkim-signature|auto-submitted)$/i;
const CONTROLS = /\p{C}/u;

/** Throws for a letter that is not fit to be sent: a fault of the program, which is to have checked what people gave. */
export function expectLetter(letter: Letter): Letter {
  const { to, subject, text, html = '', headers = {} } = letter;
  if (addressOf(to) !== to) throw unfit('the address is none, or not in lower case');
  if (CONTROLS.test(subject) || subject.trim() === '' || lengthOf(subject) > SUBJECT_LENGTH)
    throw unfit(`the subject is one line of at most ${SUBJECT_LENGTH} characters`);
  if (text.trim() === '' || text.length > BODY_LENGTH || html.length > BODY_LENGTH)
    throw unfit(`a body has at most ${BODY_LENGTH} characters, and a text is always there`);
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,70}$/.test(name) || OWN_HEADERS.test(name))
      throw unfit('a header is not one of yours');
    if (!/^[\x20-\x7e]+$/.test(value) || value.length > HEADER_LENGTH) throw unfit(`${name} is not visible ASCII`);
  }
  return letter;
}

/** Nothing of the letter is repeated: there are addresses and secrets in it. */
const unfit = (why: string): Error => new Error(`A letter cannot be posted: ${why}.`);

/** A name as a part of one line: without what breaks lines, hides, or turns the direction of what follows. */
export function oneLine(text: string, most = 100): string {
  const line = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return lengthOf(line) > most ? `${[...line].slice(0, most - 1).join('')}…` : line;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as it stands in HTML. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] as string);

/** HTML in which each value that is filled in is escaped. */
export const html = (parts: TemplateStringsArray, ...values: string[]): string =>
  parts.reduce((whole, part, i) => whole + escapeHtml(values[i - 1] ?? '') + part);
