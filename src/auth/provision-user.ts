import { UniqueConstraintViolationException } from '@mikro-orm/core';
import type { Orm } from '../entities/orm.js';
import { findRows } from '../entities/rows.js';
import { User, UserIdentity } from '../entities/user.js';
import { unauthenticated } from '../errors.js';
import { cut, NAME_LENGTH } from '../schema/texts.js';
import type { Identity } from './identity.js';

type Known = Pick<Identity, 'issuer' | 'subject' | 'verifiedEmail' | 'name'>;

/**
 * The id of the user whom an identity names, provisioned at the first sign-in; never a membership. A person whom an
 * administrator added by address is met by a verified address, and only as long as nobody has signed in as that person. Their
 * address is the one that their issuer verified last: what is offered to another is not theirs any more.
 */
export async function provisionUser(orm: Orm, identity: Known, attemptsLeft = 3): Promise<string> {
  const key = { issuer: identity.issuer, subject: identity.subject };
  const [known] = await findRows({ orm }, UserIdentity, key);
  if (known) {
    if (identity.verifiedEmail) await keepAddress(orm, known.user.id, identity.verifiedEmail);
    return known.user.id;
  }
  if (!identity.verifiedEmail) throw unauthenticated('EMAIL_NOT_VERIFIED', 'The issuer has not verified an address.');
  const em = orm.em.fork();
  try {
    let user = await em.findOne(User, { email: identity.verifiedEmail });
    const identities = user ? await em.find(UserIdentity, { user: user.id }) : [];
    if (user && identities.some(({ issuer, subject }) => issuer === key.issuer && subject === key.subject)) {
      return user.id; // a first request at the same time has just written it
    }
    if (identities.length > 0) {
      throw unauthenticated('EMAIL_TAKEN', 'This address belongs to somebody who signs in in another way.');
    }
    const name = identity.name ?? cut(identity.verifiedEmail, NAME_LENGTH);
    user ??= em.create(User, { email: identity.verifiedEmail, name });
    em.create(UserIdentity, { ...key, user });
    await em.flush();
    return user.id;
  } catch (error) {
    // Two first requests at once, or an administrator who adds the person: by now the other one's rows are there.
    if (error instanceof UniqueConstraintViolationException && attemptsLeft > 1)
      return provisionUser(orm, identity, attemptsLeft - 1);
    throw error;
  }
}

/** An address that somebody else here has stays theirs. */
async function keepAddress(orm: Orm, id: string, email: string): Promise<void> {
  const [user] = await findRows({ orm }, User, { id });
  if (user?.email === email) return;
  try {
    await orm.em.fork().nativeUpdate(User, { id }, { email });
  } catch (error) {
    if (!(error instanceof UniqueConstraintViolationException)) throw error;
  }
}
