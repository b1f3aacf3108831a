import type { FollowedKind, MembershipKind, Role } from '../entities/vocabulary.js';
import { forbidden, unauthenticated } from '../errors.js';
import type { Scope } from '../schema/scopes.js';
import type { SignInGate } from './sign-in-gate.js';

/** Nobody has shown a credential. */
export interface Nobody {
  kind: 'NOBODY';
}

/** A person who is signed in; the request names no company. */
export interface SignedIn {
  kind: 'USER';
  userId: string;
  expiresAt: Date;
  /** The hash of the browser session by which they came; none for a token. */
  session?: string;
}

/** An active member of the company that the request names. */
export interface MemberViewer {
  kind: 'MEMBER';
  companyId: string;
  userId: string;
  memberId: string;
  role: Role;
  membership: MembershipKind;
  /** Null where something else watches the time, as a socket does for all that goes through it. */
  expiresAt: Date | null;
  session?: string;
  /** The company's own issuer by which they came; none for every other way. */
  sso?: string;
  /** When they came by it, in ms since 1970. */
  startedAt?: number;
  /** By which sign-in they may come, as it was read last. */
  gate?: SignInGate;
  /** Whether it is asked for what the member may, by whatever sign-in each of their connections came. */
  isStanding?: true;
}

/** An anonymous follower of one object. */
export interface FollowerViewer {
  kind: 'FOLLOWER';
  companyId: string;
  followId: string;
  /** Who it is, of those who came in by the door; null for a link that is shown as it is, which may be in many hands. */
  followerId: string | null;
  objectKind: FollowedKind;
  objectId: string;
  expiresAt: Date | null;
}

/** A program, by an API key of the company. It acts as itself, never as a person. */
export interface KeyViewer {
  kind: 'INTEGRATION';
  companyId: string;
  keyId: string;
  scopes: readonly Scope[];
  /** The fingerprint of the secret that was shown; null where it does not matter which of the key's it was. */
  secretHash: string | null;
  expiresAt: Date | null;
}

/** The operator's support, by an administrator's leave. It reads what is not private, and changes nothing. */
export interface SupportViewer {
  kind: 'SUPPORT';
  companyId: string;
  grantId: string;
  expiresAt: Date | null;
}

/** Whoever works in a company: changes are theirs. */
export type ActingViewer = MemberViewer | KeyViewer;

/** Whoever reads in a company beyond one object. */
export type ReadingViewer = ActingViewer | SupportViewer;

/** Who asks. Everything behind an entry point sees only this, never the credential. */
export type Viewer = Nobody | SignedIn | ReadingViewer | FollowerViewer;

export const nobody: Nobody = { kind: 'NOBODY' };

/** The hash of the session by which somebody came, or none. */
export const sessionOf = (viewer: Viewer): string | undefined => ('session' in viewer ? viewer.session : undefined);

/** Whether somebody came by a company's own issuer, whose word is good in that company and nowhere else. */
export const isBySso = (viewer: Viewer): boolean => viewer.kind === 'MEMBER' && viewer.sso !== undefined;

/** Returns the member who asks. The guards of the schema have refused everybody else before. */
export function expectMember(viewer: Viewer): MemberViewer {
  if (viewer.kind !== 'MEMBER') throw forbidden('ENTRY_NOT_ALLOWED', 'This is open to members only.');
  return viewer;
}

/** Returns the member or the API key that asks. The guards of the schema have refused everybody else before. */
export function expectActing(viewer: Viewer): ActingViewer {
  return viewer.kind === 'INTEGRATION' ? viewer : expectMember(viewer);
}

/** Returns whoever reads in the company: a member, an API key or support. */
export function expectReading(viewer: Viewer): ReadingViewer {
  return viewer.kind === 'SUPPORT' ? viewer : expectActing(viewer);
}

/** Returns the follower who asks. */
export function expectFollower(viewer: Viewer): FollowerViewer {
  if (viewer.kind !== 'FOLLOWER') throw forbidden('ENTRY_NOT_ALLOWED', 'This is open to followers only.');
  return viewer;
}

/** Returns the id of the person who asks, with or without a company. */
export function expectUserId(viewer: Viewer): string {
  if (viewer.kind === 'MEMBER' || viewer.kind === 'USER') return viewer.userId;
  throw unauthenticated('NO_CREDENTIAL');
}

/** What stands in a company's records for who asks; null for who is nobody there. */
export function actorIdOf(viewer: ReadingViewer | FollowerViewer): string;
export function actorIdOf(viewer: Viewer): string | null;
export function actorIdOf(viewer: Viewer): string | null {
  switch (viewer.kind) {
    case 'MEMBER':
      return viewer.memberId;
    case 'INTEGRATION':
      return viewer.keyId;
    case 'SUPPORT':
      return viewer.grantId;
    case 'FOLLOWER':
      return viewer.followerId ?? viewer.followId;
    default:
      return null;
  }
}
