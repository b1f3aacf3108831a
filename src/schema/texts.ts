import { ValidateBy } from 'class-validator';

/** What a name's column holds, in characters as `lengthOf` counts them. */
export const NAME_LENGTH = 200;
export const ADDRESS_LENGTH = 254;
export const TITLE_LENGTH = 300;
/** Of what somebody adds to a letter. */
export const NOTE_LENGTH = 500;
/** Of a description or a comment. */
export const TEXT_LENGTH = 20_000;
/** What MySQL's TEXT holds. */
const TEXT_BYTES = 65_535;

/** How many characters the databases count: code points, each of which may take four bytes. */
export const lengthOf = (text: string): number => [...text].length;

/** The text, or as much of it from its beginning. */
export const cut = (text: string, max: number): string =>
  lengthOf(text) > max ? [...text].slice(0, max).join('') : text;

/** A text of at most so many characters, and of no more bytes than a column takes. Unlike `MaxLength`, it leaves none out. */
export const MaxCharacters = (max: number): PropertyDecorator =>
  ValidateBy({
    name: 'maxCharacters',
    validator: {
      // The cheap test first: what passes it need not be taken apart.
      validate: (value) =>
        typeof value === 'string' &&
        (value.length <= max || lengthOf(value) <= max) &&
        Buffer.byteLength(value) <= TEXT_BYTES,
      defaultMessage: (args) =>
        `${args?.property} has at most ${max} characters, and ${TEXT_BYTES} bytes: an emoji takes four`,
    },
  });
