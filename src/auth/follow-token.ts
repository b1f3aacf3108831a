import type { Keyring } from '../crypto.js';
import { prefixOf } from '../schema/ids.js';

const PURPOSE = 'follow-token';
/** Longer than a link's secret, which has 43 characters there, and with a word before it: one is never taken for the other. */
const SHAPE = /^ft\.([0-9a-z]{26})\.([A-Za-z0-9_-]{64,512})$/;

/** So long a token is good; who follows on gets a fresh one before. */
export const FOLLOW_TOKEN_MS = 3_600_000;

/** Whose token it is, and until when. */
export interface FollowToken {
  readonly companyId: string;
  readonly followId: string;
  readonly followerId: string;
  readonly expiresAt: Date;
}

/** Seals a token. It names the follow and the follower, and whether they still stand is looked up each time. */
export function sealFollowToken(keyring: Keyring, { companyId, followId, followerId, expiresAt }: FollowToken): string {
  const plain = Buffer.from(JSON.stringify([followId, followerId, expiresAt.getTime()]));
  return `ft.${companyId.slice('company_'.length)}.${keyring.seal(PURPOSE, companyId, plain)}`;
}

/** Whether a text has the shape of a token, so that it is no link's secret. */
export const isFollowToken = (text: string): boolean => SHAPE.test(text);

/** What a token says, whether or not its time is over; null for one that was not sealed here. */
export function openFollowToken(keyring: Keyring, token: string): FollowToken | null {
  const [, key = '', sealed = ''] = SHAPE.exec(token) ?? [];
  const companyId = `company_${key}`;
  const plain = prefixOf(companyId) === 'company' ? keyring.open(PURPOSE, companyId, sealed) : null;
  if (!plain) return null;
  const [followId, followerId, time] = JSON.parse(plain.toString()) as [string, string, number];
  return { companyId, followId, followerId, expiresAt: new Date(time) };
}
