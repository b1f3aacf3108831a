import { hash } from 'node:crypto';
import type { Orm } from '../entities/orm.js';
import { findRow } from '../entities/rows.js';
import { SupportGrant } from '../entities/support-grant.js';
import { notFound, unauthenticated } from '../errors.js';
import { type Credential, type Door, ENDED } from './knocking.js';
import { supportTokens } from './support-token.js';
import type { SupportViewer } from './viewer.js';

/** The operator's support, by a token for a company's grant. Throws UNAUTHENTICATED when the one or the other is over. */
export async function enterBySupportToken(
  door: Door,
  token: string,
  { companyId, origin }: Credential,
): Promise<SupportViewer> {
  const shown = supportTokens(door.keyring).read(token);
  const viewer = shown && { kind: 'SUPPORT' as const, ...shown.content, expiresAt: shown.until };
  const isOver = !viewer || viewer.expiresAt.getTime() <= Date.now();
  const current = isOver ? null : await supportAsNow(door.orm, viewer);
  if (!current) {
    if (viewer && origin) door.book?.turnedAway(viewer.companyId, 'SUPPORT', 'SUPPORT_ENDED', origin, viewer.grantId);
    throw unauthenticated('SUPPORT_ENDED', 'This way in is not open, or not any more.', viewer ? { cause: ENDED } : {});
  }
  if (companyId !== undefined && companyId !== current.companyId) {
    if (origin) door.book?.turnedAway(current.companyId, 'SUPPORT', 'NOT_VISIBLE_OR_ABSENT', origin, current.grantId);
    throw notFound('company');
  }
  if (origin) door.book?.entered(current, hash('sha256', token, 'base64url'), origin);
  return current;
}

/** The same as long as the company's grant is open; null when it is not. */
export async function supportAsNow(orm: Orm, viewer: SupportViewer): Promise<SupportViewer | null> {
  const { companyId, grantId } = viewer;
  const grant = await findRow({ orm, companyId }, SupportGrant, grantId);
  return grant && !grant.revokedAt && grant.expiresAt.getTime() > Date.now() ? viewer : null;
}
