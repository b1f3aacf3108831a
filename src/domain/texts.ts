import { UserError } from '../errors.js';
import { lengthOf, NAME_LENGTH } from '../schema/texts.js';

/** Returns the name. Throws a UserError for one that says nothing, and for one that is longer than its column. */
export function expectName(name: string, what: string, field = 'name'): string {
  if (name.trim() === '') throw new UserError('REQUIRED', `${what} needs a name.`, field);
  if (lengthOf(name) > NAME_LENGTH)
    throw new UserError('TOO_LONG', `A name has at most ${NAME_LENGTH} characters.`, field);
  return name;
}
