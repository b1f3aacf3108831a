import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Keyring } from '../crypto.js';
import { Member } from '../entities/member.js';
import type { Orm } from '../entities/orm.js';
import { findRows, type Row } from '../entities/rows.js';
import type { Reason } from '../errors/reasons.js';
import { ApiError, accessEnded, notFound, sessionEnded, unauthenticated } from '../errors.js';
import { prefixOf } from '../schema/ids.js';
import type { AccessTokenVerifier } from './access-token.js';
import { isKeySecret } from './api-key-secret.js';
import { enterByKey, keyAsNow } from './by-api-key.js';
import { enterByFollow } from './by-follow.js';
import { enterBySupportToken, supportAsNow } from './by-support-token.js';
import type { DoorBook, Origin } from './door-book.js';
import { findFollowerViewer } from './follow-viewer.js';
import type { Identity } from './identity.js';
import { type Credential, type Door, ENDED } from './knocking.js';
import type { Sessions } from './sessions.js';
import { expectSignIn, readGate } from './sign-in-gate.js';
import { supportTokens } from './support-token.js';
import { type MemberViewer, nobody, type SignedIn, sessionOf, type Viewer } from './viewer.js';

/** How long somebody may go on to show what is no credential; by where they show it. */
export interface Patience {
  /** Throws LIMIT_EXCEEDED when it is at its end. */
  expect(address: string): Promise<void>;
  /** They have shown one more. */
  lose(address: string): void;
}

/** What was never good, unlike what has ended; of a session nobody knows which it is. */
const NEVER_GOOD: ReadonlySet<Reason> = new Set<Reason>([
  'TOKEN_INVALID',
  'KEY_INVALID',
  'FOLLOW_INVALID',
  'SUPPORT_ENDED',
  'SESSION_ENDED',
  'SCHEME_UNKNOWN',
]);

/** A token is looked at anew after so long, whatever it says about its own end: its issuer may have changed its keys. */
const KNOWN_MS = 60_000;
const KNOWN_TOKENS = 10_000;

/** A person whose token has been verified, or who has a session, and when it ends. */
interface Verified {
  userId: string;
  expiresAt: Date;
  session?: string;
  /** The company's own issuer by which they came: it opens that company only. */
  sso?: { companyId: string; providerId: string } | undefined;
  /** When the session began, in ms since 1970. */
  startedAt?: number;
  /** A fingerprint of what was shown. */
  credential: string;
}

/** What a member's viewer takes over from the way they came in. */
type Came = Pick<MemberViewer, 'companyId' | 'userId' | 'expiresAt' | 'session' | 'isStanding'> & {
  sso?: string | undefined;
  startedAt?: number | undefined;
};

/** Where members are known without asking the database; null where they are not. Up to a second old. */
export type KnownMembers = (companyId: string, userId: string) => Promise<MemberViewer | null> | null;

/** Turns a credential into exactly one viewer, and finds out later whether that viewer still stands. */
export class Authenticator implements Door {
  /** By the token's hash: a token is a secret, and long. */
  readonly #verified = new LRUCache<string, Verified>({ max: KNOWN_TOKENS, ttl: KNOWN_MS });

  constructor(
    readonly orm: Orm,
    readonly tokens: AccessTokenVerifier,
    readonly keyring: Keyring,
    /** Finds the user of an identity. Throws UNAUTHENTICATED where none may be made. */
    readonly provision: (identity: Identity) => Promise<string>,
    readonly sessions: Sessions | null = null,
    readonly book: DoorBook | null = null,
    readonly patience: Patience | null = null,
  ) {}

  /**
   * Throws UNAUTHENTICATED for a bad credential, LIMIT_EXCEEDED for one of too many, NOT_FOUND for a company that is not this
   * person's. Members are taken from `known` where they can be.
   */
  async authenticate(credential: Credential, known?: KnownMembers): Promise<Viewer> {
    const { authorization, session } = credential;
    if (!authorization && !session) return nobody;
    const address = credential.origin?.address;
    if (address !== undefined) await this.patience?.expect(address);
    try {
      if (authorization) return await this.#shown(authorization, credential, known);
      return await this.#person(await this.#session(session ?? ''), credential, known);
    } catch (error) {
      const isBad = error instanceof ApiError && NEVER_GOOD.has(error.reason) && error.cause !== ENDED;
      if (isBad && address !== undefined) this.patience?.lose(address);
      throw error;
    }
  }

