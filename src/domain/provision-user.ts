import { UniqueConstraintViolationException } from '@mikro-orm/core';
import { membershipsOf } from '../auth/authenticate.js';
import type { Identity } from '../auth/identity.js';
import { readGate } from '../auth/sign-in-gate.js';
import { findRows, type Row } from '../entities/rows.js';
import { User, UserIdentity } from '../entities/user.js';
import { unauthenticated } from '../errors.js';
import { cut, NAME_LENGTH } from '../schema/texts.js';
import type { MemberEventData } from './events.js';
import { type Actor, type Parts, transact } from './unit-of-work.js';

/**
 * The id of the user whom an identity names, provisioned at the first sign-in; never a membership. A person whom an
 * administrator added by address is met by a verified address, and only as long as nobody has signed in as that person. Their
 * address is the one that their issuer verified last: what is offered to another is not theirs any more.
 */
export async function provisionUser(parts: Parts, identity: Identity, attemptsLeft = 3): Promise<string> {
  const { orm } = parts;
  const key = { issuer: identity.issuer, subject: identity.subject };
  const [known] = await findRows({ orm }, UserIdentity, key);
  if (known) {
    const { verifiedEmail, issuedAt } = identity;
    if (verifiedEmail && issuedAt) await keepAddress(parts, known, verifiedEmail, issuedAt);
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
    em.create(UserIdentity, { ...key, user, addressedAt: identity.issuedAt });
    await em.flush();
    return user.id;
  } catch (error) {
    // Two first requests at once, or an administrator who adds the person: by now the other one's rows are there.
    if (error instanceof UniqueConstraintViolationException && attemptsLeft > 1)
      return provisionUser(parts, identity, attemptsLeft - 1);
    throw error;
  }
}

/**
 * An address that somebody else here has stays theirs; what was said before another address was, or nobody knows when, is old. Where a company
 * insists on its own issuer for an address, no other issuer takes that person away from it by saying another one. Every company
 * that the person is in, or was, is told: by the address it may know them, and let them in.
 */
async function keepAddress(parts: Parts, known: Row<UserIdentity>, email: string, saidAt: Date): Promise<void> {
  const { orm, log } = parts;
  const { id } = known.user;
  const [user] = await findRows({ orm }, User, { id });
  if (user?.email === email || (known.addressedAt && saidAt < known.addressedAt)) return;
  const memberships = await membershipsOf(orm, id);
  const active = memberships.filter(({ deactivatedAt }) => !deactivatedAt);
  const gates = await Promise.all(active.map(({ companyId }) => readGate(orm, companyId, id)));
  if (gates.some(({ isEnforced }) => isEnforced)) return;
  try {
    await orm.em.fork().transactional(async (em) => {
      await em.nativeUpdate(User, { id }, { email });
      const { issuer, subject } = known;
      await em.nativeUpdate(UserIdentity, { issuer, subject }, { addressedAt: saidAt });
    });
  } catch (error) {
    if (error instanceof UniqueConstraintViolationException) return;
    throw error;
  }
  for (const { companyId, id: memberId } of memberships)
    await tellOf(parts, companyId, memberId, id).catch((error) =>
      log.error({ companyId, memberId, error: String(error) }, 'sign-in: a new address could not be told'),
    );
}

async function tellOf(parts: Parts, companyId: string, memberId: string, userId: string): Promise<void> {
  const actor: Actor = { companyId, userId, actorId: memberId, entryPoint: 'MEMBER' };
  const data: MemberEventData = { profile: ['email'] };
  await transact(parts, actor, async ({ record }) => record({ type: 'member.updated', objectId: memberId, data }));
}
