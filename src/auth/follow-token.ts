import type { Keyring } from '../crypto.js';
import { SealedToken } from './sealed-token.js';

/** So long a token is good; who follows on gets a fresh one before. */
export const FOLLOW_TOKEN_MS = 3_600_000;

/** Whose token it is. Whether the follow and the follower still stand is looked up each time. */
export interface FollowTokenContent {
  readonly companyId: string;
  readonly followId: string;
  readonly followerId: string;
}

/** What followers show who came in at the door. No link's secret looks like one. */
export const followTokens = (keyring: Keyring): SealedToken<FollowTokenContent> =>
  new SealedToken(keyring, 'follow-token', 'aliteo_follower_');