  async #shown(authorization: string, credential: Credential, known: KnownMembers | undefined): Promise<Viewer> {
    const [scheme = '', value = ''] = authorization.split(/ +/, 2);
    switch (scheme.toLowerCase()) {
      case 'bearer':
        if (isKeySecret(value)) return enterByKey(this, value, credential);
        if (supportTokens(this.keyring).isOne(value)) return enterBySupportToken(this, value, credential);
        return this.#person(await this.#verify(value), credential, known);
      case 'follow':
        return enterByFollow(this, value, credential);
      default:
        throw unauthenticated('SCHEME_UNKNOWN', 'Authorization must be "Bearer …" or "Follow …".');
    }
  }

  /** The same viewer as things stand now, or null when the way in has been closed since. */
  async refresh(viewer: Viewer, known?: KnownMembers): Promise<Viewer | null> {
    if (hasExpired(viewer) && !sessionOf(viewer)) return null;
    const renewed = await this.#renewed(viewer);
    if (!renewed) return null;
    if (renewed.kind === 'MEMBER') return this.#member(renewed, known);
    if (renewed.kind === 'INTEGRATION') return keyAsNow(this.orm, renewed);
    if (renewed.kind === 'SUPPORT') return supportAsNow(this.orm, renewed);
    if (renewed.kind === 'FOLLOWER') return findFollowerViewer(this.orm, renewed);
    return renewed;
  }

  /** The same viewer as things stand now. Throws UNAUTHENTICATED when the way in has been closed since. */
  async confirm(viewer: Viewer, known?: KnownMembers): Promise<Viewer> {
    const current = await this.refresh(viewer, known);
    if (current) return current;
    if (!(await this.#renewed(viewer))) throw sessionEnded();
    throw hasExpired(viewer) ? unauthenticated('TOKEN_EXPIRED', 'The token has expired.') : accessEnded();
  }

  async #verify(token: string): Promise<Verified> {
    const key = hash('sha256', token, 'base64url');
    const known = this.#verified.get(key);
    if (known && known.expiresAt.getTime() > Date.now()) return known;
    const identity = await this.tokens.verify(token);
    const userId = await this.provision(identity);
    const verified = { userId, expiresAt: identity.expiresAt, credential: key };
    this.#verified.set(key, verified);
    return verified;
  }

  async #session(secret: string): Promise<Verified> {
    const session = await this.sessions?.use(secret);
    if (!session) throw sessionEnded();
    const { userId, expiresAt, hash, sso, startedAt } = session;
    return { userId, expiresAt, session: hash, credential: hash, sso, startedAt };
  }

  /** A viewer by a session is one as long as that stands, and until it ends as things are now. */
  async #renewed(viewer: Viewer): Promise<Viewer | null> {
    const hash = sessionOf(viewer);
    if (!hash || !('userId' in viewer)) return viewer;
    const session = await this.sessions?.useKnown(viewer.userId, hash);
    return session ? { ...viewer, expiresAt: session.expiresAt } : null;
  }

  async #person(
    verified: Verified,
    { companyId, origin }: Credential,
    known: KnownMembers | undefined,
  ): Promise<SignedIn | MemberViewer> {
    try {
      const viewer = await this.#inCompany(verified, companyId, known);
      if (origin) this.book?.entered(viewer, verified.credential, origin);
      return viewer;
    } catch (error) {
      const inWhich = verified.sso?.companyId ?? companyId;
      if (error instanceof ApiError && origin && inWhich && prefixOf(inWhich) === 'company')
        await this.#turnAway(inWhich, verified.userId, error.reason, origin);
      throw error;
    }
  }

  /** Whose part has ended, or who should have come by another sign-in, is named; of a stranger only their coming is known. */
  async #turnAway(companyId: string, userId: string, reason: Reason, origin: Origin): Promise<void> {
    const [member] = await findRows({ orm: this.orm, companyId }, Member, { user: userId });
    this.book?.turnedAway(companyId, 'USER', reason, origin, member?.id);
  }

  /** Throws NOT_FOUND for a company that is not this person's, and what `expectSignIn` throws. */
  async #inCompany(
    { userId, expiresAt, session, sso, startedAt }: Verified,
    named: string | undefined,
    known: KnownMembers | undefined,
  ): Promise<SignedIn | MemberViewer> {
    // What a company's own issuer says is nothing to any other company, and nothing outside of companies.
    if (sso && named !== undefined && named !== sso.companyId) throw notFound('company');
    const companyId = sso?.companyId ?? named;
    if (companyId !== undefined) {
      if (prefixOf(companyId) !== 'company') throw notFound('company');
      const came = { companyId, userId, expiresAt, session, sso: sso?.providerId, startedAt };
      const member = await this.#member(came, known);
      if (!member) throw notFound('company');
      return member;
    }
    const memberships = await activeMemberships(this.orm, userId);
    const only = memberships.length === 1 ? memberships[0] : undefined;
    if (only) {
      const gate = await readGate(this.orm, only.companyId, userId);
      // Who has to come by the company's own issuer is still a person, and finds their company among `companies`.
      if (!gate.isEnforced)
        return { ...memberViewer(only, { companyId: only.companyId, userId, expiresAt, session }), gate };
    }
    return { kind: 'USER', userId, expiresAt, ...(session && { session }) };
  }

  async #member(given: Came, known: KnownMembers | undefined): Promise<MemberViewer | null> {
    const { companyId, userId, sso, startedAt, isStanding } = given;
    const found = known?.(companyId, userId);
    const member = found ? await found : await this.#find(companyId, userId);
    if (!member) return null;
    if (!isStanding && member.gate) expectSignIn(member.gate, sso, startedAt);
    return { ...memberViewer({ ...member, id: member.memberId, kind: member.membership }, given), ...gateOf(member) };
  }

  async #find(companyId: string, userId: string): Promise<MemberViewer | null> {
    const [[member], gate] = await Promise.all([
      findRows({ orm: this.orm, companyId }, Member, { user: userId, deactivatedAt: null }),
      readGate(this.orm, companyId, userId),
    ]);
    return member ? { ...memberViewer(member, { companyId, userId, expiresAt: null }), gate } : null;
  }
}

