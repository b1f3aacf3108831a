import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Keyring } from '../crypto.js';
import { Follow } from '../entities/follow.js';
import { Member } from '../entities/member.js';
import type { Orm } from '../entities/orm.js';
import { findRows, type Row } from '../entities/rows.js';
import { accessEnded, notFound, sessionEnded, unauthenticated } from '../errors.js';
import { prefixOf } from '../schema/ids.js';
import type { AccessTokenVerifier } from './access-token.js';
import type { DoorBook, Origin } from './door-book.js';
import { readFollowSecret } from './follow-secret.js';
import { provisionUser } from './provision-user.js';
import type { Sessions } from './sessions.js';
import { expectSignIn, readGate } from './sign-in-gate.js';
import { type FollowerViewer, type MemberViewer, nobody, type SignedIn, sessionOf, type Viewer } from './viewer.js';

/** What somebody shows at the door, over HTTP or in `connection_init`. */
export interface Credential {
  /** `Bearer TOKEN` or `Follow SECRET`. */
  authorization?: string | undefined;
  /** A session's secret, as the browser's cookie has it; `authorization` goes before it. */
  session?: string | undefined;
  companyId?: string | undefined;
  /** Where it is shown. */
  origin?: Origin | undefined;
}

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
  /** A fingerprint of what was shown. */
  credential: string;
}

/** What a member's viewer takes over from the way they came in. */
type Came = Pick<MemberViewer, 'companyId' | 'userId' | 'expiresAt' | 'session' | 'isStanding'> & {
  sso?: string | undefined;
};

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
    readonly sessions: Sessions | null = null,
    readonly book: DoorBook | null = null,
  ) {}

  /**
   * Throws UNAUTHENTICATED for a bad credential, NOT_FOUND for a company that is not this person's. Members are taken from
   * `known` where they can be.
   */
  async authenticate(credential: Credential, known?: KnownMembers): Promise<Viewer> {
    const { authorization, session } = credential;
    if (!authorization) return session ? this.#person(await this.#session(session), credential, known) : nobody;
    const [scheme = '', value = ''] = authorization.split(/ +/, 2);
    switch (scheme.toLowerCase()) {
      case 'bearer':
        return this.#person(await this.#verify(value), credential, known);
      case 'follow':
        return this.#follower(value, credential);
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
    if (renewed.kind === 'FOLLOWER') return this.#follow(renewed.companyId, { id: renewed.followId });
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
    const userId = await provisionUser(this.orm, identity);
    const verified = { userId, expiresAt: identity.expiresAt, credential: key };
    this.#verified.set(key, verified);
    return verified;
  }

  async #session(secret: string): Promise<Verified> {
    const session = await this.sessions?.use(secret);
    if (!session) throw sessionEnded();
    const { userId, expiresAt, hash, sso } = session;
    return { userId, expiresAt, session: hash, credential: hash, sso };
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
    const viewer = await this.#inCompany(verified, companyId, known);
    if (viewer && origin) this.book?.entered(viewer, verified.credential, origin);
    if (viewer) return viewer;
    if (companyId && origin) this.book?.turnedAway(companyId, 'USER', 'NOT_VISIBLE_OR_ABSENT', origin);
    throw notFound('company');
  }

  /** Null for a company that is not this person's. Throws what `expectSignIn` throws. */
  async #inCompany(
    { userId, expiresAt, session, sso }: Verified,
    named: string | undefined,
    known: KnownMembers | undefined,
  ): Promise<SignedIn | MemberViewer | null> {
    // What a company's own issuer says is nothing to any other company, and nothing outside of companies.
    if (sso && named !== undefined && named !== sso.companyId) return null;
    const companyId = sso?.companyId ?? named;
    if (companyId !== undefined) {
      if (prefixOf(companyId) !== 'company') throw notFound('company');
      return this.#member({ companyId, userId, expiresAt, session, sso: sso?.providerId }, known);
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
    const { companyId, userId, sso, isStanding } = given;
    const found = known?.(companyId, userId);
    const member = found ? await found : await this.#find(companyId, userId);
    if (!member) return null;
    if (!isStanding && member.gate) expectSignIn(member.gate, sso);
    return { ...memberViewer({ ...member, id: member.memberId, kind: member.membership }, given), ...gateOf(member) };
  }

  async #find(companyId: string, userId: string): Promise<MemberViewer | null> {
    const [[member], gate] = await Promise.all([
      findRows({ orm: this.orm, companyId }, Member, { user: userId, deactivatedAt: null }),
      readGate(this.orm, companyId, userId),
    ]);
    return member ? { ...memberViewer(member, { companyId, userId, expiresAt: null }), gate } : null;
  }

  async #follower(secret: string, { origin }: Credential): Promise<FollowerViewer> {
    const key = readFollowSecret(this.keyring, secret);
    const follower = key && (await this.#follow(key.companyId, { secretHash: key.hash }));
    if (follower && origin) this.book?.entered(follower, key.hash, origin);
    if (follower) return follower;
    if (key && origin) this.book?.turnedAway(key.companyId, 'FOLLOWER', 'FOLLOW_INVALID', origin);
    throw unauthenticated('FOLLOW_INVALID', 'This link does not lead anywhere.');
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

const gateOf = ({ gate }: MemberViewer): Pick<MemberViewer, 'gate'> => (gate ? { gate } : {});

function memberViewer(
  { id, role, kind }: Pick<Row<Member>, 'id' | 'role' | 'kind'>,
  // As texts that are kept already: there are many viewers.
  { companyId, userId, expiresAt, session, sso }: Came,
): MemberViewer {
  const viewer: MemberViewer = { kind: 'MEMBER', companyId, userId, memberId: id, role, membership: kind, expiresAt };
  if (session) viewer.session = session;
  if (sso) viewer.sso = sso;
  return viewer;
}
