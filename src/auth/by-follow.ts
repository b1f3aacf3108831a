import { Follow } from '../entities/follow.js';
import { findRows } from '../entities/rows.js';
import { followInvalid, unauthenticated } from '../errors.js';
import { readFollowSecret } from './follow-secret.js';
import { followTokens } from './follow-token.js';
import { findFollowerViewer, findLinkViewer } from './follow-viewer.js';
import { type Credential, type Door, ENDED } from './knocking.js';
import type { FollowerViewer } from './viewer.js';

/** An anonymous follower, by the token that the follow's door gave or by a link alone. Throws UNAUTHENTICATED. */
export const enterByFollow = (door: Door, shown: string, credential: Credential): Promise<FollowerViewer> =>
  (followTokens(door.keyring).isOne(shown) ? byToken : byLink)(door, shown, credential);

async function byLink({ orm, keyring, book }: Door, secret: string, { origin }: Credential): Promise<FollowerViewer> {
  const key = readFollowSecret(keyring, secret);
  const follower = key && (await findLinkViewer(orm, key.companyId, key.hash));
  if (follower && origin) book?.entered(follower, key.hash, origin);
  if (follower) return follower;
  const [known] = key ? await findRows({ orm, companyId: key.companyId }, Follow, { secretHash: key.hash }) : [];
  if (key && origin) book?.turnedAway(key.companyId, 'FOLLOWER', 'FOLLOW_INVALID', origin, known?.id);
  throw followInvalid(known ? { cause: ENDED } : {});
}

async function byToken({ orm, keyring, book }: Door, token: string, { origin }: Credential): Promise<FollowerViewer> {
  const said = followTokens(keyring).read(token);
  if (!said) throw followInvalid();
  if (said.until.getTime() <= Date.now()) throw unauthenticated('TOKEN_EXPIRED', 'The token has expired.');
  const { companyId, followerId } = said.content;
  const follower = await findFollowerViewer(orm, { ...said.content, expiresAt: said.until });
  if (follower && origin) book?.entered(follower, followerId, origin);
  if (follower) return follower;
  if (origin) book?.turnedAway(companyId, 'FOLLOWER', 'FOLLOW_INVALID', origin, followerId ?? said.content.followId);
  throw followInvalid({ cause: ENDED });
}
