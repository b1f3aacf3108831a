import { hash } from 'node:crypto';
import { UniqueConstraintViolationException } from '@mikro-orm/core';
import { LRUCache } from 'lru-cache';
import type { Keyring } from '../crypto.js';
import { Follow } from '../entities/follow.js';
import { Member } from '../entities/member.js';
import type { Orm } from '../entities/orm.js';
import { findRows, type Row } from '../entities/rows.js';
import { User, UserIdentity } from '../entities/user.js';
import { accessEnded, notFound, unauthenticated } from '../errors.js';
import { prefixOf } from '../schema/ids.js';
import { cut, NAME_LENGTH } from '../schema/texts.js';
import type { AccessTokenVerifier, Identity } from './access-token.js';
import { readFollowSecret } from './follow-secret.js';
import { type FollowerViewer, type MemberViewer, nobody, type SignedIn, type Viewer } from './viewer.js';

/** What somebody shows at the door, over HTTP or in `connection_init`. */
export interface Credential {
  /** `Bearer TOKEN` or `Follow SECRET`. */
  authorization?: string | undefined;
  companyId?: string | undefined;
}

/** A token is looked at anew after so long, whatever it says about its own end: its issuer may have changed its keys. */
const KNOWN_MS = 60_000;
const KNOWN_TOKENS = 10_000;

/** A person whose token has been verified, and when it ends. */
interface Verified {
  userId: string;
  expiresAt: Date;
}

/** Where members are known without asking the database; null where they are not. Up to a second old. */
export type KnownMembers = (companyId: string, userId: string) => Promise<MemberViewer | null> | null;

/** Turns a credential into exactly one viewer, and finds out later whether that viewer still stands. */
export class Authenticator {
  /** By the token's hash: a token is a secret, and long. */
  readonly #verified = new LRUCache<string, Verified>({ max: KNOWN_TOKENS, ttl: KNOWN_MS });

  constructor(
    readonly orm: Orm,
    readonly tokens: AccessTokenVerifier,
    readonly keyring: Keyring,
  ) {}

  /**
   * Throws UNAUTHENTICATED for a bad credential, NOT_FOUND for a company that is not this person's. Members are taken from
   * `known` where they can be.
   */
  async authenticate({ authorization, companyId }: Credential, known?: KnownMembers): Promise<Viewer> {
    if (!authorization) return nobody;
    const [scheme = '', value = ''] = authorization.split(/ +/, 2);
    switch (scheme.toLowerCase()) {
      case 'bearer':
        return this.#person(await this.#verify(value), companyId, known);
      case 'follow':
        return this.#follower(value);
      default:
        throw unauthenticated('SCHEME_UNKNOWN', 'Authorization must be "Bearer …" or "Follow …".');
    }
  }

  /** The same viewer as things stand now, or null when the way in has been closed since. */
  async refresh(viewer: Viewer, known?: KnownMembers): Promise<Viewer | null> {
    if (hasExpired(viewer)) return null;
    if (viewer.kind === 'MEMBER') return this.#member(viewer, known);
    if (viewer.kind === 'FOLLOWER') return this.#follow(viewer.companyId, { id: viewer.followId });
    return viewer;
  }

  /** The same viewer as things stand now. Throws UNAUTHENTICATED when the way in has been closed since. */
  async confirm(viewer: Viewer, known?: KnownMembers): Promise<Viewer> {
    const current = await this.refresh(viewer, known);
    if (current) return current;
    throw hasExpired(viewer) ? unauthenticated('TOKEN_EXPIRED', 'The token has expired.') : accessEnded();
  }

  async #verify(token: string): Promise<Verified> {
    const key = hash('sha256', token, 'base64url');
    const known = this.#verified.get(key);
    if (known && known.expiresAt.getTime() > Date.now()) return known;
    const identity = await this.tokens.verify(token);
    const verified = { userId: await this.#userOf(identity), expiresAt: identity.expiresAt };
    this.#verified.set(key, verified);
    return verified;
  }

  async #person(
    { userId, expiresAt }: Verified,
    companyId: string | undefined,
    known: KnownMembers | undefined,
  ): Promise<SignedIn | MemberViewer> {
    if (companyId !== undefined) {
      if (prefixOf(companyId) !== 'company') throw notFound('company');
      const member = await this.#member({ companyId, userId, expiresAt }, known);
      if (!member) throw notFound('company');
      return member;
    }
    const memberships = await activeMemberships(this.orm, userId);
    const only = memberships.length === 1 ? memberships[0] : undefined;
    if (only) return memberViewer(only, { companyId: only.companyId, userId, expiresAt });
    return { kind: 'USER', userId, expiresAt };
  }

  /**
   * Finds the user, or provisions one at the first sign-in. A person whom an administrator added by address is met by
   * a verified address, and only as long as nobody has signed in as that person.
   */
  async #userOf(identity: Identity, attemptsLeft = 3): Promise<string> {
    const key = { issuer: identity.issuer, subject: identity.subject };
    const [known] = await findRows({ orm: this.orm }, UserIdentity, key);
    if (known) return known.user.id;
    if (!identity.verifiedEmail) throw unauthenticated('EMAIL_NOT_VERIFIED', 'The issuer has not verified an address.');
    const em = this.orm.em.fork();
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
        return this.#userOf(identity, attemptsLeft - 1);
      throw error;
    }
  }

  async #member(
    given: Pick<MemberViewer, 'companyId' | 'userId' | 'expiresAt'>,
    known: KnownMembers | undefined,
  ): Promise<MemberViewer | null> {
    const { companyId, userId, expiresAt } = given;
    const found = known?.(companyId, userId);
    if (found) {
      const member = await found;
      return member && { ...member, expiresAt };
    }
    const [member] = await findRows({ orm: this.orm, companyId }, Member, { user: userId, deactivatedAt: null });
    return member ? memberViewer(member, given) : null;
  }

  async #follower(secret: string): Promise<FollowerViewer> {
    const key = readFollowSecret(this.keyring, secret);
    const follower = key && (await this.#follow(key.companyId, { secretHash: key.hash }));
    if (!follower) throw unauthenticated('FOLLOW_INVALID', 'This link does not lead anywhere.');
    return follower;
  }

  async #follow(companyId: string, key: { id: string } | { secretHash: string }): Promise<FollowerViewer | null> {
    const [follow] = await findRows({ orm: this.orm, companyId }, Follow, { ...key, revokedAt: null });
    if (!follow || (follow.expiresAt && follow.expiresAt.getTime() <= Date.now())) return null;
    return {
      kind: 'FOLLOWER',
      companyId,
      followId: follow.id,
      objectKind: follow.objectKind,
      objectId: follow.task.id,
      expiresAt: follow.expiresAt ?? null,
    };
  }
}

const hasExpired = (viewer: Viewer): boolean =>
  'expiresAt' in viewer && viewer.expiresAt !== null && viewer.expiresAt.getTime() <= Date.now();

/** The memberships of one person, across companies: found by the person's key, not by a company's. */
export async function activeMemberships(orm: Orm, userId: string): Promise<Member[]> {
  const em = orm.em.fork();
  return em.find(Member, { user: userId, deactivatedAt: null }, { filters: false, orderBy: { createdAt: 'asc' } });
}

function memberViewer(
  { id, role, kind }: Row<Member>,
  // As texts that are kept already: there are many viewers.
  { companyId, userId, expiresAt }: Pick<MemberViewer, 'companyId' | 'userId' | 'expiresAt'>,
): MemberViewer {
  return { kind: 'MEMBER', companyId, userId, memberId: id, role, membership: kind, expiresAt };
}
