import { domainToASCII } from 'node:url';
import { ADDRESS_LENGTH, lengthOf } from './texts.js';

/** RFC 5322's atoms, and what RFC 6531 adds to them: nothing that a header, a list of addresses or SMTP reads otherwise. */
const ADDRESS = /^[^\s\p{C}@<>()[\]\\,;:"]+@[^\s\p{C}@<>()[\]\\,;:".]+(\.[^\s\p{C}@<>()[\]\\,;:".]+)+$/u;

/** What is read as a host's name may end before the text does. */
const LETTERS = /^[\p{L}\p{M}\p{N}.-]+$/u;

/** The address as it is kept, or null for what is none that we write to: quoted local parts are left to history. */
export function addressOf(text: string): string | null {
  const address = foldAddress(text.trim());
  return ADDRESS.test(address) && lengthOf(address) <= ADDRESS_LENGTH ? address : null;
}

/**
 * One form for what is one mailbox. Before the @ only A to Z lose their case: other letters may become what is somebody else's
 * (the sign of Kelvin is a K in lower case). Behind it stands the domain as DNS has it.
 */
export function foldAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  return `${lowerAscii(address.slice(0, at + 1))}${asciiDomain(domain) ?? lowerAscii(domain)}`;
}

/** A domain as DNS has it, in lower case; null for what cannot be one. */
export const asciiDomain = (name: string): string | null => (LETTERS.test(name) && domainToASCII(name)) || null;

const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