const hasExpired = (viewer: Viewer): boolean =>
  'expiresAt' in viewer && viewer.expiresAt !== null && viewer.expiresAt.getTime() <= Date.now();

/** The memberships of one person, across companies: found by the person's key, not by a company's. */
export async function membershipsOf(orm: Orm, userId: string): Promise<Member[]> {
  const em = orm.em.fork();
  return em.find(Member, { user: userId }, { filters: false, orderBy: { createdAt: 'asc' } });
}

/** Those that have not ended. */
export const activeMemberships = async (orm: Orm, userId: string): Promise<Member[]> =>
  (await membershipsOf(orm, userId)).filter(({ deactivatedAt }) => !deactivatedAt);

const gateOf = ({ gate }: MemberViewer): Pick<MemberViewer, 'gate'> => (gate ? { gate } : {});

function memberViewer(
  { id, role, kind }: Pick<Row<Member>, 'id' | 'role' | 'kind'>,
  // As texts that are kept already: there are many viewers.
  { companyId, userId, expiresAt, session, sso, startedAt }: Came,
): MemberViewer {
  const viewer: MemberViewer = { kind: 'MEMBER', companyId, userId, memberId: id, role, membership: kind, expiresAt };
  if (session) viewer.session = session;
  if (sso) viewer.sso = sso;
  if (sso && startedAt !== undefined) viewer.startedAt = startedAt;
  return viewer;
}
