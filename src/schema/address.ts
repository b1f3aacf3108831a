import { ADDRESS_LENGTH, lengthOf } from './texts.js';

/** RFC 5322's atoms, and what RFC 6531 adds to them: nothing that a header, a list of addresses or SMTP reads otherwise. */
const ADDRESS = /^[^\s\p{C}@<>()[\]\\,;:"]+@[^\s\p{C}@<>()[\]\\,;:".]+(\.[^\s\p{C}@<>()[\]\\,;:".]+)+$/u;

/** The address as it is kept, or null for what is none that we write to: quoted local parts are left to history. */
export function addressOf(text: string): string | null {
  const address = text.trim().toLowerCase();
  return ADDRESS.test(address) && lengthOf(address) <= ADDRESS_LENGTH ? address : null;
}
